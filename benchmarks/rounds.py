"""Runs load on sides in turn, round after round, and keeps what each round cost."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.generator import Generator
from benchmarks.load.plan import Outcome, Plan
from benchmarks.stage import Side, Stage
from benchmarks.usage import cpu_by_name


@dataclass(frozen=True)
class Round:
    """What one side did in one round."""

    outcome: Outcome
    # Seconds of processor time by process while it did that.
    cpu: Mapping[str, float]

    @property
    def cpu_ms_per_turn(self) -> float:
        return sum(self.cpu.values()) * 1000 / self.outcome.turns

    @property
    def turns_per_second(self) -> float:
        return self.outcome.turns / self.outcome.seconds


def run(stage: Stage, side: Side, plan: Plan) -> Round:
    """One round of load on one side."""
    pids = {**side.services, "postgres": stage.postgres_pid}
    with Generator(plan) as generator:
        before = cpu_by_name(pids)
        generator.begin()
        outcome = generator.outcome()
        after = cpu_by_name(pids)
    return Round(outcome, {name: after[name] - before[name] for name in pids})


def alternate(stage: Stage, rounds: int, plan: Callable[[Side], Plan]) -> dict[str, list[Round]]:
    """`rounds` rounds of every side, one after the other; what goes first changes, so that neither gains by it."""
    done: dict[str, list[Round]] = {side.name: [] for side in stage.sides}
    for number in range(rounds):
        for side in stage.sides if number % 2 == 0 else reversed(stage.sides):
            done[side.name].append(run(stage, side, plan(side)))
            time.sleep(0.1)
    return done


def cpu_ms_by_process(rounds: Sequence[Round]) -> dict[str, float]:
    """Milliseconds a turn, the median of the rounds."""
    return {name: median(round_.cpu[name] * 1000 / round_.outcome.turns for round_ in rounds) for name in rounds[0].cpu}


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values are."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
