"""A person's word is final: a reply is committed before somebody takes over, or not at all."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import psycopg2

from protos import llm_pb2
from tests.conversation_service.harness import (
    Harness,
    eventually,
    new_conversation,
    platform_message,
    running_replicas,
)
from tests.conversation_service.races.gates import CONVERSATIONS, gate
from tests.conversation_service.races.rest import at_rest
from tests.repetitions import repetitions
from tests.scripted_llm import ScriptedLlm, final

AT_ONCE = 10  # conversations in which the race takes place at the same time
ROUNDS = range(-(-repetitions() // AT_ONCE))
# What taking over does; the number says where the conversation stood when it took place.
TAKE_OVER = """
    UPDATE conversations SET owner = 'human', owner_epoch = owner_epoch + 1 WHERE id = %s RETURNING next_seq
"""
OUTCOMES = """
    SELECT t.state, t.reason, m.seq, d.out_seq FROM turns t
    LEFT JOIN messages m ON (m.conversation_id, m.turn_no) = (t.conversation_id, t.turn_no) AND m.author = 'assistant'
    LEFT JOIN deliveries d ON d.message_id = m.id WHERE t.conversation_id = %s
"""


def test_a_reply_is_committed_before_a_person_takes_over_or_not_at_all(database_url: str) -> None:
    async def scenario() -> None:
        go_on = asyncio.Event()

        async def wait(_start: llm_pb2.Start, _rpc: Any) -> AsyncIterator[llm_pb2.GenerateReplyResponse]:
            await go_on.wait()
            yield final("an answer")

        llm = ScriptedLlm(wait)
        with ThreadPoolExecutor(AT_ONCE) as people:
            async with running_replicas(database_url, 2, llm, gather_seconds=0, database_connections=24) as replicas:
                ends = set()
                for number in ROUNDS:
                    go_on.clear()
                    ends |= await race(replicas[0], people, go_on, takeover_first=number % 2 == 0)
                await at_rest(replicas[0])
                assert ends == {"done", "silent"}, "the race was won by one side only"

    asyncio.run(scenario())


async def race(service: Harness, people: ThreadPoolExecutor, go_on: asyncio.Event, takeover_first: bool) -> set[str]:
    """How the turns of ten conversations ended."""
    events = [platform_message(new_conversation(), "hello") for _ in range(AT_ONCE)]
    conversations = [receipt.conversation_id for receipt in await service.receive(*events)]
    await eventually(lambda: asyncio.sleep(0, service.llm.in_flight), lambda count: count == AT_ONCE)
    async with gate(service, CONVERSATIONS, conversations) as held:
        if not takeover_first:
            go_on.set()
            await held.holds(1)
        loop = asyncio.get_running_loop()
        takeovers = [loop.run_in_executor(people, take_over, service, one) for one in conversations]
        await held.holds(AT_ONCE if takeover_first else AT_ONCE + 1)
        go_on.set()
        await held.holds(AT_ONCE + 1)
    stood_at = await asyncio.gather(*takeovers)
    await at_rest(service)
    return {end(service, *pair) for pair in zip(conversations, stood_at, strict=True)}


def take_over(service: Harness, conversation: str) -> int:
    """By a connection of its own, for all of them wait at the same time. Where the conversation stood."""
    with closing(psycopg2.connect(service.settings.database_url.get_secret_value())) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(TAKE_OVER, (conversation,))
        return int(cursor.fetchone()[0])


def end(service: Harness, conversation: str, stood_at: int) -> str:
    """The state of the conversation's turn, which must fit to what had been said when the person took over."""
    ((state, reason, seq, out_seq),) = service.query(OUTCOMES, conversation)
    if state == "done":
        assert (reason, seq, out_seq) == (None, 2, 1)
        assert stood_at == 3, "a reply was committed after a person had taken over"
    else:
        assert (state, reason, seq, out_seq) == ("silent", "human_owner", None, None)
        assert stood_at == 2
    calls = service.query("SELECT count(*) FROM llm_calls WHERE conversation_id = %s", conversation)
    assert calls == [(int(state == "done"),)]
    return str(state)
