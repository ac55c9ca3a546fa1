"""What it costs to show an answer while it is written."""

from benchmarks.figure import Figure, Line, Value, compared
from benchmarks.load.plan import Plan
from benchmarks.model_stub import Pace
from benchmarks.rounds import alternate, by_process, on_both
from benchmarks.stage import OURS, THEIRS, Stage

_LINES = {"cpu": Line("CPU of a stream of 40 tokens", "ms", "at most 0.5x", 0.5)}


def measure(stage: Stage) -> dict[str, Value]:
    """Sixteen readers, one stream after the other."""
    stage.pace(Pace(delay=0.2, tokens=40, interval=0.03))
    seconds, rounds = (0.5, 1) if stage.quick else (5.0, 3)
    plans = on_both(stage, Plan("turns", streamed=True, in_flight=16, seconds=seconds, spread=0.5))
    alternate(stage, 1, plans)  # to warm up
    done = alternate(stage, rounds, plans)
    ours, theirs = done[OURS], done.get(THEIRS, [])
    costs = [[each.cpu_ms_per_turn for each in side] for side in (ours, theirs)]
    return {"cpu": compared(costs[0], costs[1], by_process(ours, theirs))}


FIGURE = Figure(
    "stream_cpu",
    "Sixteen customers, each one streamed turn after the other; the model writes 40 tokens, one every 30 ms. The whole "
    "turn counts, with what is stored of it.",
    _LINES,
    measure,
)
