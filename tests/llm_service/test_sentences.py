"""The splitter: sentences come whole, none is lost, and none is changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_service.guards.sentences import Sentences

MARKS = "abcAB12 \n\t.!?…,;:\"')]»。\uff01\uff1f」éñ¿-"
ALPHABET = st.sampled_from([*MARKS, "e.g.", "Mr.", "https://a.example/b.c", "4.90"])
TEXTS = st.lists(ALPHABET, max_size=80).map("".join)


def split(text: str, size: int = 10_000) -> list[str]:
    sentences, found = Sentences(), []
    for at in range(0, len(text), size):
        found += sentences.feed(text[at : at + size])
    return [*found, sentences.rest()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? Four", ["One.", " Two!", " Three?", " Four"]),
        ("It costs 4.90 euros. Fine.", ["It costs 4.90 euros.", " Fine."]),
        ("Ask Mr. Smith or Dr. J. Doe. Now.", ["Ask Mr. Smith or Dr. J. Doe.", " Now."]),
        ("Boots, e.g. brown ones, approx. 5. Yes.", ["Boots, e.g. brown ones, approx. 5.", " Yes."]),
        ("La Sra. Ruiz, p. ej. hoy. Sí.", ["La Sra. Ruiz, p. ej. hoy.", " Sí."]),
        ("See https://shop.example/a.b?c.d for it. Bye.", ["See https://shop.example/a.b?c.d for it.", " Bye."]),
        ('He said "No." Then he left.', ['He said "No."', " Then he left."]),
        ("Wait... what? Yes!!! Ok", ["Wait...", " what?", " Yes!!!", " Ok"]),
        ("¿Qué? ¡Sí! Bien…  Adiós", ["¿Qué?", " ¡Sí!", " Bien…", "  Adiós"]),
        ("1. First\n2. Second\n\n- third", ["1. First", "\n2. Second", "\n\n- third"]),
        ("返品できます。三十日以内です。はい", ["返品できます。", "三十日以内です。", "はい"]),
        ("「はい。」と言う。", ["「はい。」", "と言う。"]),
        ("本当\uff1f\uff01はい", ["本当\uff1f\uff01", "はい"]),
        ("no end at all", ["no end at all"]),
        ("", [""]),
    ],
)
def test_text_is_cut_where_a_sentence_ends(text: str, expected: list[str]) -> None:
    found = split(text)
    assert [part for part in found if part] == [part for part in expected if part]


@given(TEXTS)
def test_nothing_is_lost_or_changed(text: str) -> None:
    assert "".join(split(text)) == text


@given(TEXTS, st.integers(1, 7))
def test_it_does_not_matter_in_which_pieces_text_comes(text: str, size: int) -> None:
    assert split(text, size) == split(text)


def test_text_without_any_end_is_passed_on_in_parts() -> None:
    found = split("word " * 1000, 5)
    assert len(found) > 5
    assert max(map(len, found)) <= 610


def test_a_sentence_is_given_as_soon_as_it_is_known_to_be_whole() -> None:
    sentences = Sentences()
    assert list(sentences.feed("Hello there")) == []
    assert list(sentences.feed(".")) == []
    assert list(sentences.feed(" How")) == ["Hello there."]
