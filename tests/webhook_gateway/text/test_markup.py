"""Markdown as a platform shows it: its own marks, or none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook_gateway.channels.channel import Capabilities
from webhook_gateway.text.markup import render

MARKS = Capabilities(4096, 86_400, bold="*", italic="_", strike="~")
PLAIN = Capabilities(1000, 86_400)
LONG = "https://a.b/" + "c" * 1995


@pytest.mark.parametrize(
    ("markdown", "marks", "plain"),
    [
        ("**30 days** to *return*", "*30 days* to _return_", "30 days to return"),
        ("__30__ and _so_", "*30* and _so_", "30 and so"),
        ("***both***", "*_both_*", "both"),
        ("~~gone~~", "~gone~", "gone"),
        ("## Returns ##", "*Returns*", "Returns"),
        ("# **Returns**", "*Returns*", "Returns"),
        ("* one\n+ two\n- three\n1. four", "- one\n- two\n- three\n1. four", "- one\n- two\n- three\n1. four"),
        ("above\n\n---\n\nbelow", "above\n\n\nbelow", "above\n\n\nbelow"),
        ("[our page](https://a.b/c_d_e)", "our page (https://a.b/c_d_e)", "our page (https://a.b/c_d_e)"),
        ("[https://a.b](https://a.b)", "https://a.b", "https://a.b"),
        ("[write](mailto:x@y.z) or <mailto:x@y.z>", "write (x@y.z) or x@y.z", "write (x@y.z) or x@y.z"),
        ("![a shoe](https://a.b/s.png)", "a shoe", "a shoe"),
        ("`*not italic*`", "*not italic*", "*not italic*"),
        ("```py\na ** b\n```", "a ** b", "a ** b"),
        ("https://a.b/__x__", "https://a.b/__x__", "https://a.b/__x__"),
        (f"{LONG}`x`0`y`", f"{LONG}x0y", f"{LONG}x0y"),
        # Neither of them is a mark.
        ("2*3*4 snake_case_name 5 * 6 * 7", "2*3*4 snake_case_name 5 * 6 * 7", "2*3*4 snake_case_name 5 * 6 * 7"),
        ("**open and * alone", "**open and * alone", "**open and * alone"),
        ("```", "```", "```"),
    ],
)
def test_markdown_becomes_the_platforms_marks_or_none(markdown: str, marks: str, plain: str) -> None:
    assert (render(markdown, MARKS), render(markdown, PLAIN)) == (marks, plain)


@given(st.text(alphabet="ab *_~`#[]()!<>\n-h:/.tps\ue0000", max_size=200), st.sampled_from([MARKS, PLAIN]))
def test_a_text_never_grows_and_never_vanishes(text: str, capabilities: Capabilities) -> None:
    shown = render(text, capabilities)
    assert len(shown) <= len(text)
    assert shown.strip() or not text.strip("\ue000").strip() or shown == text


@pytest.mark.parametrize(
    "mark", ["**a ", "[", "![", "__a ", "~~a ", "*a ", "_a ", "`", "***a ", "<https://", "#", "# ", "- "]
)
def test_a_text_of_nothing_but_opening_marks_is_read_in_the_end(mark: str) -> None:
    assert len(render(mark * 10_000, MARKS)) > 1000
