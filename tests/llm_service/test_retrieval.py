"""How often the right passage is found, and how often it is said honestly that there is none."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from llm_service.knowledge.library import load
from llm_service.knowledge.passages import Passage
from llm_service.retrieval.search import Search
from llm_service.retrieval.vocabulary import Vocabularies
from llm_service.retrieval.words import fold, stem

KNOWLEDGE = load(None)
SEARCH = Search(KNOWLEDGE.passages, Vocabularies(KNOWLEDGE.languages))


@dataclass(frozen=True)
class Question:
    language: str
    text: str
    # Headings of the English documents; none where the knowledge has no answer.
    answers: frozenset[str]


def questions(name: str) -> list[Question]:
    lines = (Path(__file__).parent / "questions" / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [
        Question(language, text, frozenset() if answers == "-" else frozenset(answers.split(" | ")))
        for language, text, answers in rows
    ]


def english_headings() -> dict[Passage, str]:
    """The two languages have the same passages in the same order."""
    english, spanish = ([p for p in KNOWLEDGE.passages if p.language == language] for language in ("en", "es"))
    return {
        passage: heading.heading for side in (english, spanish) for passage, heading in zip(side, english, strict=True)
    }


HEADINGS = english_headings()


def rates(name: str) -> dict[str, float]:
    counts: Counter[str] = Counter()
    for question in questions(name):
        found = SEARCH.find(question.text)
        heading = HEADINGS[found] if found else None
        if question.answers:
            counts["answerable"] += 1
            counts["right"] += heading in question.answers
            counts["wrong"] += heading is not None and heading not in question.answers
        else:
            counts["unanswerable"] += 1
            counts["honest"] += heading is None
    return {
        "right": counts["right"] / counts["answerable"],
        "wrong": counts["wrong"] / counts["answerable"],
        "honest": counts["honest"] / counts["unanswerable"],
    }


def test_the_questions_name_passages_that_exist() -> None:
    known = set(HEADINGS.values())
    for name in ("tuned", "held_out"):
        assert {answer for question in questions(name) for answer in question.answers} <= known


def test_there_are_enough_questions_to_speak_of_rates() -> None:
    tuned = questions("tuned")
    assert sum(bool(question.answers) for question in tuned) >= 200
    assert sum(not question.answers for question in tuned) >= 90
    assert len({question.language for question in tuned}) >= 7


def test_questions_that_were_tuned_for_are_answered_right_or_honestly() -> None:
    found = rates("tuned")
    assert found["right"] >= 0.92
    assert found["wrong"] <= 0.01
    assert found["honest"] >= 0.98


def test_questions_that_nothing_was_tuned_for_are_answered_right_or_honestly() -> None:
    found = rates("held_out")
    assert found["right"] >= 0.80
    assert found["wrong"] <= 0.025
    assert found["honest"] == 1.0


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("How long do I have to return shoes?", "en"),
        ("¿Cuánto tiempo tengo para devolver unos zapatos?", "es"),
        ("Quiero hablar con una persona", "es"),
        ("I want to talk to a person", "en"),
    ],
)
def test_the_passage_is_in_the_questions_language(question: str, language: str) -> None:
    found = SEARCH.find(question)
    assert found is not None
    assert found.language == language


def test_a_passage_in_another_language_is_better_than_none() -> None:
    only = Passage("es", "shipping", "Envíos", "Cuánto cuesta el envío", "El envío cuesta 5 euros.")
    search = Search(
        [only, Passage("en", "x", "About us", "Our story", "We began in 1990.")], Vocabularies(["en", "es"])
    )
    assert search.find("How much is shipping?") == only
    assert search.find("Was kostet der Versand?") == only


def test_a_language_without_a_vocabulary_is_compared_word_by_word() -> None:
    swedish = Passage("sv", "frakt", "Frakt", "Fraktkostnad", "Frakten kostar 49 kronor.")
    search = Search([swedish, Passage("sv", "x", "Butik", "Adress", "Storgatan 1.")], Vocabularies(["sv"]))
    assert search.find("fraktkostnad?") == swedish


@pytest.mark.parametrize(
    "text", ["", " ", "?", "...", "\N{THUMBS UP SIGN}", "\ufdfa" * 500, "a" * 4000, "return " * 800, "\x00", "('; --"]
)
def test_odd_text_is_no_question_that_could_be_answered_wrongly_or_slowly(text: str) -> None:
    SEARCH.find(text)


def test_words_are_compared_without_case_accents_and_plural() -> None:
    assert fold("Él DEVOLVIÓ 2 Zapatos; don\u2019t!") == ["el", "devolvio", "2", "zapatos", "don't"]
    assert stem("shoes") == stem("shoe")
    assert stem("returning") == stem("returned") == stem("returns") == stem("return")
