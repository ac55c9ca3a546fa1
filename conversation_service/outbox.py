"""What is still to be sent: claimed with its intent committed, settled under a fence, never twice without a reason."""

import random
from datetime import timedelta
from typing import Any

import peewee
from google.protobuf.timestamp_pb2 import Timestamp
from prometheus_client import Counter

from conversation_service.database import Database, Session
from conversation_service.events import clean
from conversation_service.models import Conversation, Delivery, DeliveryAttempt
from protos import conversation_pb2 as pb

_settled = Counter("deliveries_settled_total", "Claims of deliveries by what became of them.", ["outcome"])

_DEFAULT_LIMIT, _MAX_LIMIT = 10, 100
_LEASE_SECONDS = 30.0
# Surely not accepted: again after 1 s, doubled each time up to 5 min, with jitter so that a recovering platform is not
# hit by everybody at once.
_BACKOFF_SECONDS = (1.0, 300.0)


class Outbox:
    """Hands deliveries to senders and takes their outcomes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, request: pb.ClaimDeliveriesRequest) -> list[pb.Delivery]:
        """At most the head of each conversation's line; expired claims become unknown first."""
        limit = min(max(request.limit, 0) or _DEFAULT_LIMIT, _MAX_LIMIT)

        def work(session: Session) -> list[tuple[Any, ...]]:
            session.execute("expire_deliveries")
            return session.execute("claim_deliveries", limit, request.worker, _LEASE_SECONDS, list(request.channels))

        return [_delivery(row) for row in await self._database.run(work)]

    async def settle(self, request: pb.SettleDeliveryRequest) -> pb.SettleDeliveryResponse:
        """Record the outcome; a stale fence, and an outcome that is there already, change nothing."""
        return await self._database.run(lambda session: _settle(session, request))


def _settle(session: Session, request: pb.SettleDeliveryRequest) -> pb.SettleDeliveryResponse:
    with session.transaction():
        delivery = Delivery.get_or_none(Delivery.id == request.delivery_id)
        if delivery is None:
            return pb.SettleDeliveryResponse(state="", applied=False)
        # The lock order of the whole service: the conversation before anything that belongs to it.
        Conversation.select(Conversation.id).where(Conversation.id == delivery.conversation_id).for_update().execute()
        delivery = Delivery.select().where(Delivery.id == request.delivery_id).for_update().get()
        # A late outcome is worth more than the guess that replaced it: an expired claim is unknown, not settled.
        outcome = request.WhichOneof("outcome")
        if delivery.fence != request.fence or delivery.state not in ("sending", "unknown"):
            again = delivery.fence == request.fence and delivery.state == _STATES[outcome]
            return pb.SettleDeliveryResponse(state=delivery.state, applied=again)
        changes = _CHANGES[outcome](delivery, getattr(request, outcome))
        Delivery.update(settled_at=peewee.fn.clock_timestamp(), lease_until=None, **changes).where(
            Delivery.id == delivery.id
        ).execute()
        _note_attempt(request, outcome)
        if changes["state"] == "dead":
            _cancel_later_parts(delivery)
    _settled.labels(outcome).inc()
    return pb.SettleDeliveryResponse(state=changes["state"], applied=True)


def _accepted(delivery: Delivery, outcome: pb.SettleDeliveryRequest.Accepted) -> dict[str, Any]:
    # A status may have come before the answer to the send, and never goes back.
    return {"state": "sent", "status": delivery.status or "sent", "provider_id": clean(outcome.provider_id) or None}


def _not_accepted(delivery: Delivery, outcome: pb.SettleDeliveryRequest.NotAccepted) -> dict[str, Any]:
    first, longest = _BACKOFF_SECONDS
    seconds = min(first * 2 ** min(delivery.attempts, 16), longest) * random.uniform(0.5, 1)  # noqa: S311 - jitter
    if outcome.retry_after_ms > 0:
        seconds = max(seconds, min(outcome.retry_after_ms / 1000, longest))
    return {"state": "queued", "run_at": peewee.fn.clock_timestamp() + timedelta(seconds=seconds)}


def _rejected(_delivery: Delivery, outcome: pb.SettleDeliveryRequest.Rejected) -> dict[str, Any]:
    return {"state": "dead", "reason": clean(outcome.reason or outcome.error_code) or "rejected"}


def _unknown(_delivery: Delivery, _outcome: pb.SettleDeliveryRequest.Unknown) -> dict[str, Any]:
    return {"state": "unknown"}


_STATES = {"accepted": "sent", "not_accepted": "queued", "rejected": "dead", "unknown": "unknown"}
_CHANGES: dict[str, Any] = {
    "accepted": _accepted,
    "not_accepted": _not_accepted,
    "rejected": _rejected,
    "unknown": _unknown,
}


def _note_attempt(request: pb.SettleDeliveryRequest, outcome: str) -> None:
    DeliveryAttempt.update(
        settled_at=peewee.fn.clock_timestamp(),
        outcome=outcome,
        http_status=request.http_status or None,
        error_code=clean(getattr(getattr(request, outcome), "error_code", "")) or None,
    ).where((DeliveryAttempt.delivery == request.delivery_id) & (DeliveryAttempt.fence == request.fence)).execute()


def _cancel_later_parts(delivery: Delivery) -> None:
    Delivery.update(state="cancelled", reason="earlier_part_failed").where(
        (Delivery.message == delivery.message_id) & (Delivery.part > delivery.part) & (Delivery.state == "queued")
    ).execute()


def _delivery(row: tuple[Any, ...]) -> pb.Delivery:
    (
        identity,
        fence,
        conversation_id,
        channel,
        account,
        thread_key,
        out_seq,
        part,
        text,
        reply_to,
        attempt,
        lease,
        request_id,
    ) = row
    lease_until = Timestamp()
    lease_until.FromDatetime(lease)
    return pb.Delivery(
        id=str(identity),
        fence=fence,
        conversation_id=str(conversation_id),
        channel=channel,
        account=account,
        thread_key=thread_key,
        out_seq=out_seq,
        part=part,
        text=text,
        reply_to_key=reply_to,
        attempt=attempt,
        lease_until=lease_until,
        request_id=request_id,
    )
