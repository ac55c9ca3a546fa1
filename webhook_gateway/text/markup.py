"""Turns the Markdown that models write into what a platform shows."""

import re

from webhook_gateway.channels.channel import Capabilities

_FENCE = re.compile(r"^[ \t]*(```|~~~)[^\n]*$", re.MULTILINE)
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.+)$")
_RULE = re.compile(r"^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$")
_BULLET = re.compile(r"^([ \t]*)[*+][ \t]+")
# What needs a closing mark is bounded, for a text of nothing but opening marks must not cost the square of its length.
_IMAGE = re.compile(r"!\[([^\]\n]{0,500})\]\([^()\s]{1,2000}\)")
_LINK = re.compile(r"\[([^\]\n]{1,500})\]\(([^()\s]{1,2000})\)")
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^\s<>]{1,2000})>")
_CODE = re.compile(r"`([^`\n]{1,2000})`")
_BARE_LINK = re.compile(r"https?://\S+")
_BOLD_ITALIC = re.compile(r"\*{3}(?=\S)(.{1,1000}?)(?<=\S)\*{3}")
_BOLD = re.compile(r"\*\*(?=\S)(.{1,1000}?)(?<=\S)\*\*|(?<!\w)__(?=\S)(.{1,1000}?)(?<=\S)__(?!\w)")
# One star or underscore is a mark only around whole words: 2*3*4 and snake_case are neither.
_ITALIC = re.compile(
    r"(?<![\w*])\*(?=[^\s*])([^*\n]{1,1000}?)(?<=[^\s*])\*(?![\w*])|(?<!\w)_(?=[^\s_])([^_\n]{1,1000}?)(?<=[^\s_])_(?!\w)"
)
_STRIKE = re.compile(r"~~(?=\S)(.{1,1000}?)(?<=\S)~~")
# Stands for a mark while others are looked for; no text holds it, for it is removed first.
_HELD = "\ue000"
_HELD_AT = re.compile(f"{_HELD}(\\d+){_HELD}")


def render(text: str, capabilities: Capabilities) -> str:
    """`text` with the platform's marks in place of Markdown's; never longer than it was, in characters."""
    lines = []
    in_fence = False
    for line in text.replace(_HELD, "").split("\n"):
        if _FENCE.match(line):
            in_fence = not in_fence
        elif in_fence:
            lines.append(line)
        elif not _RULE.match(line):
            lines.append(_line(line, capabilities))
    return "\n".join(lines).strip() or text


def _line(line: str, capabilities: Capabilities) -> str:
    if heading := _HEADING.match(line):
        title = _inline(heading[1].rstrip().rstrip("#").rstrip(), capabilities)
        bold = capabilities.bold
        return title if not title or (bold and bold in title) else f"{bold}{title}{bold}"
    return _inline(_BULLET.sub(r"\1- ", line), capabilities)


def _inline(text: str, capabilities: Capabilities) -> str:
    held: list[str] = []

    def hold(value: str) -> str:
        """Nothing in it is a mark any more."""
        held.append(value)
        return f"{_HELD}{len(held) - 1}{_HELD}"

    text = _CODE.sub(lambda found: hold(found[1]), text)
    text = _IMAGE.sub(lambda found: hold(found[1]), text)
    text = _LINK.sub(lambda found: hold(_link(found[1], found[2])), text)
    text = _AUTOLINK.sub(lambda found: hold(found[1].removeprefix("mailto:")), text)
    text = _BARE_LINK.sub(lambda found: hold(found[0]), text)
    bold, italic = (mark and hold(mark) for mark in (capabilities.bold, capabilities.italic))
    text = _BOLD_ITALIC.sub(lambda found: f"{bold}{italic}{found[1]}{italic}{bold}", text)
    text = _BOLD.sub(lambda found: f"{bold}{found[1] or found[2]}{bold}", text)
    text = _ITALIC.sub(lambda found: f"{italic}{found[1] or found[2]}{italic}", text)
    text = _STRIKE.sub(lambda found: f"{capabilities.strike}{found[1]}{capabilities.strike}", text)
    return _restored(text, held)


def _restored(text: str, held: list[str]) -> str:
    """`text` with what stood there in place of the numbers; what is held holds only what was held before it."""
    return _HELD_AT.sub(lambda found: _restored(held[int(found[1])], held), text)


def _link(title: str, address: str) -> str:
    shown = address.removeprefix("mailto:").removeprefix("tel:")
    return shown if title in (address, shown) else f"{title} ({shown})"
