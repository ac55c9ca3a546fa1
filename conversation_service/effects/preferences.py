"""The customer told the platform whether they want messages of the business."""

from collections.abc import Sequence

from conversation_service import consent
from conversation_service.database import Session
from conversation_service.effects.occurrence import Change, Occurrence

_ALL = {"", "all"}  # else it is about marketing, of which we send none


def apply(session: Session, occurrence: Occurrence) -> Sequence[Change]:
    """Keep to it, where it is about all messages."""
    preference = occurrence.event.preference
    if occurrence.conversation_id is None or preference.category not in _ALL:
        return ()
    change = consent.opt_out if preference.opted_out else consent.opt_in
    return change(session, occurrence.conversation_id, occurrence.entry.platform_time)
