"""Which concepts of retail support a text speaks of, by a word list for each language; see languages/en.txt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from llm_service.retrieval.words import fold, stem

_FOLDER = Path(__file__).parent / "languages"
_GAP = ".."
_LARGEST_GAP = 3  # words between the two halves of "send .. back"
COURTESIES = ("greeting", "thanks", "farewell")
_FILLER = "small"  # words that may accompany a courtesy


@dataclass(frozen=True, slots=True)
class Terms:
    """What a text speaks of."""

    concepts: frozenset[str]
    # Stems of the words that belong to a concept: they are understood, and tell passages of one concept apart.
    understood: frozenset[str]
    # Stems of all other words that are not mere grammar.
    unknown: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Entry:
    concept: str
    pattern: tuple[str, ...]

    def match(self, words: Sequence[str], start: int) -> frozenset[int]:
        """The positions that this entry takes up from `start` on; none where it does not match."""
        taken: list[int] = []
        position, gap = start, 0
        for part in self.pattern:
            if part == _GAP:
                gap = _LARGEST_GAP
                continue
            reach = range(position, min(position + gap + 1, len(words)))
            found = next((at for at in reach if _is(words[at], part)), None)
            if found is None:
                return frozenset()
            taken.append(found)
            position, gap = found + 1, 0
        return frozenset(taken)


def _is(word: str, part: str) -> bool:
    return word.startswith(part[:-1]) if part.endswith("*") else word == part


class Vocabulary:
    """The words of one language."""

    def __init__(self, language: str, text: str = "") -> None:
        self.language = language
        self._ignored: frozenset[str] = frozenset()
        # Entries stand under the first letters of their first word, so that few are tried for each word of a text.
        self._entries: dict[str, list[_Entry]] = defaultdict(list)
        for concept, words in _lines(text):
            if concept == "ignore":
                self._ignored = frozenset(fold(words))
                continue
            for phrase in words.split(","):
                pattern = _pattern(phrase)
                self._entries[pattern[0].rstrip("*")[:3]].append(_Entry(concept, pattern))

    def terms(self, words: Sequence[str]) -> Terms:
        """What the words speak of; courtesies are left out."""
        matches = self._matches(words)
        taken = {at for _, positions in matches for at in positions}
        return Terms(
            frozenset(concept for concept, _ in matches if concept not in COURTESIES and concept != _FILLER),
            frozenset(stem(words[at]) for at in taken if words[at] not in self._ignored),
            frozenset(stem(word) for at, word in enumerate(words) if at not in taken and word not in self._ignored),
        )

    def courtesy(self, words: Sequence[str]) -> str | None:
        """greeting, thanks or farewell, where the words are nothing else."""
        said = [(concept, at) for concept, at in self._matches(words) if concept in COURTESIES or concept == _FILLER]
        covered = {at for _, positions in said for at in positions}
        named = {concept for concept, _ in said}
        if len(covered) < len(words):
            return None
        return next((concept for concept in reversed(COURTESIES) if concept in named), None)

    def known(self, words: Sequence[str]) -> int:
        """How many of the words this language knows: evidence that it is the one being spoken."""
        taken = {at for _, positions in self._matches(words) for at in positions}
        return sum(at in taken or word in self._ignored for at, word in enumerate(words))

    def _matches(self, words: Sequence[str]) -> list[tuple[str, frozenset[int]]]:
        """Each concept with the positions of its words. A "gift card" is no "card": the longer match wins."""
        found = [
            (entry.concept, positions)
            for start, word in enumerate(words)
            for key in {word[:1], word[:2], word[:3]}
            for entry in self._entries.get(key, ())
            if (positions := entry.match(words, start))
        ]
        around: dict[int, list[frozenset[int]]] = defaultdict(list)  # the matches of which a position is part
        for _, positions in found:
            for position in positions:
                around[position].append(positions)
        return [(concept, at) for concept, at in found if not any(at < longer for longer in around[min(at)])]


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        if line and not line.startswith("#"):
            concept, _, words = line.partition(":")
            yield concept, words


def _pattern(phrase: str) -> tuple[str, ...]:
    parts: list[str] = []
    for part in phrase.split():
        if part == _GAP:
            parts.append(part)
            continue
        *before, last = fold(part)
        parts += [*before, f"{last}*" if part.endswith("*") else last]
    return tuple(parts)


class Vocabularies:
    """All languages."""

    def __init__(self, first: Sequence[str] = ()) -> None:
        """`first` are the languages that win where a text could be one as well as another."""
        read = {path.stem: path.read_text(encoding="utf-8") for path in sorted(_FOLDER.glob("*.txt"))}
        order = [*first, *(language for language in read if language not in first)]
        self._all = {language: Vocabulary(language, read.get(language, "")) for language in order}

    def __getitem__(self, language: str) -> Vocabulary:
        """The words of a language; none for one that has no file, whose texts are then compared word by word."""
        return self._all.get(language) or Vocabulary(language)

    def spoken_in(self, words: Sequence[str]) -> Vocabulary:
        """The language that knows most of the words."""
        return max(self._all.values(), key=lambda vocabulary: vocabulary.known(words))
