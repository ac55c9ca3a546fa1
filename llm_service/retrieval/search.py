"""Finds the passage that answers a question, and knows when none does."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from llm_service.knowledge.passages import Passage
from llm_service.retrieval.vocabulary import Terms, Vocabularies
from llm_service.retrieval.words import fold

# Chosen with tests/llm_service/questions/tuned.tsv; the tests hold the rates. A term counts wholly where it stands in
# the heading of a passage, and less in its text or in the title of its document.
_IN_TEXT = 0.35
_IN_TITLE = 0.4
# A word of a concept tells apart what the concept alone does not: Switzerland among the countries.
_UNDERSTOOD_WORD = 0.25
# A word that neither a vocabulary nor the knowledge has makes it likely that the question is about something else.
_FOREIGN_WORD = 1.3
# How much it helps that the question asks for all that the heading is about.
_SUBJECT_ASKED_FOR = 1.2
# These only qualify what else is asked: "how long", "for boots" and "my order" alone ask nothing that can be answered.
_QUALIFIERS = frozenset({"item", "order", "when", "howto", "duration", "location", "change"})
# Below this the honest answer is that there is none.
_ENOUGH = 1.02

_LONGEST_QUESTION = 120  # words; a longer text is a story, and its end holds the question


@dataclass(frozen=True, slots=True)
class _Entry:
    passage: Passage
    # Of the heading: concepts, and words that belong to none. What it is about, so what a question should ask for.
    subject: frozenset[str]
    heading: frozenset[str]
    text: frozenset[str]
    title: frozenset[str]
    subject_weight: float


class Search:
    """An index over passages, held in memory; about a millisecond a question."""

    def __init__(self, passages: Sequence[Passage], vocabularies: Vocabularies) -> None:
        self._vocabularies = vocabularies
        self._count = len(passages)
        entries = [self._entry(passage) for passage in passages]
        self._frequency = Counter(term for entry in entries for term in entry.heading | entry.text)
        self._entries = [replace(entry, subject_weight=sum(map(self._rarity, entry.subject))) for entry in entries]

    def find(self, question: str) -> Passage | None:
        """The passage that answers the question; one in the question's language if there is one."""
        words = fold(question)[-_LONGEST_QUESTION:]
        vocabulary = self._vocabularies.spoken_in(words)
        asked = vocabulary.terms(words)
        if not (asked.concepts - _QUALIFIERS or any(self._frequency[word] for word in asked.unknown)):
            return None
        weights, whole = self._weights(asked)
        own = [entry for entry in self._entries if entry.passage.language == vocabulary.language]
        others = [entry for entry in self._entries if entry.passage.language != vocabulary.language]
        return _best(own, weights, whole) or _best(others, weights, whole)

    def is_understood(self, question: str) -> bool:
        """Whether every word of a question is grammar, belongs to a concept or stands in the knowledge."""
        words = fold(question)
        unknown = self._vocabularies.spoken_in(words).terms(words).unknown
        return all(self._frequency[word] for word in unknown)

    def _entry(self, passage: Passage) -> _Entry:
        vocabulary = self._vocabularies[passage.language]
        heading, text, title = (
            vocabulary.terms(fold(part)) for part in (passage.heading, passage.text, passage.source)
        )
        subject = _marked(heading.concepts) | heading.unknown
        return _Entry(passage, subject, subject | heading.understood, _all(text), _marked(title.concepts), 0.0)

    def _weights(self, asked: Terms) -> tuple[dict[str, float], float]:
        """What each term of a question weighs, and what a passage with all of them would score."""
        weights = {term: self._rarity(term) for term in _marked(asked.concepts)}
        foreign = _FOREIGN_WORD * math.log(1 + self._count)
        for word in asked.unknown:
            weights[word] = self._rarity(word) if self._frequency[word] else foreign
        whole = sum(weights.values())
        for word in asked.understood - asked.unknown:
            if self._frequency[word]:
                weights[word] = _UNDERSTOOD_WORD * self._rarity(word)
        return weights, whole

    def _rarity(self, term: str) -> float:
        # A concept that the knowledge lacks is as telling as the rarest one it has.
        return math.log(1 + self._count / (self._frequency[term] or 0.7))


def _best(entries: Sequence[_Entry], weights: dict[str, float], whole: float) -> Passage | None:
    scored = [(_score(entry, weights, whole), entry) for entry in entries]
    score, entry = max(scored, key=lambda pair: pair[0], default=(0.0, None))
    return entry.passage if entry and score >= _ENOUGH else None


def _score(entry: _Entry, weights: dict[str, float], whole: float) -> float:
    covered = asked_for = 0.0
    for term, weight in weights.items():
        if term in entry.heading:
            covered += weight
            asked_for += weight if term in entry.subject else 0.0
        elif term in entry.text:
            covered += weight * _IN_TEXT
        elif term in entry.title:
            covered += weight * _IN_TITLE
    return covered / whole * (1 + _SUBJECT_ASKED_FOR * asked_for / (entry.subject_weight or 1.0))


_CONCEPT = "="  # cannot stand in a word, so that the concept of an order and the word "order" stay apart


def _marked(concepts: Iterable[str]) -> frozenset[str]:
    return frozenset(_CONCEPT + concept for concept in concepts)


def _all(terms: Terms) -> frozenset[str]:
    return _marked(terms.concepts) | terms.understood | terms.unknown
