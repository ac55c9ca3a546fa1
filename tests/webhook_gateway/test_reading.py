"""A body is JSON whose texts can all be stored, whatever it spells."""

import pytest

from webhook_gateway.reading import load


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (rb"\ud83d\ude80", "🚀"),
        (rb"\uD83D\uDE80", "🚀"),
        (rb"a\ud83d", "a\ufffd"),
        (rb"\ude80b", "\ufffdb"),
        (rb"\ude80\ud83d", "\ufffd\ufffd"),
        (rb"\ud83d\ud83d\ude80", "\ufffd🚀"),
        # A backslash that is itself escaped begins no escape: the second half stands alone.
        (rb"\\ud83d\ude80", "\\ud83d\ufffd"),
        (rb"\\\ud83d", "\\\ufffd"),
        (rb"\ud83d\\ude80", "\ufffd\\ude80"),
        (rb"\\ud83d\\ude80", r"\ud83d\ude80"),
        (rb"\u0000", "\0"),
    ],
)
def test_half_a_character_is_replaced_wherever_it_stands(written: bytes, text: str) -> None:
    assert load(b'{"%s": [{"text": "%s"}]}' % (written, written)) == {text: [{"text": text}]}
    text.encode()
