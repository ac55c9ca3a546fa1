"""The breaker: when it opens, whom it lets through, when it closes, and that late news does not mislead it."""

import asyncio
from collections.abc import Callable, Iterator
from itertools import count
from typing import TypeVar

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from llm_service.breaker import Breaker, Permit, State

FAILURES, LONGEST = 3, 5.0
JITTER = 1.25
Result = TypeVar("Result")
_names = (f"model-{number}" for number in count())


class Clock(asyncio.SelectorEventLoop):
    """A loop whose time goes on by hand."""

    now = 1000.0

    def time(self) -> float:
        return self.now


class Bench:
    """A breaker under a clock; calls are made inside its loop."""

    def __init__(self, longest: float = LONGEST) -> None:
        self.name = next(_names)
        self._loop = Clock()
        self._runner = asyncio.Runner(loop_factory=lambda: self._loop)
        self._breaker = Breaker(self.name, FAILURES, longest)

    def admit(self) -> Permit | None:
        return self._within(self._breaker.admit)

    def admitted(self) -> Permit:
        permit = self.admit()
        assert permit is not None
        return permit

    def settle(self, permit: Permit, error_code: str = "", retry_after: float = 0.0) -> None:
        self._within(lambda: self._breaker.settle(permit, error_code, retry_after))

    def fail(self, times: int = FAILURES, error_code: str = "timeout", retry_after: float = 0.0) -> None:
        for _ in range(times):
            self.settle(self.admitted(), error_code, retry_after)

    def pass_time(self, seconds: float) -> None:
        self._loop.now += seconds

    def seconds_until_admitted(self) -> float:
        """How long nobody is let through from now on, to a twentieth of a second."""
        for steps in range(20_000):
            if self.admit():
                return steps / 20
            self.pass_time(0.05)
        raise AssertionError("it never lets anybody through again")

    def probe(self) -> Permit:
        """The first call that is let through after it opened."""
        self.pass_time(LONGEST * JITTER)
        return self.admitted()

    @property
    def state(self) -> State:
        told = REGISTRY.get_sample_value("llm_breaker_state", {"model": self.name})
        assert told is not None
        return State(int(told))

    def became(self, state: str) -> float:
        return REGISTRY.get_sample_value("llm_breaker_transitions_total", {"model": self.name, "to": state}) or 0.0

    def close(self) -> None:
        self._runner.close()

    def _within(self, act: Callable[[], Result]) -> Result:
        async def run() -> Result:
            return act()

        return self._runner.run(run())


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


WELL = ["", "guard_blocked", "output_too_long", "content_filter"]
NEUTRAL = ["bad_request", "empty_response", "internal_error", "cancelled"]
ILL = [
    "timeout",
    "rate_limited",
    "insufficient_quota",
    "invalid_api_key",
    "upstream_error",
    "connection_error",
    "incomplete_stream",
    "bad_response",
]


@pytest.mark.parametrize("error_code", ILL)
def test_failures_in_a_row_open_it(bench: Bench, error_code: str) -> None:
    bench.fail(FAILURES - 1, error_code)
    assert bench.state is State.CLOSED
    bench.fail(1, error_code)
    assert bench.state is State.OPEN
    assert bench.admit() is None


@pytest.mark.parametrize("error_code", WELL)
def test_an_answer_ends_the_row(bench: Bench, error_code: str) -> None:
    bench.fail(FAILURES - 1)
    bench.settle(bench.admitted(), error_code)
    bench.fail(FAILURES - 1)
    assert bench.state is State.CLOSED


@pytest.mark.parametrize("error_code", NEUTRAL)
def test_what_a_message_can_bring_about_neither_opens_it_nor_ends_the_row(bench: Bench, error_code: str) -> None:
    bench.fail(FAILURES - 1)
    bench.fail(20, error_code)
    assert bench.state is State.CLOSED
    bench.fail(1)
    assert bench.state is State.OPEN


def test_of_many_calls_in_flight_the_first_failures_open_it_and_the_others_change_nothing(bench: Bench) -> None:
    calls = [bench.admitted() for _ in range(200)]
    for call in calls[:FAILURES]:
        bench.settle(call, "timeout")
    assert bench.state is State.OPEN
    bench.pass_time(0.5)
    for call in calls[FAILURES:]:
        bench.settle(call, "timeout", retry_after=60)
    assert bench.seconds_until_admitted() <= JITTER - 0.5 + 0.05
    assert bench.became("open") == 1


def test_an_answer_that_was_begun_before_it_opened_does_not_close_it(bench: Bench) -> None:
    early = [bench.admitted() for _ in range(2)]
    bench.fail()
    bench.settle(early[0])
    assert bench.state is State.OPEN
    bench.probe()
    bench.settle(early[1])
    assert bench.state is State.HALF_OPEN


def test_failures_from_before_it_closed_do_not_open_it_again(bench: Bench) -> None:
    early = [bench.admitted() for _ in range(50)]
    bench.fail()
    bench.settle(bench.probe())
    for call in early:
        bench.settle(call, "timeout")
    assert bench.state is State.CLOSED


def test_one_probe_goes_to_the_model_and_its_answer_closes_it(bench: Bench) -> None:
    bench.fail()
    probe = bench.probe()
    assert bench.state is State.HALF_OPEN
    assert [bench.admit() for _ in range(100)] == [None] * 100
    bench.settle(probe)
    assert bench.state is State.CLOSED
    assert all(bench.admit() for _ in range(100))


@pytest.mark.parametrize("error_code", WELL[1:])
def test_a_probe_that_was_answered_closes_it_even_if_the_answer_is_flawed(bench: Bench, error_code: str) -> None:
    bench.fail()
    bench.settle(bench.probe(), error_code)
    assert bench.state is State.CLOSED


def test_a_probe_that_fails_opens_it_at_once(bench: Bench) -> None:
    bench.fail()
    bench.settle(bench.probe(), "rate_limited")
    assert bench.state is State.OPEN
    assert bench.admit() is None


@pytest.mark.parametrize("error_code", NEUTRAL)
def test_a_probe_that_tells_nothing_gives_its_place_to_the_next_call(bench: Bench, error_code: str) -> None:
    bench.fail()
    bench.settle(bench.probe(), error_code)
    assert bench.state is State.HALF_OPEN
    assert bench.admit() is not None
    assert bench.admit() is None


def test_a_probe_that_stalls_is_joined_by_another_whose_answer_closes_it(bench: Bench) -> None:
    bench.fail()
    stalled = bench.probe()
    assert bench.seconds_until_admitted() == pytest.approx(LONGEST, abs=0.1)
    bench.settle(stalled, "cancelled")
    assert bench.admit() is None, "the place is not its own any more"
    bench.settle(stalled, "timeout")
    assert bench.state is State.HALF_OPEN, "a later probe is under way"
    bench.pass_time(LONGEST)
    bench.settle(bench.admitted())
    assert bench.state is State.CLOSED


def test_a_slow_answer_to_a_probe_closes_it_although_others_have_begun(bench: Bench) -> None:
    bench.fail()
    slow = bench.probe()
    bench.pass_time(LONGEST)
    bench.admitted()
    bench.settle(slow)
    assert bench.state is State.CLOSED


def test_it_stays_open_for_a_second_then_longer_but_never_so_long_that_recovery_goes_unnoticed(bench: Bench) -> None:
    bench.fail()
    waits = []
    for _ in range(50):
        waits.append(bench.seconds_until_admitted())
        bench.pass_time(LONGEST)
        bench.settle(bench.admitted(), "timeout")
    assert 1 <= waits[0] <= JITTER + 0.1
    assert 2 <= waits[1] <= 2 * JITTER + 0.1
    assert all(LONGEST <= wait <= LONGEST * JITTER + 0.1 for wait in waits[3:])
    assert len(set(waits[3:])) > 1, "replicas would probe all at once"


def test_after_it_has_closed_it_begins_with_a_second_again(bench: Bench) -> None:
    bench.fail()
    for _ in range(5):
        bench.settle(bench.probe(), "timeout")
    bench.settle(bench.probe())
    bench.fail()
    assert bench.seconds_until_admitted() <= JITTER + 0.1


@pytest.mark.parametrize(
    ("retry_after", "shortest"), [(0, 1), (0.2, 1), (-5, 1), (3, 3), (60, LONGEST), (1e9, LONGEST), (1e300, LONGEST)]
)
def test_it_stays_open_as_long_as_the_model_asks_within_reason(
    bench: Bench, retry_after: float, shortest: float
) -> None:
    bench.fail(error_code="rate_limited", retry_after=retry_after)
    assert shortest <= bench.seconds_until_admitted() <= shortest * JITTER + 0.1


def test_an_outage_of_days_does_not_overflow(bench: Bench) -> None:
    bench.fail()
    for _ in range(2000):
        bench.settle(bench.probe(), "timeout")
    bench.settle(bench.probe())
    assert bench.state is State.CLOSED


def test_each_change_is_counted_and_logged(bench: Bench) -> None:
    with capture_logs() as lines:
        bench.fail(error_code="rate_limited")
        bench.settle(bench.probe())
    assert [(line["model"], line["state"]) for line in lines] == [
        (bench.name, "open"),
        (bench.name, "half_open"),
        (bench.name, "closed"),
    ]
    assert lines[0]["error_code"] == "rate_limited"
    assert [bench.became(state) for state in ("open", "half_open", "closed")] == [1, 1, 1]
