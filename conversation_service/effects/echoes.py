"""What the business's side wrote, reported by the platform."""

from collections.abc import Sequence

from conversation_service.database import Session
from conversation_service.effects.occurrence import Change, Occurrence


def apply(session: Session, occurrence: Occurrence) -> Sequence[Change]:
    """Nothing yet."""
    del session, occurrence
    return ()
