"""The customer changed an earlier message: it says the new text from now on, and the old one is kept beside it."""

from collections.abc import Sequence
from dataclasses import replace

from conversation_service.database import Session
from conversation_service.effects import words
from conversation_service.effects.occurrence import Change, Occurrence
from conversation_service.effects.stand_ins import edited
from conversation_service.effects.targets import changed, lock, target_of


def apply(session: Session, occurrence: Occurrence) -> Sequence[Change]:
    """Change the stored message, unless it is deleted or was edited later than this by the platform's clock."""
    new = edited(occurrence.event)
    if new is None:
        return ()
    # What the edit does not name, such as a caption's picture, stays.
    said = new.text, new.content, new.message_kind() if new.content else None, new.platform_time
    target = target_of(occurrence, occurrence.event.edit.target_key)
    changes = [
        changed(row)
        for ids in lock(session, target, occurrence.conversation_id)
        for row in session.execute("edit_message", *ids, *said)
    ]
    if changes and words.is_meant(new):  # STOP, once its spelling was mended
        changes += words.apply(session, replace(occurrence, entry=new, conversation_id=changes[0].thread[0]))
    return changes
