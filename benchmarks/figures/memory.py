"""What a thousand conversations take that wait for a slow model at the same time, and whether all are answered."""

import time

from benchmarks.figure import Figure, Line, Value
from benchmarks.load.plan import Plan
from benchmarks.model_stub import Pace
from benchmarks.rounds import on_both, run
from benchmarks.stage import OURS, THEIRS, Side, Stage
from benchmarks.usage import memory_mb

_LINES = {
    "memory": Line("memory with 1,000 conversations in flight", "MB", "at most 350 MB", 350, absolute=True),
    "each": Line("memory of each of them", "KB", "at most 60 KB", 60, absolute=True),
    "slowest": Line("slowest of their answers, 10 s model", "s"),
}


def measure(stage: Stage) -> dict[str, Value]:
    """All begin within one second; memory is read when all of them wait for the model."""
    delay, count = (1.0, 50) if stage.quick else (10.0, 1000)
    stage.pace(Pace(delay=delay))
    plans = on_both(stage, Plan("turns", in_flight=count, spread=1.0 if not stage.quick else 0.1, seconds=0))
    peaks: dict[str, float] = {}
    each: dict[str, float] = {}
    slowest: dict[str, float] = {}
    notes: dict[str, str] = {}
    for name, (side, plan) in plans.items():
        idle = _memory(side)
        held: dict[str, float] = {}

        def look(side: Side = side, held: dict[str, float] = held) -> None:
            time.sleep(0.7 * delay)
            held.update(_by_process(side))

        outcome = run(stage, side, plan, look).outcome
        peaks[name], slowest[name] = sum(held.values()), max(outcome.latencies)
        each[name] = (peaks[name] - idle) * 1024 / count
        notes[name] = ", ".join(f"{process} {megabytes:.0f}" for process, megabytes in held.items())
    return {
        "memory": _value(peaks, " / ".join(notes.values())),
        "each": _value(each),
        "slowest": _value(slowest, f"all {count} were answered"),
    }


def _by_process(side: Side) -> dict[str, float]:
    return {name: memory_mb(pid) for name, pid in side.services.items()}


def _memory(side: Side) -> float:
    return sum(_by_process(side).values())


def _value(of: dict[str, float], note: str = "") -> Value:
    ours, theirs = of[OURS], of.get(THEIRS)
    return Value(ours, theirs, ours / theirs if theirs else None, note)


FIGURE = Figure(
    "memory",
    "A thousand customers post within one second and wait for a model that answers after 10 s; proportional set "
    "size of all processes of a side, without Postgres, while all wait; what each takes is the difference to before.",
    _LINES,
    measure,
)
