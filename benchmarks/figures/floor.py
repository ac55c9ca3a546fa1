"""What a turn costs beside the least that it can cost in one process."""

from dataclasses import replace

from benchmarks.figure import Figure, Line, Value, compared
from benchmarks.load.plan import Plan
from benchmarks.model_stub import Pace
from benchmarks.rounds import alternate, by_process
from benchmarks.stage import FLOOR, OURS, Stage

_LINES = {"cpu_64": Line("CPU of a turn, 64 in flight, beside the bare monolith", "ms")}


def measure(stage: Stage) -> dict[str, Value]:
    """As the turns with 64 in flight."""
    stage.pace(Pace())
    seconds, rounds = (0.5, 1) if stage.quick else (4.0, 3)
    sides = [side for side in (stage.ours, stage.floor) if side]
    plans = {side.name: (side, replace(Plan("turns", in_flight=64, seconds=seconds), port=side.port)) for side in sides}
    alternate(stage, 1, plans)  # to warm up
    done = alternate(stage, rounds, plans)
    ours, floor = done[OURS], done.get(FLOOR, [])
    cpu = compared(
        [each.cpu_ms_per_turn for each in ours], [each.cpu_ms_per_turn for each in floor], by_process(ours, floor)
    )
    return {"cpu_64": cpu}


FIGURE = Figure(
    "floor",
    "The same beside a monolith without the vendor's package, without a log and with a model call not streamed: "
    "how much of the cost is nobody's but Spur's.",
    _LINES,
    measure,
)
