"""The customer deleted an earlier message: what it said is blanked wherever it is stored, for good."""

from collections.abc import Sequence

from conversation_service.database import Session
from conversation_service.effects.occurrence import Change, Occurrence
from conversation_service.effects.targets import changed, lock, target_of


def apply(session: Session, occurrence: Occurrence) -> Sequence[Change]:
    """Blank it, and end its turn where nothing else is asked in it and nobody answers it yet."""
    target = target_of(occurrence, occurrence.event.deletion.target_key)
    locked = lock(session, target, occurrence.conversation_id)
    session.execute("bury_message", *target)
    changes = []
    for ids in locked:
        for row in session.execute("delete_message", *ids):
            changes.append(changed(row))
            changes += _silenced(session, changes[-1], turn_no=row[10])
    return changes


def _silenced(session: Session, change: Change, turn_no: int) -> list[Change]:
    ended = session.execute("silence_deleted", change.thread[0], turn_no)
    return [Change(change.thread, silent=(number, reason)) for number, reason in ended]
