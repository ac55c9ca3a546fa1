"""What a check has found: one line for the person who configures the channel."""

from dataclasses import dataclass
from typing import Literal

_SHOWN = 200  # characters of what a platform says


@dataclass(frozen=True)
class Finding:
    """`right`, `mend`: does not work, and what to do; `note`: worth knowing, or could not be seen."""

    verdict: Literal["right", "mend", "note"]
    text: str


def right(text: str) -> Finding:
    return Finding("right", text)


def mend(text: str) -> Finding:
    return Finding("mend", text)


def note(text: str) -> Finding:
    return Finding("note", text)


class Stuck(Exception):
    """The platform cannot be asked, so that what else there is to check is not known; the text is the sentence."""


def printable(text: object) -> str:
    """What a platform says, without anything that moves a cursor, colours a line or turns a direction."""
    shown = "".join(char if char.isprintable() else "?" for char in str(text))
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 1]}…"
