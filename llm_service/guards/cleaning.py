"""Takes out of text what cannot be seen or stored: tags, direction overrides, control characters, half surrogates."""

import re
import unicodedata

# The zero-width joiners stay, for emoji and Persian need them. Tag characters and variation selectors beyond the first
# sixteen carry hidden text; direction overrides show one address and lead to another; Postgres refuses NUL.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff"
    "\ue000-\uf8ff\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_JOINERS = re.compile("[\u200c\u200d\ufe00-\ufe0f]")


def clean(text: str) -> str:
    """The text as it may be shown and stored; newlines stay."""
    if text.isascii() and text.isprintable():
        return text
    if _HALF_PAIR.search(text):
        # Two halves that arrived in different chunks make a whole character again; a lone one goes.
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")
    return _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\u2028", "\n").replace("\u2029", "\n"))


def comparable(text: str) -> str:
    """The text without differences that a reader does not see: case, compatibility forms, joiners."""
    if text.isascii():
        return clean(text).lower()
    return unicodedata.normalize("NFKC", _JOINERS.sub("", clean(text))).casefold()
