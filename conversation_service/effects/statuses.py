"""What the platform says about messages of ours: it settles what nobody was sure of, and only ever rises."""

from collections.abc import Sequence

from conversation_service.database import Session
from conversation_service.effects.occurrence import Change, Occurrence
from conversation_service.events import clean
from conversation_service.outbox import echoes, proofs
from protos import conversation_pb2 as pb

_STATUSES = {
    pb.DeliveryStatus.STATE_SENT: "sent",
    pb.DeliveryStatus.STATE_DELIVERED: "delivered",
    pb.DeliveryStatus.STATE_READ: "read",
    pb.DeliveryStatus.STATE_FAILED: "failed",
}


def apply(session: Session, occurrence: Occurrence) -> Sequence[Change]:
    """Prove the delivery; a message that nobody knows may be one whose sending is not answered yet."""
    told = occurrence.event.status
    status = _STATUSES.get(told.state)
    if status is None:
        return ()
    account, provider_id = occurrence.entry.key[:2], proofs.as_name(told.provider_id)
    reason = clean(told.reason or told.error_code)[:200] if status == "failed" else ""
    delivery = proofs.find(session, account, told.delivery_id, provider_id)
    if delivery is not None:
        proofs.prove(session, delivery, status, provider_id, reason)
        return echoes.judge(session, delivery.conversation_id)
    if provider_id:
        session.execute("keep_early_status", *account, provider_id, status, reason or None)
    return ()
