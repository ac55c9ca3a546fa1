"""What the web gateway counts."""

from prometheus_client import Counter, Gauge, Histogram

requests = Counter("web_gateway_requests_total", "Requests that ended.", ["method", "route", "status"])
seconds = Histogram(
    "web_gateway_request_seconds",
    "How long requests took, event streams left out.",
    ["route"],
    buckets=(0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25),
)
open_streams = Gauge("web_gateway_open_streams", "Open event streams.", multiprocess_mode="livesum")
waiting_replies = Gauge("web_gateway_waiting_replies", "Requests waiting for a reply.", multiprocess_mode="livesum")
stream_ends = Counter("web_gateway_stream_ends_total", "Event streams that ended, by reason.", ["reason"])
rate_limited = Counter("web_gateway_rate_limited_total", "Messages refused because of a rate limit.")
