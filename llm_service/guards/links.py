"""Finds everything in a text that is, or could pass for, a link, however it is written."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from llm_service.guards.cleaning import comparable

_TOP_LEVEL = frozenset((Path(__file__).parent / "top_level_domains.txt").read_text(encoding="utf-8").split())

# What looks like a dot or a slash and is folded into none by Unicode's compatibility forms.
_DOTS = str.maketrans(
    dict.fromkeys("\u3002\u2024\u2027\u00b7\u2219\u22c5\u2022", ".") | dict.fromkeys("\u2044\u2215", "/")
)
# evil[.]com, evil (dot) com, evil dot com, h t t p s : / /
_WRITTEN_DOT = re.compile(
    r"\s*[\[({<]\s*(?:\.|dot|punto|punkt|point)\s*[\])}>]\s*"
    r"|(?<=\w)\s+(?:dot|punto|punkt)\s+(?=(?:com|net|org|info|biz|io|shop|store|xyz|top)\b)"
)
_WRITTEN_AT = re.compile(r"\s*[\[({<]\s*(?:@|at|arroba)\s*[\])}>]\s*")
_SPACED_SCHEME = re.compile(r"\bh\s*[tx]\s*[tx]\s*p\s*(s?)\s*:\s*/\s*/\s*")
_SPACED_DOT = re.compile(r"(?<=[\w-]) \. ?(?=([^\W\d_]{2,})\b)")

# In this order: any scheme with slashes (hxxp and misspelt ones included), schemes without slashes, the start of a
# network path, addresses of e-mail, addresses of hosts and of machines. What may be long is tried from its beginning
# only, or a word without end would hold up all other replies.
_CANDIDATE = re.compile(
    r"[a-z][a-z0-9+.-]{0,20}:/{1,}\S*"
    r"|\b(?:mailto|data|file|blob|intent|whatsapp|tg|skype|magnet|bitcoin):\S+|\b(?:javascript|vbscript)\s*:\s*\S+"
    r"|(?<![\w:/])//\S+"
    r"|(?<![^\s@<>()\[\]\"\u201c\u201d«»])[^\s@<>()\[\]\"\u201c\u201d«»]+@[^\s@<>()\[\]\"\u201c\u201d«»]+"
    r"|\bwww\d*\.\S*"
    r"|(?<![\w.@-])(?:[\w-]+\.)+(?P<top>xn--[a-z0-9-]+|[^\W\d_]{2,})(?P<path>:\d+|[/?#][^\s]*)?"
    r"|(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?::\d+|[/?#]\S*)+|\blocalhost\b(?::\d+|/)\S*|\[[0-9a-f]*:[0-9a-f:]+\]"
)
_TARGET = re.compile(r"\]\s*\(\s*<?([^)\s>]*)|\]\s*:\s*<?([^\s>]+)|\]\s?\[")
# An address between angle brackets is a link like others; any other tag is markup.
_MARKUP = re.compile(r"!\[|<(?!https?://|mailto:|[^\s<>]+@)\s*[/!?]?[a-z]|<!|&#|&lt;")
_AROUND = "<>()[]{}\"'\u201c\u201d\u2018\u2019«»*_`,;:!?.…"


def links_in(text: str) -> Iterator[str]:
    """Each link of a text in the form in which links are compared."""
    plain = _plain(text)
    for match in _CANDIDATE.finditer(plain):
        if match["top"] is None or match["path"] or match["top"] in _TOP_LEVEL or match["top"].startswith("xn--"):
            yield _normal(match[0])
    for match in _TARGET.finditer(plain):
        yield _normal(match[1] or match[2] or match[0])


class Links:
    """The links that may be given to customers; made once, shared by all replies."""

    def __init__(self, allowed: Iterable[str]) -> None:
        """`allowed` as `links_in` gives them."""
        self._allowed = frozenset(allowed)

    def refuses(self, sentence: str) -> bool:
        """Whether the sentence holds a link that is not allowed, or markup, which could hide one."""
        if _MARKUP.search(comparable(sentence)):
            return True
        return any(link not in self._allowed for link in links_in(sentence))


def _plain(text: str) -> str:
    text = " ".join(comparable(text.translate(_DOTS)).translate(_DOTS).split())
    text = _SPACED_SCHEME.sub(r"http\1://", text)
    text = _WRITTEN_AT.sub("@", _WRITTEN_DOT.sub(".", text))
    return _SPACED_DOT.sub(lambda match: "." if match[1] in _TOP_LEVEL else match[0], text)


def _normal(link: str) -> str:
    """Without what surrounds it; https:// is left out, for people write addresses without it."""
    link = link.strip(_AROUND).split("](")[0].strip(_AROUND)
    return link.removeprefix("mailto:").removeprefix("https://").rstrip("/")
