"""What /metrics tells of the tables: what waits, for how long, and what was set aside; nothing without a database."""

import math
import time
from functools import partial

from prometheus_client import Gauge

from conversation_service.database import Database, DatabaseUnavailable, Session

_MOST = 10_000  # rows counted of each: enough to worry about
_WITHIN_SECONDS = 3.0
_FRESH_SECONDS = 15.0  # three rounds; older figures would be taken for today's

_STATES = ("queued", "unknown", "parked")
_up = Gauge("database_up", "Whether Postgres answered lately: 1 or 0. The figures of its tables are NaN while it is 0.")
_oldest_due = Gauge(
    "turns_oldest_due_seconds", "How long the oldest due turn has waited for a worker, those of all replicas."
)
_oldest_pending = Gauge("turns_oldest_pending_seconds", "Age of the oldest turn that nobody answers yet.")
_turns = Gauge("turns_open", f"Turns that are not ended, by state; counted up to {_MOST}.", ["state"])
_oldest_delivery = Gauge("deliveries_oldest_seconds", "Age of the oldest delivery in each state.", ["state"])
_oldest_of_channel = Gauge(
    "deliveries_oldest_by_channel_seconds",
    f"Age of a channel's oldest delivery in each state; NaN where it is not among the {_MOST} oldest of all channels.",
    ["channel", "state"],
)
_deliveries = Gauge("deliveries_open", f"Deliveries that are not over, by state; counted up to {_MOST}.", ["state"])
_poison = Gauge("poison_events", f"Poison that waits for somebody; counted up to {_MOST}.")
_conflicts = Gauge("event_conflicts", f"Conflicts that wait for somebody; counted up to {_MOST}.")


class Figures:
    """Reads the tables now and then; a scrape takes what was read last, and only while it is fresh."""

    def __init__(self, database: Database, fresh_seconds: float = _FRESH_SECONDS) -> None:
        self._database = database
        self._fresh_seconds = fresh_seconds
        self._read_at = -math.inf
        self._values: dict[tuple[str, str], float] = {}
        self._channels: set[str] = set()
        _up.set_function(lambda: float(self._is_fresh()))
        for name, gauge in (
            ("oldest_due", _oldest_due),
            ("oldest_pending", _oldest_pending),
            ("poison", _poison),
            ("conflicts", _conflicts),
        ):
            gauge.set_function(partial(self._value, name, ""))
        for state in ("pending", "running"):
            _turns.labels(state).set_function(partial(self._value, "turns", state))
        for state in _STATES:
            _oldest_delivery.labels(state).set_function(partial(self._value, "oldest_delivery", state))
            _deliveries.labels(state).set_function(partial(self._value, "deliveries", state))

    async def read(self) -> None:
        """Look at the tables. Raises DatabaseUnavailable; then nothing is known."""
        try:
            self._values = await self._database.run(_read, _WITHIN_SECONDS)
        except DatabaseUnavailable:
            self._read_at = -math.inf
            raise
        self._read_at = time.monotonic()
        self._show_channels({label for name, label in self._values if name == "oldest_of_channel"})

    def _show_channels(self, labels: set[str]) -> None:
        """Once one is shown it stays, so that its end is seen too."""
        for label in labels - self._channels:
            _oldest_of_channel.labels(*label.split()).set_function(partial(self._oldest_of_channel, label))
        self._channels |= labels

    def _oldest_of_channel(self, label: str) -> float:
        """Where it is not among those that were looked at, and there are more than those, nobody knows."""
        is_seen = ("oldest_of_channel", label) in self._values
        counted = self._value("deliveries", label.split()[1])
        return self._value("oldest_of_channel", label) if is_seen or counted < _MOST else math.nan

    def _is_fresh(self) -> bool:
        return time.monotonic() - self._read_at < self._fresh_seconds

    def _value(self, name: str, label: str) -> float:
        return self._values.get((name, label), 0.0) if self._is_fresh() else math.nan


def _read(session: Session) -> dict[tuple[str, str], float]:
    values = {(name, label): float(value) for name, label, value in session.execute("read_figures", _MOST)}
    ((values["oldest_due", ""],),) = session.execute("oldest_turn")
    return values
