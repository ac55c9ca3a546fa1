"""What a thousand conversations take that wait for a slow model at the same time, and whether all are answered."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.figure import Figure, Line, Value
from benchmarks.load.plan import Outcome, Plan
from benchmarks.model_stub import Pace
from benchmarks.rounds import alternate, on_both, run
from benchmarks.stage import OURS, THEIRS, Side, Stage
from benchmarks.usage import memory_mb

_LINES = {
    "memory": Line("memory with 1,000 conversations in flight", "MB", "at most 350 MB", 350, absolute=True),
    "each": Line("memory of each of them", "KB", "at most 60 KB", 60, absolute=True),
    "answered": Line("answers to 1,000 customers within a second", "", "all", 1000, at_least=True, absolute=True),
    "slowest": Line("slowest of their answers, 10 s model", "s"),
}


@dataclass(frozen=True)
class _Held:
    """One side: megabytes by process while all wait, before they came, and what they were told."""

    processes: Mapping[str, float]
    before: float
    outcome: Outcome

    @property
    def memory(self) -> float:
        return sum(self.processes.values())


def measure(stage: Stage) -> dict[str, Value]:
    """All begin within one second; memory is read when all of them wait for the model."""
    delay, count, spread = (1.0, 50, 0.1) if stage.quick else (10.0, 1000, 1.0)
    stage.pace(Pace())
    # What a process keeps once it has had work is not what a conversation takes.
    alternate(stage, 1, on_both(stage, Plan("turns", in_flight=64, seconds=delay / 5)), strict=False)
    stage.pace(Pace(delay=delay))
    plans = on_both(stage, Plan("turns", in_flight=count, spread=spread, seconds=0))
    held = {name: _hold(stage, side, plan, 0.7 * delay) for name, (side, plan) in plans.items()}
    fallbacks = held[OURS].outcome.fallbacks
    return {
        "memory": _value(held, lambda of: of.memory, " / ".join(_by_process(of) for of in held.values())),
        "each": _value(held, lambda of: (of.memory - of.before) * 1024 / count),
        "answered": _value(
            held, lambda of: of.outcome.turns, f"{fallbacks} of ours without the model" if fallbacks else ""
        ),
        "slowest": _value(held, lambda of: max(of.outcome.latencies)),
    }


def _hold(stage: Stage, side: Side, plan: Plan, seconds: float) -> _Held:
    """Reads the memory so long after the first has come."""
    processes: dict[str, float] = {}

    def look() -> None:
        time.sleep(seconds)
        processes.update({name: memory_mb(pid) for name, pid in side.services.items()})

    before = sum(map(memory_mb, side.services.values()))
    return _Held(processes, before, run(stage, side, plan, look, strict=False).outcome)


def _by_process(of: _Held) -> str:
    return ", ".join(f"{process} {megabytes:.0f}" for process, megabytes in of.processes.items())


def _value(held: Mapping[str, _Held], read: Callable[[_Held], float], note: str = "") -> Value:
    ours, theirs = (read(held[name]) if name in held else None for name in (OURS, THEIRS))
    assert ours is not None
    return Value(ours, theirs, ours / theirs if theirs else None, note)


FIGURE = Figure(
    "memory",
    "A thousand customers post within one second and wait for a model that answers after 10 s; who is refused does not "
    "try again. Memory is the proportional set size of all processes of a side, without Postgres, while all wait; what "
    "each conversation takes is the difference to before.",
    _LINES,
    measure,
)
