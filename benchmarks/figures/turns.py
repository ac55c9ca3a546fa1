"""What a turn costs, and how many there are in a second, with a model that answers at once."""

from benchmarks.figure import Figure, Line, Value, compared
from benchmarks.load.plan import Plan
from benchmarks.model_stub import Pace
from benchmarks.rounds import Round, alternate, cpu_ms_by_process
from benchmarks.stage import OURS, THEIRS, Side, Stage

_LINES = {
    "cpu_1": Line("CPU of a turn, 1 in flight", "ms", "at most 1.5x, better 1.0x", 1.5),
    "cpu_64": Line("CPU of a turn, 64 in flight", "ms", "at most 1.5x, better 1.0x", 1.5),
    "rate_1": Line("turns a second, 1 in flight", "1/s"),
    "rate_64": Line("turns a second, 64 in flight", "1/s", "at least 1.5x", 1.5, at_least=True),
}


def measure(stage: Stage) -> dict[str, Value]:
    """Conversations of ten turns each, JSON answers."""
    stage.pace(Pace())
    values: dict[str, Value] = {}
    for in_flight in (1, 64):
        alternate(stage, 1, lambda side: _plan(side, in_flight, 0.5 if stage.quick else 2.0))  # noqa: B023 - warm-up
        seconds, rounds = (0.5, 1) if stage.quick else (4.0, 5)
        done = alternate(stage, rounds, lambda side: _plan(side, in_flight, seconds))  # noqa: B023 - called at once
        ours, theirs = done[OURS], done.get(THEIRS, [])
        values[f"cpu_{in_flight}"] = compared(
            [round_.cpu_ms_per_turn for round_ in ours],
            [round_.cpu_ms_per_turn for round_ in theirs],
            _by_process(ours) + (f" / {_by_process(theirs)}" if theirs else ""),
        )
        values[f"rate_{in_flight}"] = compared(
            [round_.turns_per_second for round_ in ours],
            [round_.turns_per_second for round_ in theirs],
            _generator(ours),
        )
    return values


def _plan(side: Side, in_flight: int, seconds: float) -> Plan:
    return Plan("turns", side.port, in_flight=in_flight, seconds=seconds)


def _by_process(rounds: list[Round]) -> str:
    return ", ".join(f"{name} {value:.1f}" for name, value in cpu_ms_by_process(rounds).items())


def _generator(rounds: list[Round]) -> str:
    busiest = max(round_.outcome.cpu_seconds / round_.outcome.seconds for round_ in rounds)
    return f"the load generator used at most {busiest:.0%} of a core"


FIGURE = Figure(
    "turns",
    "Customers post one message after the other and wait for each answer as JSON, ten turns in a conversation; the "
    "model answers at once with 20 tokens. CPU is that of all processes of a side and of Postgres.",
    _LINES,
    measure,
)
