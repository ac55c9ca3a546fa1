"""What a thousand people cost who have the chat open and say nothing."""

from benchmarks.figure import Figure, Line, Value
from benchmarks.load.plan import Plan
from benchmarks.rounds import Round, run
from benchmarks.stage import Stage

_LINES = {"cpu": Line("CPU of 1,000 idle event streams", "% of a core", "under 5 %", 5.0, absolute=True)}


def measure(stage: Stage) -> dict[str, Value]:
    """As long as a heartbeat, so that every stream has had one."""
    count, seconds = (20, 1.0) if stage.quick else (1000, 15.0)
    plan = Plan("idle", stage.ours.port, in_flight=count, seconds=seconds)
    without = run(stage, stage.ours, Plan("idle", stage.ours.port, in_flight=0, seconds=seconds / 3))
    with_them = run(stage, stage.ours, plan)
    parts = ", ".join(f"{name} {used / seconds:.1%}" for name, used in with_them.cpu.items())
    note = f"{parts}; all of it without a stream: {_percent(without):.1f} %"
    return {"cpu": Value(_percent(with_them), note=note)}


def _percent(of: Round) -> float:
    return sum(of.cpu.values()) / of.outcome.seconds * 100


FIGURE = Figure(
    "idle",
    "A thousand sessions, each with an open GET /chat/events on which nothing happens but one heartbeat in the 15 s "
    "that are measured; all services and Postgres. The monolith has no such streams.",
    _LINES,
    measure,
)
