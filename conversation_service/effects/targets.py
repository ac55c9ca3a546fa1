"""The stored message that an event is about: found by its event's key, and changed under its conversation's lock."""

from typing import Any

from conversation_service import messages
from conversation_service.database import Session
from conversation_service.effects.occurrence import Change, Occurrence
from conversation_service.events import clean


def target_of(occurrence: Occurrence, target_key: str) -> tuple[str, str, str]:
    """Channel, account and key of the event that brought the message."""
    channel, account, _key = occurrence.entry.key
    return channel, account, clean(target_key)


def lock(session: Session, target: tuple[str, str, str]) -> list[tuple[str, str]]:
    """The message and its conversation, whose lock is held then; empty where there is no such message.

    By a statement of its own: what the next one sees is what the lock protects.
    """
    return [(str(message), str(conversation)) for message, conversation in session.execute("lock_message", *target)]


def changed(row: tuple[Any, ...]) -> Change:
    """A row of a statement that changed a message: conversation, channel, account, then as sql/read_changes.sql."""
    conversation_id, channel, account, *message = row
    shown = messages.from_row(tuple(message))
    return Change((str(conversation_id), channel, account), rev=shown.rev, message=shown)
