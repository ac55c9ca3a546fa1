"""A customer of a messaging platform wrote STOP or START, and nothing else."""

from collections.abc import Sequence

from conversation_service import consent
from conversation_service.database import Session
from conversation_service.effects.occurrence import Change, Occurrence
from conversation_service.events import Entry


def is_meant(entry: Entry) -> bool:
    """Whether a message is such a word. On the web they mean nothing special."""
    return entry.surface == "messaging" and not entry.content and consent.word_of(entry.text) in _EFFECTS


def apply(session: Session, occurrence: Occurrence) -> Sequence[Change]:
    """Take the consent back, or give it."""
    word = consent.word_of(occurrence.entry.text)
    return _EFFECTS[word](session, occurrence.conversation_id) if word and occurrence.conversation_id else ()


_EFFECTS = {consent.STOP: consent.opt_out, consent.START: consent.opt_in}
