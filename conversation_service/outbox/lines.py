"""A conversation's line of deliveries: locked before it is looked at, and moved on when its head has left."""

from typing import NamedTuple, Self
from uuid import UUID

from conversation_service.database import Row, Session

# How old a delivery may be that is tried at all, where the platform knows no reply window.
RETRY_SECONDS = 24 * 3600.0


class Held(NamedTuple):
    """A delivery whose conversation is locked, as it stands."""

    id: UUID
    conversation_id: UUID
    channel: str
    account: str
    message_id: UUID
    out_seq: int
    part: int
    text: str
    state: str
    fence: int
    attempts: int
    blind_resends: int
    provider_id: str | None
    status: str | None
    is_proven: bool
    outcome: str | None  # of the newest attempt
    unwanted: str | None  # why it is not to be sent any more
    seconds_left: float  # in which it may be tried
    account_failed: bool

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """A row of sql/read_delivery.sql."""
        return cls(*row)

    @property
    def holds_line(self) -> bool:
        return self.state in ("queued", "sending", "unknown")


def lock(session: Session, delivery_id: str | UUID) -> Held | None:
    """The delivery, once its conversation is locked; None where there is none.

    By a statement of its own: what the next one sees is what the lock protects.
    """
    session.execute("lock_line", str(delivery_id))
    rows = session.execute("read_delivery", str(delivery_id), RETRY_SECONDS)
    return Held.from_row(rows[0]) if rows else None


def change(
    session: Session,
    delivery: Held,
    state: str | None = None,
    reason: str | None = None,
    *,
    seconds: float | None = None,
    provider_id: str | None = None,
    status: str | None = None,
    attempts: int | None = None,
    blind_resends: int | None = None,
) -> None:
    """Write to its row what is given. `seconds`: until it is due."""
    values = state, reason, seconds, provider_id, status, attempts, blind_resends
    session.execute("change_delivery", str(delivery.id), *values)


def end(
    session: Session,
    delivery: Held,
    state: str,
    reason: str | None = None,
    provider_id: str | None = None,
    status: str | None = None,
) -> None:
    """It has left the line: the next one goes on, and the later parts of a reply that failed are not sent."""
    change(session, delivery, state, reason, provider_id=provider_id, status=status)
    if state in ("dead", "cancelled"):
        session.execute("cancel_later_parts", str(delivery.id))
    advance(session, delivery.conversation_id)


def advance(session: Session, conversation_id: str | UUID) -> None:
    """Let the head go, where it waited for another one."""
    session.execute("advance_line", str(conversation_id))
