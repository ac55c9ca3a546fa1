"""Deliveries: the intent before the bytes, one at a time, in order, and never again where they may have arrived."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import grpc.aio
import pytest

from protos import conversation_pb2 as pb
from tests.conversation_service.harness import Harness, platform_message, running_service

Settle = pb.SettleDeliveryRequest


@asynccontextmanager
async def with_replies(database_url: str, *threads: str) -> AsyncIterator[Harness]:
    """A service in which each of `threads` has one reply waiting to be sent."""
    async with running_service(database_url, gather_seconds=0) as service:
        for thread in threads:
            await answered(service, thread)
        yield service


async def answered(service: Harness, thread: str, count: int = 1) -> None:
    (receipt,) = await service.receive(platform_message(thread, "hello"))
    await service.replies(receipt.conversation_id, count, channel="whatsapp")


async def claim(service: Harness, limit: int = 10, *channels: str) -> list[pb.Delivery]:
    request = pb.ClaimDeliveriesRequest(worker="test", limit=limit, channels=channels)
    return list((await service.stub.ClaimDeliveries(request, timeout=5, metadata=service.peer.metadata())).deliveries)


async def settle(service: Harness, delivery: pb.Delivery, **outcome: object) -> pb.SettleDeliveryResponse:
    request = Settle(delivery_id=delivery.id, fence=delivery.fence, **outcome)  # type: ignore[arg-type]
    return await service.stub.SettleDelivery(request, timeout=5, metadata=service.peer.metadata())


def test_a_claim_commits_the_intent_before_anything_is_sent(database_url: str) -> None:
    async def scenario() -> None:
        async with with_replies(database_url, "34600") as service:
            (delivery,) = await claim(service)
            assert (delivery.thread_key, delivery.text, delivery.out_seq, delivery.attempt) == (
                "34600",
                "You asked: hello",
                1,
                1,
            )
            assert delivery.reply_to_key.startswith("wamid.")
            assert service.query("SELECT state, fence FROM deliveries") == [("sending", 1)]
            assert service.query("SELECT fence, outcome FROM delivery_attempts") == [(1, None)]
            assert await claim(service) == []

    asyncio.run(scenario())


def test_only_the_head_of_a_conversations_line_is_handed_out_and_others_do_not_wait(database_url: str) -> None:
    async def scenario() -> None:
        async with with_replies(database_url, "one", "two") as service:
            await answered(service, "one", 2)
            first = await claim(service)
            assert sorted((d.thread_key, d.out_seq) for d in first) == [("one", 1), ("two", 1)]
            (head,) = [delivery for delivery in first if delivery.thread_key == "one"]
            assert (await settle(service, head, unknown=Settle.Unknown(error_code="timeout"))).state == "unknown"
            assert await claim(service) == [], "an unknown outcome holds the line"
            accepted = Settle.Accepted(provider_id="wamid.out")
            assert (await settle(service, head, accepted=accepted)).state == "sent"
            assert [(d.thread_key, d.out_seq) for d in await claim(service)] == [("one", 2)]

    asyncio.run(scenario())


def test_a_delivery_is_handed_to_one_of_many_senders(database_url: str) -> None:
    async def scenario() -> None:
        async with with_replies(database_url, *(str(n) for n in range(10))) as service:
            claims = await asyncio.gather(*(claim(service, 3) for _ in range(12)))
            ids = [delivery.id for part in claims for delivery in part]
            ids += [delivery.id for delivery in await claim(service, 100)]
            assert len(ids) == len(set(ids)) == 10

    asyncio.run(scenario())


def test_what_was_surely_not_accepted_waits_at_least_as_long_as_it_was_told(database_url: str) -> None:
    async def scenario() -> None:
        async with with_replies(database_url, "34600") as service:
            (delivery,) = await claim(service)
            outcome = Settle.NotAccepted(error_code="131056", retry_after_ms=30_000)
            assert (await settle(service, delivery, not_accepted=outcome, http_status=400)).state == "queued"
            assert await claim(service) == []
            ((wait,),) = service.query("SELECT extract(epoch FROM run_at - now()) FROM deliveries")
            assert 25 < wait <= 31
            assert service.query("SELECT outcome, http_status, error_code FROM delivery_attempts") == [
                ("not_accepted", 400, "131056")
            ]

    asyncio.run(scenario())


def test_a_permanent_refusal_is_kept_with_its_reason_and_releases_the_line(database_url: str) -> None:
    async def scenario() -> None:
        async with with_replies(database_url, "34600") as service:
            await answered(service, "34600", 2)
            (delivery,) = await claim(service)
            outcome = Settle.Rejected(error_code="131047", reason="window_closed")
            assert (await settle(service, delivery, rejected=outcome)).state == "dead"
            assert service.query("SELECT reason FROM deliveries WHERE state = 'dead'") == [("window_closed",)]
            assert [d.out_seq for d in await claim(service)] == [2]

    asyncio.run(scenario())


def test_a_sender_that_falls_silent_leaves_an_unknown_outcome_never_a_queued_one(database_url: str) -> None:
    async def scenario() -> None:
        async with with_replies(database_url, "34600") as service:
            (delivery,) = await claim(service)
            service.query("UPDATE deliveries SET lease_until = now() - interval '1 s'")
            assert await claim(service) == []
            assert service.query("SELECT state FROM deliveries") == [("unknown",)]
            assert service.query("SELECT outcome FROM delivery_attempts") == [("expired",)]
            late = await settle(service, delivery, accepted=Settle.Accepted(provider_id="wamid.late"))
            assert (late.applied, late.state) == (True, "sent")

    asyncio.run(scenario())


def test_settling_again_or_under_a_stale_fence_changes_nothing(database_url: str) -> None:
    async def scenario() -> None:
        async with with_replies(database_url, "34600") as service:
            (delivery,) = await claim(service)
            accepted = Settle.Accepted(provider_id="wamid.1")
            assert (await settle(service, delivery, accepted=accepted)).applied
            assert (await settle(service, delivery, accepted=accepted)).applied, "a repeated call has the same answer"
            again = await settle(service, delivery, rejected=Settle.Rejected(reason="content"))
            assert (again.applied, again.state) == (False, "sent")
            delivery.fence += 1
            stale = await settle(service, delivery, accepted=Settle.Accepted(provider_id="wamid.2"))
            assert (stale.applied, stale.state) == (False, "sent")
            assert service.query("SELECT provider_id FROM deliveries") == [("wamid.1",)]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("identity", "code"),
    [("", "INVALID_ARGUMENT"), ("no-uuid", "INVALID_ARGUMENT"), ("00000000-0000-4000-8000-000000000000", "NOT_FOUND")],
)
def test_settling_what_does_not_exist_says_so(database_url: str, identity: str, code: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            with pytest.raises(grpc.aio.AioRpcError) as refusal:
                await settle(service, pb.Delivery(id=identity, fence=1), unknown=Settle.Unknown())
            assert refusal.value.code().name == code

    asyncio.run(scenario())
