"""The customer has read up to a point: everything that was sent before it was read, too."""

from collections.abc import Sequence
from datetime import UTC, datetime

from conversation_service.database import Session
from conversation_service.effects.occurrence import Change, Occurrence
from conversation_service.outbox import echoes, proofs
from protos import conversation_pb2 as pb


def apply(session: Session, occurrence: Occurrence) -> Sequence[Change]:
    """Raise what the mark covers; one of a message that nobody knows counts once its sending is answered."""
    mark, account = occurrence.event.read_mark, occurrence.entry.key[:2]
    if provider_id := proofs.as_name(mark.provider_id):
        delivery = proofs.find(session, account, "", provider_id)
        if delivery is None:
            session.execute("keep_early_status", *account, provider_id, "read", None)
            return ()
        proofs.prove(session, delivery, "read", provider_id)
        session.execute("mark_read", str(delivery.conversation_id), delivery.out_seq, delivery.part, None)
        return echoes.judge(session, delivery.conversation_id)
    until = _time(mark)
    if until is not None and occurrence.conversation_id:
        session.execute("mark_read", occurrence.conversation_id, None, None, until)
    return ()


def _time(mark: pb.ReadMark) -> datetime | None:
    if not mark.HasField("until"):
        return None
    try:
        return mark.until.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None  # a platform's nonsense
