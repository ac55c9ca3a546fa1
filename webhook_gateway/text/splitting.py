"""Cuts a text too long for a platform: at paragraphs, else lines, sentences or words, never inside a grapheme."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate

import regex

_GRAPHEME = regex.compile(r"\X")
# The best place first. A full stop of the scripts that put no space behind it ends a sentence as well.
_BREAKS = (
    regex.compile(r"\n[ \t]*\n\s*"),
    regex.compile(r"\n\s*"),
    regex.compile(r"(?<=[.!?…:;]['\")\]]?)\s+|(?<=[\u3002\uff01\uff1f\uff61])"),
    regex.compile(r"\s+"),
)
# A cut there must leave at least so much of the limit in the piece, or a worse place is taken.
_LEAST = 0.4


def split(text: str, limit: int, measure: Callable[[str], int] = len) -> list[str]:
    """The pieces of `text`, each at most `limit` long by `measure`, without white space at their ends, none empty.

    `measure` must be additive (characters, UTF-16 units, UTF-8 bytes). Nothing but white space at the cuts is lost.
    Only a single grapheme that is longer than `limit` is cut inside.
    """
    pieces = []
    rest = text.strip()
    while rest:
        if measure(rest) <= limit:
            pieces.append(rest)
            break
        cut = _cut(rest, limit, measure)
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [piece for piece in pieces if piece]


def _cut(text: str, limit: int, measure: Callable[[str], int]) -> int:
    """Where the first piece ends, in characters; at least 1."""
    window = text[: limit + 1]  # no unit is larger than a character
    fits = _fitting(_GRAPHEME.findall(window), limit, measure)
    if not fits:
        return max(1, _fitting(window, limit, measure))
    least = measure(text[:fits]) * _LEAST
    for break_ in _BREAKS:
        # White space at the cut is dropped, so what comes before it is what has to fit.
        ends = [found.start() for found in break_.finditer(text, 0, fits + 1) if 0 < found.start() <= fits]
        if ends and measure(text[: ends[-1]]) >= least:
            return ends[-1]
    return fits


def _fitting(units: Sequence[str], limit: int, measure: Callable[[str], int]) -> int:
    """How many characters the first units take, as many of them as fit together."""
    sizes = list(accumulate(measure(unit) for unit in units))
    return sum(len(unit) for unit in units[: bisect_right(sizes, limit)])
