"""Runs load on sides in turn, round after round, and keeps what each round cost."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
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
    def milliseconds(self) -> list[float]:
        """How long each turn took."""
        return [seconds * 1000 for seconds in self.outcome.latencies]

    @property
    def turns_per_second(self) -> float:
        return self.outcome.turns / self.outcome.seconds


def run(
    stage: Stage, side: Side, plan: Plan, meanwhile: Callable[[], None] = lambda: None, *, strict: bool = True
) -> Round:
    """One round of load on one side; `meanwhile` is called once it has begun. See Generator.outcome for `strict`."""
    pids = {**side.services, "postgres": stage.postgres_pid}
    with Generator(plan) as generator:
        before = cpu_by_name(pids)
        generator.begin()
        meanwhile()
        outcome = generator.outcome(strict)
        after = cpu_by_name(pids)
    return Round(outcome, {name: after[name] - before[name] for name in pids})


def alternate(
    stage: Stage, rounds: int, plans: Mapping[str, tuple[Side, Plan]], *, strict: bool = True
) -> dict[str, list[Round]]:
    """`rounds` rounds of every plan, one after the other; what goes first changes, so that neither gains by it."""
    done: dict[str, list[Round]] = {name: [] for name in plans}
    for number in range(rounds):
        for name in list(plans) if number % 2 == 0 else reversed(list(plans)):
            done[name].append(run(stage, *plans[name], strict=strict))
            time.sleep(0.1)
    return done


def on_both(stage: Stage, plan: Plan) -> dict[str, tuple[Side, Plan]]:
    """The same plan for Spur and for the monolith, if there is one."""
    return {side.name: (side, replace(plan, port=side.port)) for side in stage.sides}


def cpu_ms_by_process(rounds: Sequence[Round]) -> dict[str, float]:
    """Milliseconds a turn, the median of the rounds."""
    return {name: median(round_.cpu[name] * 1000 / round_.outcome.turns for round_ in rounds) for name in rounds[0].cpu}


def by_process(ours: Sequence[Round], theirs: Sequence[Round] = ()) -> str:
    """Both sides' CPU by process, as a note."""
    sides = [
        ", ".join(f"{name} {value:.1f}" for name, value in cpu_ms_by_process(rounds).items())
        for rounds in (ours, theirs)
        if rounds
    ]
    return " / ".join(sides)


def generator_share(rounds: Sequence[Round]) -> str:
    """Whether the load generator may have been what was measured, as a note."""
    busiest = max(each.outcome.cpu_seconds / each.outcome.seconds for each in rounds)
    return f"the load generator used at most {busiest:.0%} of a core"


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values are."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
