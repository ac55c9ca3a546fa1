"""How long a reader looks at nothing: from the post to the first text on the event stream."""

from dataclasses import replace
from statistics import median

from benchmarks.figure import Figure, Line, Value, compared
from benchmarks.load.plan import Plan
from benchmarks.model_stub import FIRST_SENTENCE_TOKENS, Pace
from benchmarks.rounds import Round, alternate, on_both, percentile
from benchmarks.stage import OURS, THEIRS, Stage

_LINES = {
    "p50_16": Line("time to first text, 16 streams, p50", "ms", "at most 1.0x", 1.0),
    "p99_16": Line("time to first text, 16 streams, p99", "ms"),
    "p50_1000": Line("time to first text, 1,000 streams in a second, p50", "ms", "at most 1 s", 1000, absolute=True),
    "p99_1000": Line("time to first text, 1,000 streams in a second, p99", "ms"),
}
_FEW = Pace(delay=0.3, tokens=20, interval=0.025)
_MANY = Pace(delay=1.0, tokens=12, interval=0.25)


def measure(stage: Stage) -> dict[str, Value]:
    """First with few streams that follow one another, then with many that begin together."""
    seconds, rounds = (0.5, 1) if stage.quick else (5.0, 3)
    few = on_both(stage, Plan("turns", streamed=True, in_flight=16, seconds=seconds, spread=0.5))
    count, spread = (50, 0.1) if stage.quick else (1000, 1.0)
    many = on_both(stage, Plan("turns", streamed=True, in_flight=count, seconds=0, spread=spread))
    stage.pace(_FEW)
    alternate(stage, 1, few)  # to warm up
    done = alternate(stage, rounds, few)
    values = _values(done, _FEW, "16")
    stage.pace(_MANY)
    return values | _values(alternate(stage, 1 if stage.quick else 2, many, strict=False), _MANY, "1000")


def _values(done: dict[str, list[Round]], pace: Pace, name: str) -> dict[str, Value]:
    ours = [_over(each, pace.delay + FIRST_SENTENCE_TOKENS * pace.interval) for each in done[OURS]]
    theirs = [_over(each, pace.delay) for each in done.get(THEIRS, [])]
    p50 = compared([median(each) for each in ours], [median(each) for each in theirs])
    sentence = FIRST_SENTENCE_TOKENS * pace.interval * 1000
    note = (
        f"ours is seen {p50.ours + sentence:.0f} ms after the model's first token, {sentence:.0f} of it its sentence's"
    )
    if refused := sum(len(each.outcome.failures) for each in done[OURS]):
        note += f"; {refused} streams were refused"
    return {
        f"p50_{name}": replace(p50, note=note),
        f"p99_{name}": compared([percentile(each, 0.99) for each in ours], [percentile(each, 0.99) for each in theirs]),
    }


def _over(of: Round, own: float) -> list[float]:
    return [(first - own) * 1000 for first in of.outcome.firsts]


FIGURE = Figure(
    "first_token",
    "Posts with Accept: text/event-stream; 16 customers one stream after the other (first token after 300 ms, then "
    "one every 25 ms), and 1,000 that all begin within one second (after 1 s, then every 250 ms). The model's own time "
    "is taken off. Spur shows whole sentences that passed its guards, so its time counts from when the model has ended "
    "the first one (three tokens long here); the monolith's from the first token, which it shows unread.",
    _LINES,
    measure,
)
