"""The offline provider's own sentences, in every language that has a file in languages/."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent / "languages"


@dataclass(frozen=True, slots=True)
class Phrases:
    """The sentences of one language."""

    quote: str
    nothing: str
    ask_again: str
    # Asked of the knowledge, to say what to do where it has no answer.
    person_question: str
    greeting: str
    thanks: str
    farewell: str


def load() -> Mapping[str, Phrases]:
    """All languages."""
    return {path.stem: _parse(path.read_text(encoding="utf-8")) for path in sorted(_FOLDER.glob("*.txt"))}


def _parse(text: str) -> Phrases:
    lines = (line.partition(": ") for line in text.splitlines() if line and not line.startswith("#"))
    return Phrases(**{name: sentence for name, _, sentence in lines})
