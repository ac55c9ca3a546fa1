"""What the webhook gateway counts."""

from prometheus_client import Counter, Histogram

requests = Counter("webhook_gateway_requests_total", "Webhooks that were answered.", ["channel", "status"])
seconds = Histogram(
    "webhook_gateway_request_seconds",
    "How long an authentic webhook took to be recorded and acknowledged.",
    ["channel"],
    buckets=(0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
unknown_accounts = Counter(
    "webhook_gateway_unknown_account_total",
    "Entries of accounts that are not configured: acknowledged, not kept.",
    ["channel"],
)
poison = Counter("webhook_gateway_poison_total", "Entries that could not be read, and are kept raw.", ["channel"])
