"""A customer of a messaging platform wrote STOP or START, and nothing else."""

from collections.abc import Sequence

from conversation_service import consent
from conversation_service.database import Session
from conversation_service.effects.occurrence import Change, Occurrence
from conversation_service.events import Entry


def is_meant(entry: Entry) -> bool:
    """Whether a message is such a word, whatever it answers. On the web they mean nothing special."""
    is_word = entry.surface == "messaging" and consent.word_of(entry.text) in _EFFECTS
    return is_word and entry.parsed_content().keys() <= {"reply_to_key"}


def apply(session: Session, occurrence: Occurrence) -> Sequence[Change]:
    """Take the consent back, or give it."""
    word, conversation_id = consent.word_of(occurrence.entry.text), occurrence.conversation_id
    return _EFFECTS[word](session, conversation_id, occurrence.entry.platform_time) if word and conversation_id else ()


_EFFECTS = {consent.STOP: consent.opt_out, consent.START: consent.opt_in}
