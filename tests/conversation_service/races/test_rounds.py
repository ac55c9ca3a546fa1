"""Replies that are committed together: none waits for a lease's renewal in a circle, none fails with a neighbour."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from prometheus_client import REGISTRY

from conversation_service.turns import Turns
from conversation_service.writer import safe_reply
from protos import llm_pb2
from tests.conversation_service.harness import Harness, eventually, new_conversation, running_service, web_message
from tests.conversation_service.races.gates import TURNS, gate
from tests.repetitions import repetitions
from tests.scripted_llm import ScriptedLlm, final

AT_ONCE = 100
ENDED = "SELECT count(*), max(attempts) FROM turns WHERE state = 'done'"


def answering_together(go_on: asyncio.Event) -> ScriptedLlm:
    async def script(_start: llm_pb2.Start, _rpc: Any) -> AsyncIterator[llm_pb2.GenerateReplyResponse]:
        await go_on.wait()
        yield final("an answer")

    return ScriptedLlm(script)


async def ask(service: Harness) -> list[str]:
    """New conversations whose turns are all being answered."""
    conversations = [new_conversation() for _ in range(AT_ONCE)]
    await service.receive(*(web_message(each, "hello") for each in conversations))
    await eventually(lambda: asyncio.sleep(0, service.llm.in_flight), lambda count: count == AT_ONCE)
    return conversations


def deadlocks() -> float:
    """Transactions that Postgres ended because they waited for each other."""
    return REGISTRY.get_sample_value("database_retries_total", {"reason": "conflict"}) or 0


@pytest.mark.parametrize("action", ["renew", "release"])
def test_replies_and_leases_of_the_same_turns_do_not_wait_for_each_other_in_a_circle(
    database_url: str, action: str
) -> None:
    """Of three turns the middle one is held, until both have what they take before it."""

    async def scenario() -> None:
        async with running_service(database_url) as service:
            await service.app.answering.drain()
            turns = Turns(service.app.database, "worker", 15, 60, 20)
            before = deadlocks()
            for _ in range(-(-repetitions() // 5)):
                await service.receive(*(web_message(new_conversation(), "hello") for _ in range(3)))
                held = sorted(await turns.claim(3), key=lambda turn: turn.conversation_id)
                async with gate(service, TURNS, [held[1].conversation_id]) as middle:
                    finishing = asyncio.create_task(
                        turns._finish([(turn, safe_reply("test")) for turn in reversed(held)])
                    )
                    await middle.holds(1)
                    mine = turns.renew(held) if action == "renew" else turns.release([turn.claim for turn in held])
                    other = asyncio.create_task(mine)
                    await middle.holds(2)
                await asyncio.gather(finishing, other)
            assert deadlocks() == before

    asyncio.run(scenario())


def test_a_reply_that_cannot_be_stored_does_not_fail_those_of_the_same_round(database_url: str) -> None:
    async def scenario() -> None:
        go_on = asyncio.Event()
        async with running_service(database_url, answering_together(go_on)) as service:
            conversations = await ask(service)
            # As after somebody's hand in the tables: its next number is taken.
            service.query("UPDATE conversations SET next_seq = 1 WHERE id = %s", conversations[7])
            go_on.set()
            await eventually(lambda: asyncio.sleep(0, service.query(ENDED)), lambda rows: rows[0][0] == AT_ONCE - 1)
            assert service.query(ENDED) == [(AT_ONCE - 1, 1)]
            assert service.query("SELECT DISTINCT text FROM messages WHERE author = 'assistant'") == [("an answer",)]

    asyncio.run(scenario())
