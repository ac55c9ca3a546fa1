"""Answers without a model: quotes the passage that answers the question, and says so honestly when there is none."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from llm_service.events import Citation, Turn
from llm_service.knowledge.library import Knowledge
from llm_service.knowledge.passages import Passage
from llm_service.providers import phrases
from llm_service.retrieval.search import Search
from llm_service.retrieval.vocabulary import Vocabularies
from llm_service.retrieval.words import fold

NAME = "offline"

_PART = re.compile(r"[^?!.\n;]+[?!.;]?")
_MOST_QUOTES = 2
# "and for boots?" leans on what was asked before; a longer question stands for itself.
_LONGEST_FOLLOW_UP = 6  # words
# A longer text is a story, and its end holds the question. Nobody else is answered while it is looked at.
_LONGEST_TEXT = 2000  # characters
_MOST_PARTS = 40


@dataclass(frozen=True, slots=True)
class Quote:
    """An answer, and what it rests on."""

    text: str
    citations: tuple[Citation, ...] = ()


class Offline:
    """Holds the index; a question takes about a millisecond, and the longest text some tens of them."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._vocabularies = Vocabularies(knowledge.languages)
        self._search = Search(knowledge.passages, self._vocabularies)
        self._phrases = phrases.load()
        self._languages = [language for language in knowledge.languages if language in self._phrases] or ["en"]

    def answer(self, turn: Turn) -> Quote:
        """Never fails, and never is empty."""
        text = "\n".join(turn.question())[-_LONGEST_TEXT:]
        words = fold(text)
        spoken = self._vocabularies.spoken_in(words)
        # The shop's first language, where it does not speak the customer's.
        known = self._phrases[spoken.language if spoken.language in self._languages else self._languages[0]]
        if courtesy := spoken.courtesy(words):
            return Quote({"greeting": known.greeting, "thanks": known.thanks, "farewell": known.farewell}[courtesy])
        found = self._find(text, turn.earlier_question()[-_LONGEST_TEXT:])
        return self._quote(found) if found else self._nothing(known)

    def _find(self, text: str, earlier: str) -> list[Passage]:
        """Several questions have several answers; else all that was written counts, then its sentences one by one."""
        parts = [part for part in _PART.findall(text) if fold(part)][-_MOST_PARTS:]
        questions = [part for part in parts if part.endswith("?")]
        if len(questions) > 1 and (found := self._find_each(questions)):
            return found
        return self._find_each([text]) or self._find_each(parts) or self._find_follow_up(text, earlier)

    def _find_each(self, parts: Sequence[str]) -> list[Passage]:
        found = dict.fromkeys(passage for part in parts if (passage := self._search.find(part)))
        return list(found)[:_MOST_QUOTES]

    def _find_follow_up(self, text: str, earlier: str) -> list[Passage]:
        if not earlier or not 0 < len(fold(text)) <= _LONGEST_FOLLOW_UP or not self._search.is_understood(text):
            return []
        return self._find_each([f"{earlier}\n{text}"])

    def _quote(self, passages: Sequence[Passage]) -> Quote:
        return Quote(
            "\n\n".join(self._quoted(passage) for passage in passages),
            tuple(Citation(passage.source, passage.heading) for passage in passages),
        )

    def _quoted(self, passage: Passage) -> str:
        known = self._phrases.get(passage.language) or self._phrases["en"]
        return known.quote.format(source=passage.source, text=passage.text)

    def _nothing(self, known: phrases.Phrases) -> Quote:
        person = self._search.find(known.person_question)
        if person is None:
            return Quote(f"{known.nothing} {known.ask_again}")
        return Quote(f"{known.nothing} {self._quoted(person)}", (Citation(person.source, person.heading),))
