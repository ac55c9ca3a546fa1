"""A reply that is cut into parts: they share its place in the line, and end with the first that fails."""

import asyncio

import grpc
import grpc.aio
import pytest

from protos import conversation_pb2 as pb
from tests.conversation_service.outbox.senders import (
    Scope,
    Settle,
    accept,
    claim,
    outbox,
    queue,
    settle,
    split,
    states,
    status,
)


async def refused(service: object, delivery: pb.Delivery, *texts: str) -> str:
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await split(service, delivery, *texts)  # type: ignore[arg-type]
    return refusal.value.code().name


def test_parts_are_sent_one_after_another_before_the_next_reply(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service, "34600", "a b c", "next")
            sent = []
            for _ in range(4):
                (delivery,) = await claim(service)
                if delivery.text == "a b c":
                    await split(service, delivery, "a", "b", "c")
                    delivery.text = "a"
                sent.append((delivery.out_seq, delivery.part, delivery.text))
                await accept(service, delivery, f"wamid.{len(sent)}")
            assert sent == [(1, 0, "a"), (1, 1, "b"), (1, 2, "c"), (2, 0, "next")]
            assert await claim(service) == []

    asyncio.run(scenario())


def test_splitting_again_changes_nothing_and_otherwise_is_refused(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service, "34600", "a b")
            (delivery,) = await claim(service)
            await split(service, delivery, "a", "b")
            await split(service, delivery, "a", "b")
            assert states(service, "text", "state", "part") == [("a", "sending", 0), ("b", "queued", 1)]
            assert await refused(service, delivery, "a", "b", "c") == "FAILED_PRECONDITION"
            stale = pb.Delivery(id=delivery.id, fence=delivery.fence + 1)
            assert await refused(service, stale, "a", "b") == "FAILED_PRECONDITION"
            await accept(service, delivery, "wamid.1")
            assert await refused(service, delivery, "a", "b") == "FAILED_PRECONDITION"
            (part,) = await claim(service)
            assert await refused(service, part, "x", "y") == "FAILED_PRECONDITION"

    asyncio.run(scenario())


@pytest.mark.parametrize("texts", [(), ("one",), ("one", ""), tuple("x" * 301), ("one", "x" * 65_537)])
def test_texts_that_are_no_parts_are_refused(database_url: str, texts: tuple[str, ...]) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service)
            (delivery,) = await claim(service)
            assert await refused(service, delivery, *texts) == "INVALID_ARGUMENT"
            assert await refused(service, pb.Delivery(id="x"), "a", "b") == "INVALID_ARGUMENT"

    asyncio.run(scenario())


@pytest.mark.parametrize("late", [False, True])
def test_a_part_that_fails_ends_what_follows_of_its_reply_and_not_the_next_one(database_url: str, late: bool) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service, "34600", "a b c", "next")
            (delivery,) = await claim(service)
            await split(service, delivery, "a", "b", "c")
            if late:
                await accept(service, delivery, "wamid.1")
                await service.receive(status("failed", "wamid.1", reason="recipient"))
            else:
                await settle(service, delivery, rejected=Settle.Rejected(reason="recipient"))
            assert states(service, "state", "reason") == [
                ("dead", "recipient"),
                ("cancelled", "earlier_part_failed"),
                ("cancelled", "earlier_part_failed"),
                ("queued", None),
            ]
            assert [delivery.text for delivery in await claim(service)] == ["next"]

    asyncio.run(scenario())


def test_a_part_that_is_tried_again_keeps_its_place_and_its_text(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service, "34600", "a b", "next")
            (delivery,) = await claim(service)
            await split(service, delivery, "a", "b")
            await settle(service, delivery, not_accepted=Scope(error_code="4"))
            service.query("UPDATE deliveries SET run_at = now() WHERE part = 0 AND out_seq = 1")
            assert [(again.text, again.part, again.attempt) for again in await claim(service)] == [("a", 0, 2)]

    asyncio.run(scenario())


def test_what_is_split_after_a_person_has_taken_over_is_not_sent_any_further(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            conversation = queue(service, "34600", "a b")
            (delivery,) = await claim(service)
            request = pb.SetOwnerRequest(conversation_id=conversation, owner=pb.AUTHOR_HUMAN)
            await service.stub.SetOwner(request, timeout=5, metadata=service.peer.metadata())
            await split(service, delivery, "a", "b")
            assert states(service) == [("sending",), ("cancelled",)]
            assert (await settle(service, delivery, not_accepted=Scope(error_code="4"))).state == "cancelled"

    asyncio.run(scenario())
