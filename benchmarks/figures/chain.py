"""What a turn costs beside the least that it can cost in Spur's form, and what that form costs beside one process."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median

from benchmarks.figure import Figure, Line, Value, compared
from benchmarks.load.plan import Plan
from benchmarks.model_stub import Pace
from benchmarks.rounds import Round, alternate, by_process
from benchmarks.stage import CHAIN, OURS, THEIRS, Stage

_LINES = {
    "cpu_1": Line("CPU of a turn, 1 in flight, beside the bare chain", "ms"),
    "cpu_64": Line("CPU of a turn, 64 in flight, beside the bare chain", "ms"),
    "p50": Line("added latency of a quiet turn, p50, beside the bare chain", "ms"),
    "form_cpu_1": Line("the bare chain itself beside the monolith: CPU of a turn, 1 in flight", "ms"),
    "form_cpu_64": Line("the bare chain itself beside the monolith: CPU of a turn, 64 in flight", "ms"),
    "form_p50": Line("the bare chain itself beside the monolith: added latency of a quiet turn, p50", "ms"),
}
_DELAY = 0.1


def measure(stage: Stage) -> dict[str, Value]:
    """As the turns and the latency, on three sides in turn."""
    values: dict[str, Value] = {}
    stage.pace(Pace())
    for in_flight in (1, 64):
        done = _on_all(stage, Plan("turns", in_flight=in_flight))
        for key, one, other in _pairs(f"cpu_{in_flight}", done):
            values[key] = compared(
                [each.cpu_ms_per_turn for each in one],
                [each.cpu_ms_per_turn for each in other],
                by_process(one, other),
            )
    stage.pace(Pace(delay=_DELAY))
    done = _on_all(stage, Plan("turns", in_flight=1, pause=0.05))
    for key, one, other in _pairs("p50", done):
        values[key] = compared([_added(each) for each in one], [_added(each) for each in other])
    return {key: values[key] for key in _LINES}


def _on_all(stage: Stage, plan: Plan) -> dict[str, list[Round]]:
    seconds, rounds = (0.5, 1) if stage.quick else (3.0, 4)
    sides = [side for side in (stage.ours, stage.chain, stage.theirs) if side]
    plans = {side.name: (side, replace(plan, port=side.port, seconds=seconds)) for side in sides}
    alternate(stage, 1, plans)  # to warm up
    return alternate(stage, rounds, plans)


def _pairs(key: str, done: Mapping[str, Sequence[Round]]) -> tuple[tuple[str, Sequence[Round], Sequence[Round]], ...]:
    """What stands in the two columns of a line."""
    return (key, done[OURS], done[CHAIN]), (f"form_{key}", done[CHAIN], done.get(THEIRS, ()))


def _added(of: Round) -> float:
    return median(of.milliseconds) - _DELAY * 1000


FIGURE = Figure(
    "chain",
    "The same turns in Spur's form without anything else of Spur: a gateway under gunicorn and Flask, a process that "
    "owns Postgres and one that asks the model, gRPC between them. In the lines of the bare chain itself it stands in "
    "the first column and the monolith in the second.",
    _LINES,
    measure,
)
