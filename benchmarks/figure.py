"""What a figure is: lines with goals, known before anything runs, and the values that a run gives them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

from benchmarks.stage import Stage


@dataclass(frozen=True)
class Line:
    """One line of the table. `what` names it; `goal` is for the ratio or, where there is none, for our own value."""

    what: str
    unit: str
    goal: str = ""
    # What the ratio (or, without another side, our value) must reach; at most, unless `at_least`.
    limit: float | None = None
    at_least: bool = False
    # Whether the goal is about our own value though there is another side.
    absolute: bool = False


@dataclass(frozen=True)
class Value:
    """`theirs` is None where there is nothing to compare with; then there is no ratio."""

    ours: float
    theirs: float | None = None
    ratio: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Figure:
    """One module under figures/."""

    name: str
    # What is measured and what is simulated, for docs/benchmarks.md.
    about: str
    lines: Mapping[str, Line]
    measure: Callable[[Stage], dict[str, Value]]


def compared(ours: list[float], theirs: list[float], note: str = "") -> Value:
    """Medians of both, and the median of the ratios of rounds that were side by side; `theirs` may be empty."""
    if not theirs:
        return Value(median(ours), note=note)
    ratio = median(one / other for one, other in zip(ours, theirs, strict=True))
    return Value(median(ours), median(theirs), ratio, note)


def is_met(line: Line, value: Value) -> bool | None:
    """Whether the goal is reached; None where there is none, or nothing to tell by."""
    reached = value.ours if line.absolute else value.ratio
    if line.limit is None or reached is None:
        return None
    return reached >= line.limit if line.at_least else reached <= line.limit
