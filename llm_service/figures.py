"""What /metrics tells of replies and of calls to models."""

from prometheus_client import Counter, Gauge, Histogram

from llm_service.events import Call

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30)

replies_in_flight = Gauge("llm_replies_in_flight", "Replies that are being written.")
replies = Counter("llm_replies_total", "Replies that were finished, by the rung that answered.", ["provider"])
_calls = Counter(
    "llm_calls_total",
    "Rungs that were tried; error_code is empty where one succeeded.",
    ["provider", "model", "error_code"],
)
_tokens = Counter("llm_tokens_total", "Tokens that were read (prompt) and written (completion).", ["model", "kind"])
_cost = Counter("llm_cost_micros_total", "US dollars in millionths, by the configured prices.", ["model"])
_seconds = Histogram("llm_call_seconds", "How long a rung took.", ["provider"], buckets=_SECONDS)
breaker_state = Gauge("llm_breaker_state", "A model's circuit breaker: 0 closed, 1 half-open, 2 open.", ["model"])
breaker_transitions = Counter(
    "llm_breaker_transitions_total",
    "How often a model's breaker became closed, half_open or open.",
    ["model", "to"],
)
breaker_skips = Counter(
    "llm_breaker_skips_total", "Times that a model was not asked because of its breaker.", ["model"]
)
_first_text = Histogram("llm_first_text_seconds", "How long a model took to its first text.", buckets=_SECONDS)


def count(call: Call) -> None:
    """Count one rung that was tried."""
    _calls.labels(call.provider, call.model, call.error_code).inc()
    _seconds.labels(call.provider).observe(call.latency_ms / 1000)
    if call.first_token_ms:
        _first_text.observe(call.first_token_ms / 1000)
    if call.model:
        _tokens.labels(call.model, "prompt").inc(call.prompt_tokens)
        _tokens.labels(call.model, "completion").inc(call.completion_tokens)
        _cost.labels(call.model).inc(call.cost_micros)
