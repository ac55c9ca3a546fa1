"""Who answers a conversation: a person takes over, what they write is stored, and the assistant gets it back."""

import json
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from conversation_service.database import Database, Session
from conversation_service.effects.occurrence import Change
from conversation_service.effects.targets import changed
from conversation_service.events import clean, main_kind
from conversation_service.messages import AUTHORS
from conversation_service.people.joined import lock_joined
from protos import conversation_pb2 as pb

_AT_ONCE = 100


def take_over(session: Session, conversation_id: str, reason: str) -> list[Change] | None:
    """A person answers from now on: nothing that the assistant was about to say is said. None: no such conversation.

    That counts in all that are one with it. Within a transaction; safe to repeat.
    """
    joined = lock_joined(session, conversation_id)
    return [change for one in joined for change in _take_over(session, one, reason)] if joined else None


def _take_over(session: Session, conversation_id: str, reason: str) -> list[Change]:
    for channel, account, _surface, rev in session.execute("take_over", conversation_id, reason):
        thread = conversation_id, channel, account
        changes = [Change(thread, rev=rev, owner=pb.AUTHOR_HUMAN)] if rev else []
        # Of an owner who was there before, only what came since: the claims would find out one by one.
        ended = session.execute("silence_pending", conversation_id, "human_owner")
        session.execute("advance_line", conversation_id)
        return changes + [Change(thread, silent=(turn_no, "human_owner")) for (turn_no,) in ended]
    return []


def hand_back(session: Session, conversation_id: str, reason: str) -> list[Change]:
    """The assistant answers what comes from now on. Empty where it did already."""
    joined = lock_joined(session, conversation_id)
    return [_assistant(one, *row) for one in joined for row in session.execute("hand_back", one, reason)]


def person_wrote(
    session: Session,
    conversation_id: str,
    text: str,
    content: dict[str, Any] | None,
    event_key: str | None,
    platform_time: datetime | None,
    reason: str = "echo",
) -> list[Change]:
    """Store what a person of the shop wrote elsewhere; they own the conversation from now on.

    Within a transaction. `content` is the contract's MessageContent without its text, None where there is nothing else.
    """
    return _write(session, conversation_id, (text, content, event_key, platform_time), reason, is_to_be_sent=False)


def person_replies(session: Session, conversation_id: str, message_id: str, text: str, reason: str) -> list[Change]:
    """Store what a person of the shop wrote here, and have it sent. Within a transaction; empty: no conversation.

    Safe to repeat under the same `message_id`.
    """
    said = text, None, None, None
    return _write(session, conversation_id, said, reason, is_to_be_sent=True, message_id=message_id)


def _write(
    session: Session,
    conversation_id: str,
    said: tuple[Any, ...],
    reason: str,
    is_to_be_sent: bool,
    message_id: str | None = None,
) -> list[Change]:
    joined = lock_joined(session, conversation_id)
    if not joined:
        return []
    changes = [change for one in joined for change in _take_over(session, one, reason)]
    text, content, event_key, platform_time = said
    words = text, json.dumps(content) if content else None, event_key, platform_time, main_kind(content or {})
    rows = session.execute("say_as_person", joined[0], message_id or str(uuid.uuid4()), *words, is_to_be_sent)
    return changes + [changed(row) for row in rows]


class Handback:
    """Gives conversations back to the assistant when no person has written in them for some time."""

    def __init__(self, database: Database, hours: float, tell: Callable[[Change], None]) -> None:
        """`hours` 0: never."""
        self._database = database
        self._hours = hours
        self._tell = tell

    async def sweep(self) -> None:
        """Those whose time is over, in small batches."""
        while self._hours:
            rows = await self._database.run(
                lambda session: session.execute("hand_back_expired", self._hours * 3600, _AT_ONCE)
            )
            for row in rows:
                self._tell(_assistant(*row))
            if len(rows) < _AT_ONCE:
                return


def _assistant(conversation_id: object, channel: str, account: str, rev: int) -> Change:
    return Change((str(conversation_id), channel, account), rev=rev, owner=pb.AUTHOR_ASSISTANT)


async def set_owner(database: Database, request: pb.SetOwnerRequest) -> tuple[list[Change], pb.SetOwnerResponse] | None:
    """Do what `SetOwner` asks for, in one transaction. None: no such conversation."""

    def work(session: Session) -> tuple[list[Change], pb.SetOwnerResponse] | None:
        with session.transaction():
            if request.owner == pb.AUTHOR_HUMAN:
                changes = take_over(session, request.conversation_id, _reason(request)) or []
            else:
                changes = hand_back(session, request.conversation_id, _reason(request))
            for stays in lock_joined(session, request.conversation_id)[:1]:
                ((owner, rev),) = session.execute("read_owner", stays)
                return changes, pb.SetOwnerResponse(owner=AUTHORS[owner], rev=rev)
            return None

    return await database.run(work)


def _reason(request: pb.SetOwnerRequest) -> str:
    return clean(request.reason)[:255] or "command"
