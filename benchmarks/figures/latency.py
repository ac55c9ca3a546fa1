"""What a turn on a quiet machine takes beyond the model's own time."""

from statistics import median

from benchmarks.figure import Figure, Line, Value, compared
from benchmarks.load.plan import Plan
from benchmarks.model_stub import Pace
from benchmarks.rounds import Round, alternate, on_both, percentile
from benchmarks.stage import OURS, THEIRS, Stage

_LINES = {
    "p50": Line("added latency of a quiet turn, p50", "ms", "at most 1.5x", 1.5),
    "p99": Line("added latency of a quiet turn, p99", "ms"),
}
_DELAY = 0.1


def measure(stage: Stage) -> dict[str, Value]:
    """One customer who thinks for a moment before the next message."""
    stage.pace(Pace(delay=_DELAY))
    seconds, rounds = (0.5, 1) if stage.quick else (6.0, 4)
    plans = on_both(stage, Plan("turns", in_flight=1, seconds=seconds, pause=0.05))
    alternate(stage, 1, plans)  # to warm up
    done = alternate(stage, rounds, plans)
    ours, theirs = ([_added(each) for each in done.get(name, [])] for name in (OURS, THEIRS))
    return {
        "p50": compared([median(each) for each in ours], [median(each) for each in theirs]),
        "p99": compared([percentile(each, 0.99) for each in ours], [percentile(each, 0.99) for each in theirs]),
    }


def _added(of: Round) -> list[float]:
    return [milliseconds - _DELAY * 1000 for milliseconds in of.milliseconds]


FIGURE = Figure(
    "latency",
    "One customer, one message after the other with 50 ms between them, JSON answers; the model answers after 100 ms, "
    "which are taken off. The p99 of a round of some forty turns is its slowest.",
    _LINES,
    measure,
)
