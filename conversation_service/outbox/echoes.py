"""What the business's side wrote, as the platform reports it: one of our own deliveries, or a person's word.

Platforms report what we sent, too, often before our own call is answered. So what cannot be told is held as long as
anything of its conversation is under way.
"""

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from prometheus_client import Counter

from conversation_service import ownership
from conversation_service.database import Row, Session
from conversation_service.effects.occurrence import Change
from conversation_service.outbox import lines, proofs

_echoes = Counter("echoes_judged_total", "What the business's side wrote, by who it was.", ["writer"])

HOLD_SECONDS = 600.0
# Platforms name what we sent by other ids now and then; a person who says the same so soon after us says nothing new.
_SAME_SECONDS = 120.0
# How many letters of a text must be left to know it by, and how much of it.
_LEAST_LETTERS, _LEAST_SHARE = 20, 0.5


@dataclass(frozen=True)
class Echo:
    """One message of the business's side."""

    event_key: str
    provider_id: str
    origin: str  # unknown, ours or other
    text: str
    content: dict[str, Any] | None  # the contract's MessageContent without its text
    platform_time: datetime | None


def weigh(session: Session, thread: tuple[str, str], conversation_id: str, echo: Echo) -> Sequence[Change]:
    """Judge an echo whose id nobody knows, or hold it; its conversation is locked. `thread`: channel and account."""
    rows = session.execute("possible_origins", conversation_id, _SAME_SECONDS)
    match = _match(rows, echo)
    if match is not None and _is_open(match) and echo.origin != "other":
        _prove(session, match, echo)
        return judge(session, conversation_id)
    if any(row[3] in ("sending", "unknown") for row in rows):
        words = echo.origin, echo.text, json.dumps(echo.content) if echo.content else None, echo.platform_time
        session.execute("hold_echo", *thread, echo.event_key, conversation_id, echo.provider_id, *words)
        return ()
    return _decide(session, conversation_id, echo, match)


def judge(session: Session, conversation_id: str | UUID, seconds: float = HOLD_SECONDS) -> Sequence[Change]:
    """Judge what is held, once nothing of the conversation is under way, or so many seconds have passed.

    The conversation is locked.
    """
    changes: list[Change] = []
    for row in session.execute("take_echoes", str(conversation_id), seconds):
        echo = Echo(*row)
        rows = session.execute("possible_origins", str(conversation_id), seconds + _SAME_SECONDS)
        changes += _decide(session, str(conversation_id), echo, _match(rows, echo))
    return changes


def _decide(session: Session, conversation_id: str, echo: Echo, match: Row | None) -> Sequence[Change]:
    if match is not None:
        if not _is_open(match) or echo.origin != "other":
            _prove(session, match, echo)
        _echoes.labels("ours").inc()
        return ()
    if echo.origin == "ours":
        _echoes.labels("ours_unmatched").inc()
        return ()
    _echoes.labels("person").inc()
    words = echo.text, echo.content, echo.event_key, echo.platform_time
    return ownership.person_wrote(session, conversation_id, *words, reason="echo")


def _prove(session: Session, match: Row, echo: Echo) -> None:
    delivery = lines.lock(session, match[0])
    if delivery is not None and (_is_open(match) or not delivery.provider_id):
        proofs.prove(session, delivery, "sent", echo.provider_id)


def _match(rows: Sequence[Row], echo: Echo) -> Row | None:
    """The delivery that it repeats: the one of its id, else of its text, and then rather one that is not named yet."""
    if named := [row for row in rows if row[2] and row[2] == echo.provider_id]:
        return named[0]
    shown = normalised(echo.text)
    same = [row for row in rows if shown and _shows(shown, normalised(row[1]))]
    return min(same, key=lambda row: (normalised(row[1]) != shown, not _is_open(row), bool(row[2]))) if same else None


def _shows(shown: str, text: str) -> bool:
    """Whether that is what became of a text on its way: of Markdown, the addresses behind pictures and the like go."""
    if shown == text:
        return True
    if len(shown) < max(_LEAST_LETTERS, len(text) * _LEAST_SHARE):
        return False
    rest = iter(text)
    return all(letter in rest for letter in shown)


def _is_open(row: Row) -> bool:
    return row[3] in ("queued", "sending", "unknown", "parked")


def normalised(text: str) -> str:
    """What is left of a text on its way through a platform: its letters and digits. Marks, spaces and case are not."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(letter for letter in plain if letter.isalnum()) or "".join(plain.split())
