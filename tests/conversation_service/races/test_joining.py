"""Joining a turn against its claim and its end: each message is in one turn, and in the prompts that it belongs to."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

from conversation_service.turns import Reply, Turn, Turns
from protos import conversation_pb2 as pb
from protos import llm_pb2
from tests.conversation_service.harness import (
    Harness,
    eventually,
    new_conversation,
    running_replicas,
    running_service,
    web_message,
)
from tests.conversation_service.races.gates import CONVERSATIONS, TURNS, gate
from tests.conversation_service.races.prompts import assert_pure
from tests.conversation_service.races.rest import at_rest
from tests.repetitions import repetitions
from tests.scripted_llm import ScriptedLlm, echo

AT_ONCE = 10  # conversations in which the race takes place at the same time
ROUNDS = range(0, repetitions(), AT_ONCE)


async def think_briefly(start: llm_pb2.Start, rpc: Any) -> AsyncIterator[llm_pb2.GenerateReplyResponse]:
    await asyncio.sleep(random.uniform(0, 0.03))
    async for response in echo(start, rpc):
        yield response


def test_every_message_is_in_one_turn_and_every_prompt_holds_its_turn_whole(database_url: str) -> None:
    async def scenario() -> None:
        llm = ScriptedLlm(think_briefly)

        async def write(conversation: str, number: int) -> pb.Receipt:
            await asyncio.sleep(random.uniform(0, 0.5))
            (receipt,) = await random.choice(replicas).receive(web_message(conversation, f"message {number}"))
            return receipt

        async with running_replicas(database_url, 2, llm, llm_history_limit=12) as replicas:
            conversations = [new_conversation() for _ in range(repetitions())]
            for first in range(0, len(conversations), 50):
                some = conversations[first : first + 50]
                await asyncio.gather(*(write(conversation, n) for n in range(12) for conversation in some))
            await at_rest(replicas[0])
            assert_pure(llm, replicas[0], 12)
            texts = "SELECT conversation_id::text, array_agg(text) FROM messages WHERE author = 'customer' GROUP BY 1"
            said = {conversation: sorted(texts) for conversation, texts in replicas[0].query(texts)}
            assert said == {c: sorted(f"message {n}" for n in range(12)) for c in conversations}
            # Otherwise nothing was raced for: some messages joined a turn, some came too late for it.
            ((turns,),) = replicas[0].query("SELECT count(*) FROM turns")
            assert len(conversations) < turns < 12 * len(conversations)

    asyncio.run(scenario())


def test_what_arrives_while_a_turn_is_being_claimed_forms_the_next_one(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            await service.app.answering.drain()  # claimed by hand
            turns = Turns(service.app.database, "by hand", 15, 60, 20)
            for _ in range(repetitions()):
                conversation = new_conversation()
                await service.receive(web_message(conversation, "first"))
                async with gate(service, TURNS, [conversation]) as held:
                    claim = asyncio.create_task(turns.claim(10))
                    await held.holds(1)  # it has the conversation, and waits for the turn
                    late = asyncio.create_task(late_message(service, conversation))
                    await held.holds(2)
                assert (await late).turn_no == 2
                assert said(await answer(turns, claim)) == ["first"]
                second = asyncio.create_task(turns.claim(10))
                assert said(await answer(turns, second)) == ["first", "reply to turn 1", "one more thing"]
            await at_rest(service)

    asyncio.run(scenario())


def test_what_joins_a_turn_before_it_is_claimed_is_in_its_prompt(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            await service.app.answering.drain()
            turns = Turns(service.app.database, "by hand", 15, 60, 20)
            for _ in range(repetitions()):
                conversation = new_conversation()
                await service.receive(web_message(conversation, "first"))
                async with gate(service, TURNS, [conversation]) as held:
                    joining = asyncio.create_task(late_message(service, conversation))
                    await held.holds(1)  # it has the conversation, and waits for the turn
                    assert await turns.claim(10) == []
                assert (await joining).turn_no == 1
                assert said(await answer(turns, asyncio.create_task(turns.claim(10)))) == ["first", "one more thing"]
            await at_rest(service)

    asyncio.run(scenario())


async def answer(turns: Turns, claim: "asyncio.Task[list[Turn]]") -> Turn:
    """Answer the one turn that was claimed."""
    (turn,) = await claim
    assert await turns.finish(turn, Reply(f"reply to turn {turn.turn_no}", [llm_pb2.Call()], False, ""))
    return turn


def said(turn: Turn) -> list[str]:
    return [message.text for message in turn.history]


class Patient:
    """A model that answers first turns when it is told to, and later ones at once."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()

    async def __call__(self, start: llm_pb2.Start, rpc: Any) -> AsyncIterator[llm_pb2.GenerateReplyResponse]:
        if start.turn_no == 1:
            await self.go_on.wait()
        async for response in echo(start, rpc):
            yield response


def test_a_message_that_arrives_while_a_reply_is_committed_gets_a_turn_of_its_own(database_url: str) -> None:
    async def scenario() -> None:
        model = Patient()
        llm = ScriptedLlm(model)
        async with running_replicas(database_url, 2, llm, database_connections=24) as replicas:
            for number in ROUNDS:
                conversations = [new_conversation() for _ in range(AT_ONCE)]
                await replicas[0].receive(*(web_message(conversation, "first") for conversation in conversations))
                await eventually(lambda: asyncio.sleep(0, llm.in_flight), lambda count: count == AT_ONCE)
                reply_first = number // AT_ONCE % 2 == 0
                async with gate(replicas[0], CONVERSATIONS, conversations) as held:
                    if reply_first:
                        model.go_on.set()
                        await held.holds(1)
                    later = asyncio.gather(*(late_message(replicas[0], c) for c in conversations))
                    await held.holds(2 if reply_first else 1)
                    model.go_on.set()
                    await held.holds(2)
                assert [receipt.turn_no for receipt in await later] == [2] * AT_ONCE
                await at_rest(replicas[0])
                model.go_on.clear()
            assert_pure(llm, replicas[0], 20)

    asyncio.run(scenario())


async def late_message(service: Harness, conversation: str) -> pb.Receipt:
    (receipt,) = await service.receive(web_message(conversation, "one more thing"))
    return receipt
