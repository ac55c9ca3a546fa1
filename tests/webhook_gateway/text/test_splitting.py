"""A long answer in pieces: at the best place, never too long, nothing lost."""

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from webhook_gateway.text.splitting import split

FAMILY = "👨‍👩‍👧‍👦"  # one grapheme, 25 bytes


def utf8(text: str) -> int:
    return len(text.encode())


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


WRITTEN = st.lists(
    st.one_of(st.text(max_size=20), st.sampled_from(["\n\n", "\n", ". ", "。", " ", FAMILY, "e\u0301", "🇩🇪", "word"])),
    max_size=60,
).map("".join)


@pytest.mark.parametrize(
    ("text", "limit", "pieces"),
    [
        ("", 10, []),
        (" \n ", 10, []),
        ("fits", 4, ["fits"]),
        ("First paragraph.\n\nSecond one. It goes on.", 40, ["First paragraph.", "Second one. It goes on."]),
        ("One line.\nAnother. And more", 22, ["One line.", "Another. And more"]),
        ("Hello there. How are you? I am fine", 20, ["Hello there.", "How are you?", "I am fine"]),
        ("three words here", 12, ["three words", "here"]),
        ("a" * 25, 10, ["a" * 10, "a" * 10, "a" * 5]),
        # A paragraph that ends early is not worth a piece of its own.
        ("Hi.\n\nThis goes on for rather long", 24, ["Hi.\n\nThis goes on for", "rather long"]),
        ("我们可以退货。请保留收据。谢谢你", 9, ["我们可以退货。", "请保留收据。谢谢你"]),
    ],
)
def test_a_text_is_cut_at_the_best_place(text: str, limit: int, pieces: list[str]) -> None:
    assert split(text, limit) == pieces


def test_a_thousand_bytes_are_counted_as_bytes_with_an_emoji_at_the_border() -> None:
    text = "a" * 990 + FAMILY + "b" * 10
    assert split(text, 1000, utf8) == ["a" * 990, FAMILY + "b" * 10]
    assert split("🙂" * 251, 1000, utf8) == ["🙂" * 250, "🙂"]


def test_telegram_counts_an_emoji_as_two() -> None:
    assert split("🙂" * 3, 4, utf16) == ["🙂🙂", "🙂"]


def test_only_a_grapheme_that_does_not_fit_alone_is_cut_inside() -> None:
    heap = "e" + "\u0301" * 30
    pieces = split(f"x {heap}", 10)
    assert "".join(pieces) == f"x{heap}"
    assert max(map(len, pieces)) == 10
    assert split(FAMILY, 1) == list(FAMILY)


@given(WRITTEN, st.integers(25, 80), st.sampled_from([len, utf8, utf16]))
def test_no_piece_is_too_long_or_empty_and_nothing_but_white_space_is_lost(text: str, limit: int, measure) -> None:  # type: ignore[no-untyped-def]
    pieces = split(text, limit, measure)
    assert all(piece == piece.strip() and 0 < measure(piece) <= limit for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


@given(st.lists(st.sampled_from(["a", " ", FAMILY, "🇩🇪", "e\u0301", "\n"]), max_size=60).map("".join))
def test_no_grapheme_is_cut_that_fits(text: str) -> None:
    pieces = split(text, 30, utf8)
    graphemes = [unit for unit in regex.findall(r"\X", text) if unit.strip()]
    assert [unit for piece in pieces for unit in regex.findall(r"\X", piece) if unit.strip()] == graphemes
