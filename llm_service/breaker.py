"""A circuit breaker: a model whose calls fail in a row is left alone for a while, then tried by one call at a time."""

import asyncio
import random
from enum import IntEnum

import structlog

from llm_service import figures

_logger = structlog.get_logger()

# Why a rung was passed over without a call; stored in place of an error code of the model.
BREAKER_OPEN = "breaker_open"

# The model wrote, so it is well, whatever our guards or limits made of it. Were these neutral, a model that is always
# cut at its longest output could never close the breaker again.
_ANSWERED = {"", "guard_blocked", "output_too_long", "content_filter"}
# Every other code is neutral: a customer's message can bring it about, or we did, so it must not cut off all others.
_FAILED = {
    "timeout",
    "rate_limited",
    "insufficient_quota",
    "invalid_api_key",
    "upstream_error",
    "connection_error",
    "incomplete_stream",
    "bad_response",
}
_FIRST_OPEN_SECONDS = 1.0
# On top, never below: Retry-After is a lower bound. Spreads the probes of several replicas.
_JITTER = 0.25


class State(IntEnum):
    """The numbers are those of the figure llm_breaker_state."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class Permit:
    """Leave for one call; to be settled exactly once."""

    def __init__(self, period: int) -> None:
        """`period` counts the breaker's changes of state."""
        self.period = period


class Breaker:
    """Of one model. Belongs to one event loop, so it needs no lock."""

    def __init__(self, model: str, failures: int, open_seconds: float) -> None:
        """Opens after that many `failures` in a row, for a second at first and at most for `open_seconds`."""
        self._model = model
        self._most_failures = failures
        self._longest = open_seconds
        self._state = State.CLOSED
        self._period = 0
        self._failures = 0
        self._seconds = 0.0
        # Unless closed, nobody is admitted before this time of the loop.
        self._admits_at = 0.0
        self._probe: Permit | None = None
        figures.breaker_state.labels(model).set(self._state)

    def admit(self) -> Permit | None:
        """None where the model is not to be asked now.

        A probe that has not ended after `open_seconds` is joined by another one: a call that stalls must not hide for
        all its time that the model is well again, and to cut it would shut out a model that is merely slow.
        """
        if self._state is State.CLOSED:
            return Permit(self._period)
        now = asyncio.get_running_loop().time()
        if now < self._admits_at:
            return None
        if self._state is State.OPEN:
            self._change(State.HALF_OPEN)
        self._admits_at = now + self._longest
        self._probe = Permit(self._period)
        return self._probe

    def settle(self, permit: Permit, error_code: str, retry_after: float = 0.0) -> None:
        """Tell how a call ended; `retry_after` is how many seconds the model asked to be left alone."""
        if permit.period != self._period:
            return  # it began before the last change, and tells how things were before it
        if self._state is State.HALF_OPEN:
            self._settle_probe(permit, error_code, retry_after)
        elif error_code in _ANSWERED:
            self._failures = 0
        elif error_code in _FAILED:
            self._failures += 1
            if self._failures >= self._most_failures:
                self._open(error_code, retry_after)

    def _settle_probe(self, permit: Permit, error_code: str, retry_after: float) -> None:
        if error_code in _ANSWERED:
            self._failures, self._seconds = 0, 0.0
            self._change(State.CLOSED)
        elif permit is not self._probe:
            return  # a later probe is under way, and knows better
        elif error_code in _FAILED:
            self._open(error_code, retry_after)
        else:
            self._admits_at = 0.0

    def _open(self, error_code: str, retry_after: float) -> None:
        self._seconds = min(self._longest, max(_FIRST_OPEN_SECONDS, self._seconds * 2))
        seconds = min(self._longest, max(self._seconds, retry_after)) * random.uniform(1, 1 + _JITTER)  # noqa: S311
        self._admits_at = asyncio.get_running_loop().time() + seconds
        self._change(State.OPEN, error_code=error_code, seconds=round(seconds, 2))

    def _change(self, state: State, **why: object) -> None:
        self._state = state
        self._period += 1
        self._probe = None
        figures.breaker_state.labels(self._model).set(state)
        figures.breaker_transitions.labels(self._model, state.name.lower()).inc()
        _logger.warning("a model's breaker changed", model=self._model, state=state.name.lower(), **why)
