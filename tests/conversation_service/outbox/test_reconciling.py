"""Sends of which nobody heard again: proven, sent once more, or left to a person, and never more than one copy."""

import asyncio

import grpc
import grpc.aio
import pytest
from prometheus_client import REGISTRY

from protos import conversation_pb2 as pb
from tests.conversation_service.harness import Harness, eventually
from tests.conversation_service.outbox.senders import (
    Scope,
    accept,
    claim,
    echo,
    lose,
    outbox,
    queue,
    settle,
    split,
    states,
    status,
)
from tests.conversation_service.races.gates import CONVERSATIONS, gate

# What a test may wait for: both times are over at once, or never.
SOON, NEVER = 0.001, 3600.0
LONG_AGO = "UPDATE deliveries SET run_at = now() - interval '1 day'"


def resent(channel: str = "whatsapp") -> float:
    return REGISTRY.get_sample_value("deliveries_resent_total", {"channel": channel}) or 0


async def becomes(service: Harness, *expected: str) -> None:
    wanted = [(state,) for state in expected]
    await eventually(lambda: asyncio.sleep(0.02, states(service)), wanted.__eq__)


async def list_parked(service: Harness, *channels: str, limit: int = 0) -> list[pb.ParkedDelivery]:
    request = pb.ListParkedRequest(channels=channels, limit=limit)
    return list((await service.stub.ListParked(request, timeout=5, metadata=service.peer.metadata())).deliveries)


async def resolve(service: Harness, identity: str, decision: str) -> pb.ResolveParkedResponse:
    request = pb.ResolveParkedRequest(
        delivery_id=identity, decision=pb.ResolveParkedRequest.Decision.Value(f"DECISION_{decision}")
    )
    response: pb.ResolveParkedResponse = await service.stub.ResolveParked(
        request, timeout=5, metadata=service.peer.metadata()
    )
    return response


def test_without_any_proof_it_is_sent_once_more_and_then_parked(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url, delivery_proof_seconds=SOON, delivery_silence_seconds=SOON) as service:
            before = resent()
            queue(service, "34600", "one", "two")
            (delivery,) = await claim(service)
            await lose(service, delivery)
            await becomes(service, "queued", "queued")
            (again,) = await claim(service)
            assert (again.id, again.text, again.attempt) == (delivery.id, "one", 2), "at the head of its line"
            await lose(service, again)
            await becomes(service, "parked", "queued")
            assert states(service, "reason", "blind_resends")[0] == ("unknown_again", 1)
            assert resent() == before + 1
            assert [each.text for each in await claim(service)] == ["two"], "a parked one releases the line"

    asyncio.run(scenario())


def test_proofs_of_later_sends_shorten_the_wait_and_silence_does_not(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url, delivery_proof_seconds=SOON, delivery_silence_seconds=NEVER) as service:
            queue(service, "34600", "lost")
            queue(service, "34700", "lost, too", account="second")
            for delivery in await claim(service):
                await lose(service, delivery)
            queue(service, "34800", "later")
            (later,) = await claim(service)
            await service.app._outbox.reconcile()
            assert states(service) == [("unknown",), ("sending",), ("unknown",)]
            await service.receive(status("sent", delivery=later))
            await eventually(
                lambda: asyncio.sleep(0.02, states(service, "account", "state", "text")),
                lambda found: ("default", "queued", "lost") in found,
            )
            assert ("second", "unknown", "lost, too") in states(service, "account", "state", "text")

    asyncio.run(scenario())


def test_the_proof_of_an_earlier_send_says_nothing_about_a_later_one(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url, delivery_proof_seconds=SOON, delivery_silence_seconds=NEVER) as service:
            queue(service, "34600")
            (earlier,) = await claim(service)
            queue(service, "34700")
            (later,) = await claim(service)
            await lose(service, later)
            await service.receive(status("sent", delivery=earlier))
            await service.app._outbox.reconcile()
            assert sorted(states(service)) == [("sent",), ("unknown",)]

    asyncio.run(scenario())


def test_a_proof_in_time_spares_the_copy(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url, delivery_silence_seconds=NEVER) as service:
            queue(service)
            (delivery,) = await claim(service)
            await lose(service, delivery)
            await service.app._outbox.reconcile()
            await service.receive(status("delivered", "wamid.1", delivery))
            service.query("UPDATE deliveries SET run_at = now() - interval '1 day'")
            await service.app._outbox.reconcile()
            assert states(service, "state", "blind_resends") == [("sent", 0)]

    asyncio.run(scenario())


def test_where_persons_are_to_decide_it_is_parked_at_once(database_url: str) -> None:
    async def scenario() -> None:
        waits = {"delivery_proof_seconds": SOON, "delivery_silence_seconds": SOON}
        async with outbox(database_url, unknown_deliveries="park", **waits) as service:
            queue(service, "34600", "one", "two")
            (delivery,) = await claim(service)
            await service.receive(echo("a person's", "m_3", "other"))
            await lose(service, delivery)
            await becomes(service, "parked", "cancelled")
            assert states(service, "reason", "blind_resends")[0] == ("unknown", 0)
            assert service.query("SELECT owner FROM conversations") == [("human",)], "the echo was judged"

    asyncio.run(scenario())


@pytest.mark.parametrize("taken_over", [False, True])
def test_a_sender_that_died_leaves_an_unknown_delivery_which_is_sent_once_more_unless_a_person_has_taken_over(
    database_url: str, taken_over: bool
) -> None:
    async def scenario() -> None:
        async with outbox(database_url, delivery_proof_seconds=SOON, delivery_silence_seconds=SOON) as service:
            conversation = queue(service)
            await claim(service)
            if taken_over:
                request = pb.SetOwnerRequest(conversation_id=conversation, owner=pb.AUTHOR_HUMAN)
                await service.stub.SetOwner(request, timeout=5, metadata=service.peer.metadata())
            service.query("UPDATE deliveries SET lease_until = now() - interval '1 s'")
            await becomes(service, "cancelled" if taken_over else "queued")
            assert service.query("SELECT outcome FROM delivery_attempts") == [("expired",)]

    asyncio.run(scenario())


def test_parked_deliveries_are_listed_and_resolved(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service, "34600", "one", "two")
            queue(service, "34700", "three", channel="telegram")
            service.query("UPDATE deliveries SET state = 'parked', reason = 'unknown', fence = 1 WHERE text <> 'two'")
            service.query("UPDATE deliveries SET created_at = created_at - interval '25 h' WHERE text = 'one'")
            found = await list_parked(service)
            assert [(each.channel, each.text, each.reason) for each in found] == [
                ("whatsapp", "one", "unknown"),
                ("telegram", "three", "unknown"),
            ]
            assert [each.text for each in await list_parked(service, "telegram")] == ["three"]
            assert len(await list_parked(service, limit=1)) == 1
            (two,) = await claim(service)
            first = await resolve(service, found[0].id, "RESEND")
            assert (first.state, first.applied) == ("queued", True)
            assert (await resolve(service, found[0].id, "DROP")).applied is False
            assert await claim(service) == [], "one after another, also where a person has decided"
            await accept(service, two, "wamid.2")
            assert [each.text for each in await claim(service)] == ["one"]
            dropped = await resolve(service, found[1].id, "DROP")
            assert (dropped.state, dropped.applied) == ("cancelled", True)
            assert await list_parked(service) == []

    asyncio.run(scenario())


def test_what_a_person_has_sent_again_is_tried_as_long_as_any_other_and_so_are_its_parts(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service, "34600", "a b")
            service.query("UPDATE deliveries SET state = 'parked', fence = 1, created_at = now() - interval '25 h'")
            (found,) = await list_parked(service)
            await resolve(service, found.id, "RESEND")
            (first,) = await claim(service)
            assert (await settle(service, first, not_accepted=Scope(error_code="4"))).state == "queued"
            service.query("UPDATE deliveries SET run_at = now()")
            (second,) = await claim(service)
            await split(service, second, "a", "b")
            await accept(service, second, "wamid.1")
            assert [delivery.text for delivery in await claim(service)] == ["b"]

    asyncio.run(scenario())


def test_dropping_a_part_drops_what_follows_of_its_reply(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service, "34600", "a")
            (delivery,) = await claim(service)
            service.query("UPDATE deliveries SET state = 'parked'")
            service.query(
                "INSERT INTO deliveries (conversation_id, channel, account, out_seq, message_id, part, text) "
                "SELECT conversation_id, channel, account, out_seq, message_id, 1, 'b' FROM deliveries"
            )
            await resolve(service, delivery.id, "DROP")
            assert states(service) == [("cancelled",), ("cancelled",)]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("identity", "decision", "code"),
    [
        ("x", "RESEND", "INVALID_ARGUMENT"),
        ("00000000-0000-4000-8000-000000000000", "UNSPECIFIED", "INVALID_ARGUMENT"),
        ("00000000-0000-4000-8000-000000000000", "DROP", "NOT_FOUND"),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused(database_url: str, identity: str, decision: str, code: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            with pytest.raises(grpc.aio.AioRpcError) as refusal:
                await resolve(service, identity, decision)
            assert refusal.value.code().name == code
            with pytest.raises(grpc.aio.AioRpcError, match="limit must be"):
                await list_parked(service, limit=1001)

    asyncio.run(scenario())


def test_a_proof_of_a_parked_delivery_spares_the_person_the_decision(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service)
            (delivery,) = await claim(service)
            service.query("UPDATE deliveries SET state = 'parked'")
            await service.receive(status("sent", "wamid.1", delivery))
            assert states(service) == [("sent",)]

    asyncio.run(scenario())


def test_one_conversation_that_somebody_holds_does_not_keep_the_sweep_from_the_others(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url, delivery_proof_seconds=NEVER, delivery_silence_seconds=NEVER) as service:
            held, other = queue(service, "34600"), queue(service, "34700")
            for delivery in await claim(service):
                await lose(service, delivery)
            service.query(
                "UPDATE deliveries SET created_at = now() - interval '1 day' WHERE conversation_id = %s", held
            )
            async with gate(service, CONVERSATIONS, [held]) as closed:
                service.query(LONG_AGO)
                await closed.holds(1)
                wanted = ("SELECT state FROM deliveries WHERE conversation_id = %s", other)
                await eventually(lambda: asyncio.sleep(0.05, service.query(*wanted)), [("queued",)].__eq__)

    asyncio.run(scenario())
