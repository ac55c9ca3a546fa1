"""Counts deliveries that are not sent any more."""

from prometheus_client import Counter

_ended = Counter(
    "deliveries_ended_total", "Deliveries that are not sent any more, by the reason.", ["channel", "reason"]
)

# Senders and platforms write what they like; a label is one of few words.
_REASONS = frozenset(
    {"window_closed", "opted_out", "recipient", "content", "account", "expired", "conversation_closed", "human_owner"}
)


def count_end(channel: str, reason: str, count: int = 1) -> None:
    """One more, or so many."""
    _ended.labels(channel, reason if reason in _REASONS else "other").inc(count)
