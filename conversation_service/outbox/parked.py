"""Deliveries that wait for a person, because nobody knows whether they arrived."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from conversation_service.database import Database, Row, Session
from conversation_service.outbox import lines
from protos import conversation_pb2 as pb

FIRST: tuple[object, ...] = (datetime(1, 1, 1, tzinfo=UTC), str(UUID(int=0)))
_DEFAULT_LIMIT, _MOST = 100, 1000


def read(
    session: Session,
    after: tuple[object, ...],
    limit: int,
    ids: Sequence[str] = (),
    bodies: bool = False,
    channels: Sequence[str] = (),
) -> list[Row]:
    """Rows of sql/list_parked.sql behind the position `after`."""
    return session.execute("list_parked", *after, list(ids), limit, bodies, list(channels))


async def list_parked(database: Database, request: pb.ListParkedRequest) -> pb.ListParkedResponse:
    """Oldest first. Raises ValueError with what is wrong with the request."""
    if not 0 <= request.limit <= _MOST:
        raise ValueError(f"limit must be from 1 to {_MOST}, or 0 for {_DEFAULT_LIMIT}")
    channels, limit = list(request.channels), request.limit or _DEFAULT_LIMIT
    rows = await database.run(lambda session: read(session, FIRST, limit, bodies=True, channels=channels))
    return pb.ListParkedResponse(deliveries=[_shown(row) for row in rows])


def resolve(session: Session, delivery_id: str, resend: bool) -> pb.ResolveParkedResponse:
    """Send it once more, or not any more; without a state where there is no such delivery."""
    with session.transaction():
        delivery = lines.lock(session, delivery_id)
        if delivery is None or delivery.state != "parked":
            return pb.ResolveParkedResponse(state=delivery.state if delivery else "", applied=False)
        if resend:
            session.execute("resend_delivery", str(delivery.id))
        else:
            lines.end(session, delivery, "cancelled", "dropped")
    return pb.ResolveParkedResponse(state="queued" if resend else "cancelled", applied=True)


def _shown(row: Row) -> pb.ParkedDelivery:
    identity, created, channel, account, conversation, _out_seq, _attempts, _size, reason, text = row
    created_at = Timestamp()
    created_at.FromDatetime(created)
    return pb.ParkedDelivery(
        id=str(identity),
        channel=channel,
        account=account,
        conversation_id=str(conversation),
        text=text or "",
        reason=reason or "",
        created_at=created_at,
    )
