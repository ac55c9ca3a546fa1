"""Whether a turn costs more where much has been said before, and among many conversations."""

from statistics import median

from benchmarks.bulk import fill, sessions, settle
from benchmarks.figure import Figure, Line, Value, compared
from benchmarks.load.plan import Plan
from benchmarks.model_stub import Pace
from benchmarks.processes import end_all
from benchmarks.product import Product, migrate
from benchmarks.rounds import Round, alternate
from benchmarks.stage import Side, Stage

_LINES = {
    "history": Line("CPU of a turn after 100,000 messages, to one after 20", "ms", "at most 1.1x", 1.1),
    "crowd": Line("CPU of a turn among 1,000,000 conversations, to 1,000", "ms", "at most 1.1x", 1.1),
}
_FEW, _IN_FLIGHT = 1000, 4
_SHORT_FROM, _LONG_FROM = 10_000_001, 20_000_001
_COUNT = 2  # messages of a conversation in the crowd


def measure(stage: Stage) -> dict[str, Value]:
    """Two stacks, one on a small database and one on a large one; the small one has the long conversations."""
    stage.pace(Pace())
    many, length = (5000, 1000) if stage.quick else (1_000_000, 100_000)
    small, large = (_filled(stage, name, count) for name, count in (("small", _FEW), ("large", many)))
    fill(small, _SHORT_FROM, _IN_FLIGHT, 20)
    fill(small, _LONG_FROM, _IN_FLIGHT, length)
    settle(small)
    settle(large)
    stacks: list[Product] = []
    try:
        for url in (small, large):
            # The second chooses its ports when the first one listens.
            stacks.append(Product(url, stage.model_port, stage.folder))
            stacks[-1].start()
        few, crowd = stacks
        return {
            "history": _ratio(stage, (few, _LONG_FROM, _IN_FLIGHT), (few, _SHORT_FROM, _IN_FLIGHT)),
            "crowd": _ratio(stage, (crowd, 1, many), (few, 1, _FEW)),
        }
    finally:
        for stack in stacks:
            end_all(stack.children)


def _filled(stage: Stage, name: str, conversations: int) -> str:
    url = stage.new_database(name)
    migrate(url)
    fill(url, 1, conversations, _COUNT)
    return url


def _ratio(stage: Stage, *cases: tuple[Product, int, int]) -> Value:
    """Of the first case to the second; a case is a stack and the conversations that are continued there."""
    seconds, rounds = (0.5, 1) if stage.quick else (4.0, 4)
    plans = {}
    for name, (stack, first, conversations) in zip(("large", "small"), cases, strict=True):
        side = Side(name, stack.port, {child.name: child.pid for child in stack.children})
        tokens = sessions(stack.session_secret, first, conversations, _FEW)
        plans[name] = side, Plan("turns", stack.port, in_flight=_IN_FLIGHT, seconds=seconds, sessions=tokens)
    alternate(stage, 1, plans)  # to warm up
    done = alternate(stage, rounds, plans)
    large, small = ([each.cpu_ms_per_turn for each in done[name]] for name in plans)
    return compared(large, small, f"a turn took {_milliseconds(done['large'])}, {_milliseconds(done['small'])} ms")


def _milliseconds(rounds: list[Round]) -> str:
    return f"{median(value for each in rounds for value in each.milliseconds):.1f}"


FIGURE = Figure(
    "flatness",
    "Turns that continue conversations written by SQL, 4 in flight: the first column is the large case, the second the "
    "small one, both Spur. Histories of 100,000 and of 20 messages are in one database; 1,000,000 and 1,000 "
    "conversations of two messages are in two, with a stack of services each, and are continued at random.",
    _LINES,
    measure,
)
