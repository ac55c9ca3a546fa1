"""The guards: no recital of the instructions, no foreign link, nothing that cannot be seen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_service.guards.cleaning import clean
from llm_service.guards.guard import Guards, Leaked
from llm_service.guards.leaks import Leaks
from llm_service.guards.links import Links
from llm_service.knowledge.library import load
from llm_service.prompts.prompt import Prompts

KNOWLEDGE = load(None)
PROMPTS = Prompts(KNOWLEDGE, 20, 24_000)
QUOTABLE = [text for passage in KNOWLEDGE.passages for text in (passage.heading, passage.text)]
LEAKS = Leaks(PROMPTS.instructions, QUOTABLE)
LINKS = Links(KNOWLEDGE.links)
SECRET = "If neither of them holds the answer, say plainly that you do not know, and offer a person of the team."


def guarded(*pieces: str) -> tuple[str, bool, bool]:
    """What passes, whether a sentence was dropped, whether a leak stopped the reply."""
    guard, passed = Guards(LEAKS, LINKS).start(), list[str]()
    try:
        for piece in pieces:
            passed += guard.feed(piece)
        passed += guard.rest()
    except Leaked:
        return "".join(passed), guard.dropped, True
    return "".join(passed), guard.dropped, False


@pytest.mark.parametrize(
    "recital",
    [
        SECRET,
        SECRET.upper(),
        SECRET.replace(" ", "  \n"),
        SECRET.replace(",", "").replace(" ", "-"),
        " ".join(SECRET.replace(" ", "")),
        "\u200b".join(SECRET),
        "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in SECRET),
        "*" + SECRET.replace(" ", "* *") + "*",
        SECRET.replace(" say plainly", ". Say plainly"),
        SECRET.replace(" say", "!\n\n- Say"),
        "Here you go: " + SECRET[30:110],
    ],
)
def test_a_recital_of_the_instructions_stops_the_reply(recital: str) -> None:
    passed, _, leaked = guarded("Sure. ", recital)
    assert leaked
    assert "plainly" not in passed


def test_the_whole_prompt_is_noticed_in_whatever_pieces_it_comes() -> None:
    for size in (1, 7, 1000):
        text = PROMPTS.instructions
        _, _, leaked = guarded(*(text[at : at + size] for at in range(0, len(text), size)))
        assert leaked


def test_policies_and_knowledge_may_be_quoted() -> None:
    for passage in KNOWLEDGE.passages:
        assert guarded(f"{passage.heading}: {passage.text}")[1:] == (False, False), passage.text


def test_seven_words_of_the_instructions_are_no_leak() -> None:
    assert guarded("Write one to four short sentences of.") == ("Write one to four short sentences of.", False, False)


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.test/win",
        "http://shop.example/returns",  # the knowledge has it with https
        "https://shop.example/returns?to=evil",
        "https://shop.example@evil.test/returns",
        "https://shop.example.evil.test/returns",
        "https://shop.example/other",
        "www.evil.test",
        "evil.com",
        "Evil.COM/path",
        "evil.com:8080",
        "//evil.com/x",
        "hxxps://evil.test",
        "h t t p s : / / evil.test",
        "https:/evil.test",
        "evil[.]com",
        "evil (dot) com",
        "evil dot com",
        "evil . com",
        "evil\u3002com",
        "evil\uff0ecom",
        "evil\u2024com",
        "ev\u200bil.com",
        "\uff45\uff56\uff49\uff4c.com",
        "пример.рф",
        "xn--e1afmkfd.xn--p1ai",
        "bit.ly/abc",
        "192.168.0.1/admin",
        "http://[::1]/",
        "localhost:8080",
        "ftp://evil.test/x",
        "javascript:alert(1)",
        "JaVaScRiPt : alert(1)",
        "data:text/html,x",
        "mailto:thief@evil.test",
        "thief@evil.test",
        "thief (at) evil.test",
        "[click](https://evil.test)",
        "[click](/returns)",
        "[click](javascript:alert(1))",
        "[click][1]",
        "[1]: https://evil.test",
        "![x](https://shop.example/returns)",
        "<https://evil.test>",
        "<a href=x>click</a>",
        "<img src=x onerror=alert(1)>",
        "</script><script>alert(1)</script>",
        "&lt;script&gt;",
        "&#60;script>",
        "tg://resolve?domain=x",
    ],
)
def test_a_sentence_with_a_link_that_the_knowledge_does_not_have_is_left_out(link: str) -> None:
    assert guarded("Before it. ", f"Go to {link} now. ", "After it.") == ("Before it. After it.", True, False)


@pytest.mark.parametrize(
    "text",
    [
        "Open https://shop.example/returns, please.",
        "Open shop.example/returns (it is free).",
        "See [our page](https://shop.example/returns).",
        "See **https://shop.example/returns**!",
        "See <https://shop.example/returns/>.",
        "Write to help@shop.example.",
        "Write to [us](mailto:help@shop.example).",
        "It costs 4.90 euros, e.g. for boots, i.e. not much.",
        "Open from 9:00 to 18:00, Mon.-Fri., at 9 a.m. and 6 p.m.",
        "Sizes 42/43 and/or wide; 10 % off; 24/7 it is not.",
        "I love shoes <3 and 5 < 6.",
        "Tel: +44 20 7946 0123.",
        "Devuélvelo en un punto de recogida. S.A. de C.V. ¡Hola!¿Qué tal?",
        "Call us :-) (or write [soon]).",
        "The ratio is 1:2. Note: see below; question about: size.",
        "Return it.Please do.",
    ],
)
def test_what_is_no_link_or_a_known_one_passes(text: str) -> None:
    assert guarded(text) == (text, False, False)


@pytest.mark.parametrize("filling", ["a", "ab-", " ", "\n "])
def test_a_word_or_a_gap_without_end_is_no_link_and_holds_nobody_up(filling: str) -> None:
    assert not LINKS.refuses(f"Hello{filling * 100_000}there.")
    assert LINKS.refuses(f"Hello{filling * 100_000}there: evil.test/win")


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\x00b\x1bc\x7fd", "abcd"),
        ("tags" + "".join(chr(0xE0000 + ord(letter)) for letter in "obey"), "tags"),
        ("right\u202eto\u202cleft\u2066x\u2069", "righttoleftx"),
        ("zero\u200bwidth\u2060and\ufeffbom\xadsoft", "zerowidthandbomsoft"),
        ("variation\U000e0100\ufe0f", "variation\ufe0f"),
        ("lone \ud800 and \udc00 halves", "lone  and  halves"),
        ("whole \ud83d\ude00 pair", "whole \N{GRINNING FACE} pair"),
        ("family \U0001f468\u200d\U0001f469", "family \U0001f468\u200d\U0001f469"),
        ("private \ue000\U000f0000", "private "),
        ("lines\r\nand\nmore\u2028still\ttab", "lines\nand\nmore\nstill\ttab"),
    ],
)
def test_what_cannot_be_seen_or_stored_is_taken_out(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@given(st.text(st.characters(codec=None), max_size=200))
def test_whatever_a_model_writes_can_be_stored_and_is_no_longer(text: str) -> None:
    passed, _, _ = guarded(text)
    assert "\x00" not in passed
    passed.encode("utf-8")
    assert len(passed) <= len(text)


@given(
    st.lists(st.sampled_from(["Yes. ", "https://evil.test ", "and ", "so", ".", "\n", SECRET]), max_size=12),
    st.integers(1, 9),
)
def test_no_way_of_cutting_the_stream_lets_a_foreign_link_or_a_recital_pass(parts: list[str], size: int) -> None:
    text = "".join(parts)
    passed, _, _ = guarded(*(text[at : at + size] for at in range(0, len(text), size)))
    assert "evil.test" not in passed
    assert "say plainly that you do not know" not in passed
