"""The customer's name at the platform changed."""

from collections.abc import Sequence

from conversation_service.database import Session
from conversation_service.effects.occurrence import Change, Occurrence


def apply(session: Session, occurrence: Occurrence) -> Sequence[Change]:
    """Nothing more: people/changes.py did it before the event was given a conversation."""
    del session, occurrence
    return ()
