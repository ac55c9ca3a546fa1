"""What is decided in a conversation counts in those that became one with it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from protos import conversation_pb2 as pb
from tests.conversation_service.effects.events import message, platform_event
from tests.conversation_service.effects.test_interventions import run
from tests.conversation_service.effects.test_ownership import set_owner
from tests.conversation_service.effects.test_people import BSUID, PHONE, receive, written
from tests.conversation_service.harness import Harness
from tests.conversation_service.outbox.senders import accept, claim, echo, outbox
from tests.conversation_service.races.rest import at_rest

OTHER = "DE.other"


async def join(service: Harness, *names: tuple[str, str]) -> str:
    """The names turn out to be one person's."""
    return await receive(service, written(f"both {names}", *names))


@asynccontextmanager
async def two(url: str) -> AsyncIterator[tuple[Harness, str, str]]:
    """Two conversations of one person of which nobody knows it yet, with a reply that waits in each."""
    async with outbox(url) as service:
        older = await receive(service, written("a", ("phone", PHONE)))
        newer = await receive(service, written("b", ("bsuid", BSUID)))
        await at_rest(service)
        yield service, older, newer


def of_them(event: pb.Event, thread: str) -> pb.Event:
    event.thread_key = thread
    return event


def queued(service: Harness, conversation: str) -> list[tuple[str, str | None]]:
    return service.query(
        "SELECT state, reason FROM deliveries WHERE conversation_id = %s ORDER BY out_seq", conversation
    )


@pytest.mark.parametrize("is_newer", [True, False])
def test_a_person_who_owns_one_of_two_owns_both(database_url: str, is_newer: bool) -> None:
    async def scenario() -> None:
        async with two(database_url) as (service, older, newer):
            await set_owner(service, newer if is_newer else older, pb.AUTHOR_HUMAN, "echo")
            assert await join(service, ("phone", PHONE), ("bsuid", BSUID)) == older
            await at_rest(service)
            owners = service.query("SELECT DISTINCT owner, owner_reason, human_at IS NULL FROM conversations")
            assert owners == [("human", "echo", False)]
            assert queued(service, older) == queued(service, newer) == [("cancelled", "human_owner")]
            ends = "SELECT state, reason FROM turns WHERE conversation_id = %s ORDER BY turn_no"
            assert service.query(ends, older) == [("done", None), ("silent", "human_owner")]

    asyncio.run(scenario())


def test_what_waits_to_be_sent_in_the_one_that_was_left_ends_with_stop(database_url: str) -> None:
    async def scenario() -> None:
        async with two(database_url) as (service, older, newer):
            await join(service, ("phone", PHONE), ("bsuid", BSUID))
            assert queued(service, newer) == [("queued", None)]
            assert await receive(service, message(PHONE, "STOP", "s")) == older
            assert queued(service, newer) == [("cancelled", "opted_out")]
            assert await claim(service) == []

    asyncio.run(scenario())


def test_a_stop_that_ends_a_turn_of_the_other_is_told_with_its_own_conversation(database_url: str) -> None:
    async def scenario() -> None:
        async with two(database_url) as (service, older, newer):
            await join(service, ("phone", PHONE), ("bsuid", BSUID))
            await at_rest(service)
            service.query("UPDATE turns SET state = 'pending', run_at = 'infinity' WHERE conversation_id = %s", newer)
            (receipt,) = await service.receive(message(PHONE, "STOP", "s"))
            assert (receipt.conversation_id, receipt.seq, receipt.rev) == (older, 5, 5)
            ends = "SELECT reason FROM turns WHERE conversation_id = %s"
            assert service.query(ends, newer) == [("opted_out",)]

    asyncio.run(scenario())


def test_what_waits_to_be_sent_in_the_one_that_was_left_ends_with_a_merge_into_an_opt_out(database_url: str) -> None:
    async def scenario() -> None:
        async with two(database_url) as (service, _older, newer):
            out = pb.Preference(opted_out=True)
            await service.receive(platform_event(PHONE, "preference:1", preference=out))
            await join(service, ("phone", PHONE), ("bsuid", BSUID))
            assert queued(service, newer) == [("cancelled", "opted_out")]

    asyncio.run(scenario())


@pytest.mark.parametrize("by", ["newer", "older"])
def test_taking_over_and_handing_back_count_in_both_by_either_id(database_url: str, by: str) -> None:
    async def scenario() -> None:
        async with two(database_url) as (service, older, newer):
            await join(service, ("phone", PHONE), ("bsuid", BSUID))
            await at_rest(service)
            asked = newer if by == "newer" else older
            taken = await set_owner(service, asked, pb.AUTHOR_HUMAN)
            assert service.query("SELECT DISTINCT owner FROM conversations") == [("human",)]
            assert (taken.rev,) in service.query("SELECT owner_rev FROM conversations WHERE id = %s", older)
            assert queued(service, newer) == [("cancelled", "human_owner")]
            await set_owner(service, asked, pb.AUTHOR_ASSISTANT)
            assert service.query("SELECT DISTINCT owner FROM conversations") == [("assistant",)]

    asyncio.run(scenario())


def test_what_waits_to_be_sent_in_the_one_that_was_left_ends_with_close(database_url: str) -> None:
    async def scenario() -> None:
        async with two(database_url) as (service, older, newer):
            await join(service, ("phone", PHONE), ("bsuid", BSUID))
            await at_rest(service)
            await run(service, "close", older)
            assert queued(service, newer) == [("cancelled", "conversation_closed")]

    asyncio.run(scenario())


def test_an_opt_out_that_start_ended_does_not_come_back_with_another_merge(database_url: str) -> None:
    async def scenario() -> None:
        async with two(database_url) as (service, older, _newer):
            await receive(service, written("d", ("bsuid", OTHER)))
            await receive(service, message(BSUID, "STOP", "s"))
            out = "SELECT opted_out_at IS NOT NULL FROM conversations WHERE id = %s"
            await join(service, ("phone", PHONE), ("bsuid", BSUID))
            assert service.query(out, older) == [(True,)]
            await receive(service, message(PHONE, "START", "t"))
            assert service.query(out, older) == [(False,)]
            await join(service, ("phone", PHONE), ("bsuid", OTHER))
            assert service.query("SELECT count(*) FROM conversations WHERE continues_in = %s", older) == [(2,)]
            assert service.query(out, older) == [(False,)]

    asyncio.run(scenario())


def test_an_echo_of_what_was_sent_from_the_one_that_was_left_is_ours(database_url: str) -> None:
    async def scenario() -> None:
        async with two(database_url) as (service, older, newer):
            sent = {d.conversation_id: d for d in await claim(service)}
            await join(service, ("phone", PHONE), ("bsuid", BSUID))
            await service.receive(of_them(echo(sent[newer].text, "pid"), PHONE))
            assert service.query("SELECT provider_id FROM deliveries WHERE id = %s", sent[newer].id) == [("pid",)]
            await accept(service, sent[older], "other")
            assert service.query("SELECT DISTINCT owner FROM conversations") == [("assistant",)]

    asyncio.run(scenario())


def test_an_echo_that_was_held_before_the_merge_takes_over_the_one_that_stays(database_url: str) -> None:
    async def scenario() -> None:
        async with two(database_url) as (service, older, newer):
            sent = {d.conversation_id: d for d in await claim(service)}
            await service.receive(of_them(echo("by a person", "person"), BSUID))
            assert service.query("SELECT conversation_id::text FROM held_echoes") == [(newer,)]
            await accept(service, sent[older], "one")
            await join(service, ("phone", PHONE), ("bsuid", BSUID))
            await accept(service, sent[newer], "two")
            said = "SELECT conversation_id::text, text FROM messages WHERE author = 'human'"
            assert service.query(said) == [(older, "by a person")]
            assert service.query("SELECT DISTINCT owner FROM conversations") == [("human",)]

    asyncio.run(scenario())
