"""A live message that nothing stands before is claimed in the statement that records it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import Any

import psycopg2
import pytest
from prometheus_client import REGISTRY

from conversation_service import models
from conversation_service.answering import Answering
from conversation_service.batch import Batch, Result
from conversation_service.database import Session
from conversation_service.inbox import Inbox
from conversation_service.turns import Terms
from protos import conversation_pb2 as pb
from protos import llm_pb2
from tests.conversation_service.harness import (
    Harness,
    eventually,
    new_conversation,
    platform_message,
    running_service,
    web_message,
)
from tests.scripted_llm import ScriptedLlm, echo


@pytest.fixture
def nobody_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is answered all the same was claimed as it was recorded."""

    async def claim(_self: Answering) -> None:
        pass

    monkeypatch.setattr(Answering, "_claim", claim)


async def ask(service: Harness, conversation: str, *texts: str) -> None:
    await service.receive(*(web_message(conversation, text) for text in texts))


def turns(service: Harness, conversation: str) -> list[tuple[Any, ...]]:
    return service.query(
        "SELECT state, fence, attempts, worker IS NOT NULL FROM turns WHERE conversation_id = %s ORDER BY turn_no",
        conversation,
    )


@pytest.mark.usefixtures("nobody_claims")
def test_quiet_turns_are_answered_without_another_claim_and_with_their_whole_history(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, llm_history_limit=4) as service:
            conversation = new_conversation()
            for number in range(3):
                await ask(service, conversation, f"question {number}")
                await service.replies(conversation, number + 1)
            assert [message.text for message in service.llm.prompts[2].history] == [
                "You asked: question 0",
                "question 1",
                "You asked: question 1",
                "question 2",
            ]
            assert turns(service, conversation) == [("done", 1, 1, True)] * 3

    asyncio.run(scenario())


def test_what_comes_before_an_answer_is_claimed_after_it_with_the_answer_in_its_history(database_url: str) -> None:
    async def scenario() -> None:
        go_on = asyncio.Event()

        async def wait(start: llm_pb2.Start, rpc: Any) -> AsyncIterator[llm_pb2.GenerateReplyResponse]:
            await go_on.wait()
            async for response in echo(start, rpc):
                yield response

        async with running_service(database_url, ScriptedLlm(wait)) as service:
            conversation = new_conversation()
            await ask(service, conversation, "first")
            await ask(service, conversation, "second")
            await ask(service, conversation, "third")
            assert [row[0] for row in turns(service, conversation)] == ["running", "pending"]
            go_on.set()
            await service.replies(conversation, 2)
            texts = [message.text for message in service.llm.prompts[1].history]
            assert texts == ["first", "You asked: first", "second", "third"]

    asyncio.run(scenario())


@pytest.mark.usefixtures("nobody_claims")
def test_what_must_not_be_answered_at_once_waits_for_a_claim(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, answering_concurrency=1, gather_seconds=0) as service:
            together, owned, busy = new_conversation(), new_conversation(), new_conversation()
            await ask(service, owned, "hello")
            await service.replies(owned)
            service.query("UPDATE conversations SET owner = 'human'")
            await ask(service, together, "one", "two")
            await service.receive(platform_message("thread", "on a platform"))
            await ask(service, owned, "to a person")
            assert service.app.answering.reserve(1)
            await ask(service, busy, "no room")
            assert service.query("SELECT DISTINCT state, fence FROM turns WHERE state <> 'done'") == [("pending", 0)]
            assert service.query("SELECT min(open_count), sum(open_count) FROM conversations") == [(1, 5)]

    asyncio.run(scenario())


@asynccontextmanager
async def held_up(service: Harness, conversation: str, change: str = "") -> AsyncIterator["asyncio.Future[Any]"]:
    """A second message of an answered conversation; within the block its recording waits for who makes a `change`."""
    await ask(service, conversation, "first")
    await service.replies(conversation)
    with closing(psycopg2.connect(service.settings.database_url.get_secret_value())) as somebody:
        somebody.cursor().execute(change or "SELECT FROM conversations FOR UPDATE")
        request = pb.ReceiveRequest(events=[web_message(conversation, "second")])
        receiving = asyncio.ensure_future(service.stub.Receive(request, metadata=service.peer.metadata()))
        waiting = "SELECT 1 FROM pg_locks WHERE NOT granted"
        await eventually(lambda: asyncio.sleep(0, service.query(waiting)), bool)
        yield receiving
        somebody.commit()


@pytest.mark.usefixtures("nobody_claims")
def test_a_message_whose_sender_left_is_answered_and_counted_all_the_same(database_url: str) -> None:
    def counted() -> float:
        labels = {"channel": "web", "outcome": "recorded"}
        return REGISTRY.get_sample_value("events_received_total", labels) or 0

    async def scenario() -> None:
        before = counted()
        async with running_service(database_url) as service:
            conversation = new_conversation()
            async with held_up(service, conversation) as receiving:
                receiving.cancel()
            await service.replies(conversation, 2)
            assert counted() == before + 2

    asyncio.run(scenario())


def test_what_is_recorded_during_a_drain_is_left_to_others(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            conversation = new_conversation()
            async with held_up(service, conversation) as receiving:
                await service.app.answering.drain()
            await receiving
            assert turns(service, conversation)[1] == ("pending", 1, 0, False)

    asyncio.run(scenario())


def test_a_turn_whose_claim_was_lost_with_the_connection_is_answered_at_once(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Inbox._store

    def break_off_once(inbox: Inbox, session: Session, batch: Batch, terms: Terms | None) -> list[Result]:
        results = store(inbox, session, batch, terms)
        if batch.tries == 1:
            models.database.execute_sql("SELECT pg_terminate_backend(pg_backend_pid())")
        return results

    monkeypatch.setattr(Inbox, "_store", break_off_once)

    async def scenario() -> None:
        async with running_service(database_url, turn_lease_seconds=300) as service:
            conversation = new_conversation()
            await ask(service, conversation, "hello")
            await service.replies(conversation)
            assert turns(service, conversation) == [("done", 2, 1, True)]

    asyncio.run(scenario())


@pytest.mark.usefixtures("nobody_claims")
def test_what_was_changed_while_a_message_was_recorded_is_read_by_a_claim(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            conversation = new_conversation()
            edited = "UPDATE conversations SET next_rev = next_rev + 1"
            async with held_up(service, conversation, edited) as receiving:
                pass
            await receiving
            assert turns(service, conversation)[1] == ("pending", 0, 0, False)

    asyncio.run(scenario())
