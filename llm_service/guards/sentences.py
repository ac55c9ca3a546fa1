"""Cuts a stream of text into whole sentences."""

import re
from collections.abc import Iterator
from pathlib import Path

_CLOSING = r"\"'\u201d\u2019»)\]*_"
_WIDE_CLOSING = r"\u201d\u2019」』\uff09"
_WIDE_END = r"。\uff01\uff1f"
# Where a sentence may end: a line break; a Western end mark, closing quotes or brackets, then white space; an East
# Asian end mark, which is followed by nothing. A mark after white space or before a Latin letter may be the dot of an
# address. White space belongs to the sentence after it, so that what is sent joins up.
_END = re.compile(
    rf"(?=\n)|(?<=\S[.!?…؟।])[{_CLOSING}]*(?=\s)"
    rf"|(?<=[{_WIDE_END}])[{_WIDE_CLOSING}]*(?=[^{_WIDE_END}{_WIDE_CLOSING}a-zA-Z0-9])"
)

_ABBREVIATIONS = frozenset((Path(__file__).parent / "abbreviations.txt").read_text(encoding="utf-8").split())
_LAST_WORD = re.compile(r"(?:^|[\s(\[«“\"])([^\s(\[«“\"]*)\.$")
_NUMBER = re.compile(r"\s*\d{1,3}\.")

# Text without any end mark is cut at a space once it is longer than any sentence, or it would never be sent.
_LONGEST = 600


class Sentences:
    """Takes text as it comes, gives it back in whole sentences."""

    def __init__(self) -> None:
        self._held = ""
        self._looked_at = 0

    def feed(self, text: str) -> Iterator[str]:
        """The sentences that are complete now; each begins with the white space before it."""
        self._held += text
        while (end := self._next_end()) is not None:
            sentence, self._held = self._held[:end], self._held[end:]
            self._looked_at = 0
            if sentence:
                yield sentence

    def rest(self) -> str:
        """What is left at the end of the stream, complete or not."""
        held, self._held, self._looked_at = self._held, "", 0
        return held

    def _next_end(self) -> int | None:
        leading = len(self._held) - len(self._held.lstrip())
        for match in _END.finditer(self._held, max(leading, self._looked_at)):
            if not _is_abbreviated(self._held[: match.end()]):
                return match.end()
        # The end mark and the quotes after it may be looked at again once the next piece shows what follows.
        self._looked_at = max(leading, len(self._held) - 8)
        if len(self._held) > _LONGEST:
            return self._held.rfind(" ", leading, _LONGEST) if " " in self._held[leading:_LONGEST] else None
        return None


def _is_abbreviated(text: str) -> bool:
    """Whether the point at the end belongs to its word, as in "approx.", in "J." or in a list's "2."."""
    if not text.endswith("."):
        return False
    word = _LAST_WORD.search(text)
    last = word[1].casefold() if word else ""
    return (len(last) == 1 and last.isalpha()) or last in _ABBREVIATIONS or bool(_NUMBER.fullmatch(text))
