"""A sender and a platform as a test plays them: replies that wait, claims, outcomes, and what platforms report."""

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from protos import conversation_pb2 as pb
from tests.conversation_service.harness import Client, Harness, running_service

Settle = pb.SettleDeliveryRequest
Scope = pb.SettleDeliveryRequest.NotAccepted

_QUEUE = """
WITH c AS (
    INSERT INTO conversations AS c
        (id, channel, account, thread_key, surface, next_seq, next_turn, next_rev, next_out, last_customer_at)
    VALUES (gen_random_uuid(), %s, %s, %s, 'messaging', 2, 2, 2, 2, now())
    ON CONFLICT (channel, account, thread_key) DO UPDATE SET next_seq = c.next_seq + 1, next_turn = c.next_turn + 1,
        next_rev = c.next_rev + 1, next_out = c.next_out + 1
    RETURNING *
), m AS (
    INSERT INTO messages (id, conversation_id, seq, rev, author, text, turn_no)
    SELECT gen_random_uuid(), id, next_seq - 1, next_rev - 1, %s, %s, next_turn - 1 FROM c RETURNING id, text
)
INSERT INTO deliveries (conversation_id, channel, account, out_seq, message_id, part, text)
SELECT c.id, channel, account, next_out - 1, m.id, 0, m.text FROM c, m RETURNING conversation_id::text
"""


@asynccontextmanager
async def outbox(url: str, **overrides: object) -> AsyncIterator[Harness]:
    """A service with nothing to send yet, whose own sweep is left to the test."""
    async with running_service(url, gather_seconds=0, **overrides) as service:
        yield service


def queue(
    service: Client,
    thread: str = "34600",
    *texts: str,
    channel: str = "whatsapp",
    account: str = "default",
    author: str = "assistant",
) -> str:
    """Replies that wait to be sent to this customer; their conversation."""
    conversation = ""
    for text in texts or ("hello",):
        ((conversation,),) = service.query(_QUEUE, channel, account, thread, author, text)
    return conversation


async def ask(service: Client, request: pb.ClaimDeliveriesRequest) -> pb.ClaimDeliveriesResponse:
    response: pb.ClaimDeliveriesResponse = await service.stub.ClaimDeliveries(
        request, timeout=5, metadata=service.peer.metadata()
    )
    return response


async def claim(service: Client, limit: int = 10, *channels: str, **terms: int) -> list[pb.Delivery]:
    """What one claim gives; `terms` are those of WhatsApp."""
    given = [pb.ChannelTerms(channel="whatsapp", **terms)] if terms else []
    request = pb.ClaimDeliveriesRequest(worker="test", limit=limit, channels=channels, terms=given)
    return list((await ask(service, request)).deliveries)


async def settle(service: Client, delivery: pb.Delivery, **outcome: object) -> pb.SettleDeliveryResponse:
    request = Settle(delivery_id=delivery.id, fence=delivery.fence, **outcome)  # type: ignore[arg-type]
    response: pb.SettleDeliveryResponse = await service.stub.SettleDelivery(
        request, timeout=5, metadata=service.peer.metadata()
    )
    return response


async def accept(service: Client, delivery: pb.Delivery, provider_id: str) -> pb.SettleDeliveryResponse:
    return await settle(service, delivery, accepted=Settle.Accepted(provider_id=provider_id))


async def lose(service: Client, delivery: pb.Delivery) -> pb.SettleDeliveryResponse:
    return await settle(service, delivery, unknown=Settle.Unknown(error_code="timeout"))


async def split(service: Client, delivery: pb.Delivery, *texts: str) -> None:
    request = pb.SplitDeliveryRequest(delivery_id=delivery.id, fence=delivery.fence, texts=texts)
    await service.stub.SplitDelivery(request, timeout=5, metadata=service.peer.metadata())


def event(thread: str = "34600", account: str = "default", key: str = "", **content: object) -> pb.Event:
    return pb.Event(
        channel="whatsapp",
        account=account,
        event_key=key or str(uuid.uuid4()),
        thread_key=thread,
        surface=pb.SURFACE_MESSAGING,
        **content,  # type: ignore[arg-type]
    )


def status(
    state: str,
    provider_id: str = "",
    delivery: pb.Delivery | None = None,
    reason: str = "",
    thread: str = "34600",
    account: str = "default",
) -> pb.Event:
    told = pb.DeliveryStatus(
        provider_id=provider_id,
        delivery_id=delivery.id if delivery else "",
        state=pb.DeliveryStatus.State.Value(f"STATE_{state.upper()}"),
        reason=reason,
        error_code="131026" if state == "failed" else "",
    )
    return event(thread, account, status=told)


def read_mark(provider_id: str = "", until: datetime | None = None) -> pb.Event:
    moment = None
    if until is not None:
        moment = Timestamp()
        moment.FromDatetime(until)
    return event(read_mark=pb.ReadMark(provider_id=provider_id, until=moment))


def echo(text: str, provider_id: str, origin: str = "", delivery: pb.Delivery | None = None) -> pb.Event:
    told = pb.Echo(
        provider_id=provider_id,
        delivery_id=delivery.id if delivery else "",
        content=pb.MessageContent(text=text),
        origin=pb.Echo.Origin.Value(f"ORIGIN_{origin.upper()}") if origin else pb.Echo.ORIGIN_UNSPECIFIED,
    )
    return event(echo=told)


def states(service: Client, *columns: str) -> list[tuple[object, ...]]:
    """Of all deliveries, in the order of their lines."""
    listed: Sequence[str] = columns or ("state",)
    return service.query(f"SELECT {', '.join(listed)} FROM deliveries ORDER BY channel, account, out_seq, part")
