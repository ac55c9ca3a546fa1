"""Notices when a reply recites the instructions of the system prompt."""

import re
from collections.abc import Iterable

from llm_service.guards.cleaning import comparable

RUN = 8  # words

_NOT_LETTERS = re.compile(r"[\W_]+")


class Leaks:
    """What of the instructions must not be said; made once, shared by all replies."""

    def __init__(self, instructions: str, quotable: Iterable[str] = ()) -> None:
        """`quotable` is text that stands in the prompt and may be said: policies and knowledge."""
        words = [_squeeze(word) for word in instructions.split()]
        words = [word for word in words if word]
        allowed = _squeeze(" ".join(quotable))
        runs = {"".join(words[at : at + RUN]) for at in range(len(words) - RUN + 1)}
        self._runs = tuple(run for run in runs if run not in allowed)
        self._longest = max(map(len, self._runs), default=0)

    def start(self) -> "LeakWatch":
        """A watch over one reply."""
        return LeakWatch(self._runs, self._longest)


class LeakWatch:
    """Follows one reply, so that a recital is noticed across the borders of sentences too."""

    def __init__(self, runs: tuple[str, ...], longest: int) -> None:
        self._runs = runs
        self._longest = longest
        self._said = ""

    def leaks(self, sentence: str) -> bool:
        """Whether the reply would hold a run of the instructions if this sentence were added; remembers it if not."""
        said = self._said + _squeeze(sentence)
        if any(run in said for run in self._runs):
            return True
        self._said = said[-self._longest :]
        return False


def _squeeze(text: str) -> str:
    # Without spaces and marks, so that neither s p a c i n g nor hy-phens nor line breaks hide a run.
    return _NOT_LETTERS.sub("", comparable(text))
