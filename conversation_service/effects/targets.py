"""The stored message that an event is about: found by its event's key and changed under its conversation's lock."""

from typing import Any

from conversation_service import messages
from conversation_service.database import Session
from conversation_service.effects.occurrence import Change, Occurrence
from conversation_service.events import clean


def target_of(occurrence: Occurrence, target_key: str) -> tuple[str, str, str]:
    """Channel, account and key of the event that brought the message."""
    channel, account, _key = occurrence.entry.key
    return channel, account, clean(target_key)


def lock(session: Session, target: tuple[str, str, str], conversation_id: str | None) -> list[tuple[str, str]]:
    """The message and its conversation, whose lock is held then; empty where there is no such message.

    By a statement of its own: what the next one sees is what the lock protects. `conversation_id`: of the event's
    thread, None where there is none; it is looked through where the event's key is forgotten.
    """
    rows = session.execute("lock_message", *target, conversation_id)
    return [(str(message), str(conversation)) for message, conversation in rows]


def changed(row: tuple[Any, ...]) -> Change:
    """A row of a statement that changed a message: conversation, channel, account, then as sql/read_changes.sql."""
    conversation_id, channel, account, *message = row
    shown = messages.from_row(tuple(message))
    return Change((str(conversation_id), channel, account), rev=shown.rev, message=shown)
