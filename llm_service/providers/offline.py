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


@dataclass(frozen=True, slots=True)
class Quote:
    """An answer, and what it rests on."""

    text: str
    citations: tuple[Citation, ...] = ()


class Offline:
    """Holds the index; answers in about a millisecond, so it needs no thread of its own."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._vocabularies = Vocabularies(knowledge.languages)
        self._search = Search(knowledge.passages, self._vocabularies)
        self._phrases = phrases.load()
        self._languages = [language for language in knowledge.languages if language in self._phrases] or ["en"]

    def answer(self, turn: Turn) -> Quote:
        """Never fails, and never is empty."""
        asked = turn.question()
        text = "\n".join(asked)
        if courtesy := self._courtesy(text):
            return Quote(courtesy)
        found = self._find(text, turn.earlier_question())
        return self._quote(found) if found else self._nothing(text)

    def _find(self, text: str, earlier: str) -> list[Passage]:
        """Several questions have several answers; else all that was written counts, then its sentences one by one."""
        parts = [part for part in _PART.findall(text) if fold(part)]
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

    def _nothing(self, text: str) -> Quote:
        known = self._phrases[self._language_of(text)]
        person = self._search.find(known.person_question)
        if person is None:
            return Quote(f"{known.nothing} {known.ask_again}")
        return Quote(f"{known.nothing} {self._quoted(person)}", (Citation(person.source, person.heading),))

    def _courtesy(self, text: str) -> str | None:
        words = fold(text)
        known = self._phrases[self._language_of(text)]
        answers = {"greeting": known.greeting, "thanks": known.thanks, "farewell": known.farewell}
        return answers.get(self._vocabularies.spoken_in(words).courtesy(words) or "")

    def _language_of(self, text: str) -> str:
        """The language that is spoken if it is one of the shop's, else the shop's first."""
        spoken = self._vocabularies.spoken_in(fold(text)).language
        return spoken if spoken in self._languages else self._languages[0]
