"""What is listed, as lines for a terminal. Any of it may be an attacker's, so only plain text gets through."""

import json
from datetime import datetime
from typing import Any

from conversation_service.dead_letters import Letter

_WIDTHS = {"id": 8, "received": 20, "created": 20, "wrote": 20, "channel": 10, "account": 18, "key": 48}
_WIDTHS |= {"conversation": 36, "owner": 9, "thread": 24}
_NARROW, _UUID = 8, 36


def heading(letter: Letter[Any]) -> str:
    """The names of the columns."""
    return "  ".join(name.upper().ljust(_width(name, letter)) for name in letter.fields).rstrip()


def as_row(letter: Letter[Any]) -> str:
    """One line, cut to fit, but for its last column."""
    *front, last = letter.fields
    cells = [_cell(letter.fields[name], _width(name, letter)) for name in front]
    return "  ".join([*cells, printable(_text(letter.fields[last]))]).rstrip()


def as_json(letter: Letter[Any], with_body: bool) -> str:
    """One line with everything in full."""
    fields = {name: _text(value) if isinstance(value, datetime) else value for name, value in letter.fields.items()}
    if with_body:
        fields["body"] = json.loads(letter.shown_body()) if letter.is_event else letter.shown_body()
    return json.dumps(fields)


def indented_body(letter: Letter[Any]) -> str:
    """What was written, below its row."""
    return "\n".join(f"    {printable(line)}" for line in letter.shown_body().split("\n"))


def printable(text: str) -> str:
    """Without anything that moves a cursor, colours a line or turns a direction."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def _width(name: str, letter: Letter[Any]) -> int:
    return _UUID if name == "id" and isinstance(letter.fields["id"], str) else _WIDTHS.get(name, _NARROW)


def _cell(value: object, width: int) -> str:
    text = printable(_text(value))
    return (text if len(text) <= width else f"{text[: width - 1]}…").ljust(width)


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return "" if value is None else str(value)
