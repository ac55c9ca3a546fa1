"""What a turn costs, and how many there are in a second, with a model that answers at once."""

from benchmarks.figure import Figure, Line, Value, compared
from benchmarks.load.plan import Plan
from benchmarks.model_stub import Pace
from benchmarks.rounds import alternate, by_process, generator_share, on_both
from benchmarks.stage import OURS, THEIRS, Stage

_LINES = {
    "cpu_1": Line("CPU of a turn, 1 in flight", "ms", "at most 1.5x, better 1.0x", 1.5),
    "cpu_64": Line("CPU of a turn, 64 in flight", "ms", "at most 1.5x, better 1.0x", 1.5),
    "rate_1": Line("turns a second, 1 in flight", "1/s"),
    "rate_64": Line("turns a second, 64 in flight", "1/s", "at least 1.5x", 1.5, at_least=True),
}


def measure(stage: Stage) -> dict[str, Value]:
    """Conversations of ten turns each, JSON answers."""
    stage.pace(Pace())
    seconds, rounds = (0.5, 1) if stage.quick else (4.0, 4)
    values: dict[str, Value] = {}
    for in_flight in (1, 64):
        plans = on_both(stage, Plan("turns", in_flight=in_flight, seconds=seconds))
        alternate(stage, 1, plans)  # to warm up
        done = alternate(stage, rounds, plans)
        ours, theirs = done[OURS], done.get(THEIRS, [])
        values[f"cpu_{in_flight}"] = compared(
            [each.cpu_ms_per_turn for each in ours],
            [each.cpu_ms_per_turn for each in theirs],
            by_process(ours, theirs),
        )
        values[f"rate_{in_flight}"] = compared(
            [each.turns_per_second for each in ours],
            [each.turns_per_second for each in theirs],
            generator_share(ours + theirs),
        )
    return values


FIGURE = Figure(
    "turns",
    "Customers post one message after the other and wait for each answer as JSON, ten turns in a conversation; the "
    "model answers at once with 20 tokens. CPU is that of all processes of a side and of Postgres.",
    _LINES,
    measure,
)
