"""The customer changed an earlier message: it says the new text from now on, and the old one is kept beside it."""

from collections.abc import Sequence

from conversation_service.database import Session
from conversation_service.effects.occurrence import Change, Occurrence
from conversation_service.effects.stand_ins import edited
from conversation_service.effects.targets import changed, lock, target_of


def apply(session: Session, occurrence: Occurrence) -> Sequence[Change]:
    """Change the stored message, unless it is deleted or was edited later than this by the platform's clock."""
    new = edited(occurrence.event)
    if new is None:
        return ()
    # What the edit does not name, such as a caption's picture, stays.
    words = new.text, new.content, new.message_kind() if new.content else None, new.platform_time
    target = target_of(occurrence, occurrence.event.edit.target_key)
    return [
        changed(row)
        for ids in lock(session, target, occurrence.conversation_id)
        for row in session.execute("edit_message", *ids, *words)
    ]
