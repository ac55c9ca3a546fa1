"""Conversations do not wait for each other: neither for a slow model, nor for a lock."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from protos import llm_pb2
from tests.conversation_service.harness import (
    Client,
    eventually,
    new_conversation,
    platform_message,
    running_service,
    web_message,
)
from tests.conversation_service.races.gates import CONVERSATIONS, gate
from tests.conversation_service.races.rest import at_rest
from tests.invariants import Invariants
from tests.repetitions import repetitions
from tests.scripted_llm import ScriptedLlm, echo


def test_others_are_answered_while_one_conversations_model_is_silent(database_url: str) -> None:
    async def scenario() -> None:
        go_on = asyncio.Event()
        slow = new_conversation()

        async def wait(start: llm_pb2.Start, rpc: Any) -> AsyncIterator[llm_pb2.GenerateReplyResponse]:
            if start.conversation_id == slow:
                await go_on.wait()
            async for response in echo(start, rpc):
                yield response

        async with running_service(database_url, ScriptedLlm(wait)) as service:
            await service.receive(web_message(slow, "first"))
            await service.receive(web_message(slow, "second"))
            for _ in range(repetitions()):
                quick = new_conversation()
                await service.receive(web_message(quick, "hello"))
                await service.replies(quick)
            assert len(await service.messages(slow)) == 2
            go_on.set()
            await at_rest(service)

    asyncio.run(scenario())


def test_others_are_answered_while_one_conversation_with_a_due_turn_is_locked(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=1) as service:
            (receipt,) = await service.receive(platform_message(new_conversation(), "hello"))
            due = "SELECT run_at <= now() FROM turns WHERE conversation_id = %s"
            async with gate(service, CONVERSATIONS, [receipt.conversation_id]):
                await eventually(
                    lambda: asyncio.sleep(0.05, service.query(due, receipt.conversation_id)), lambda rows: rows[0][0]
                )
                for _ in range(0, repetitions(), 10):
                    await service.receive(*(web_message(new_conversation(), "hello") for _ in range(10)))
                    await eventually(lambda: asyncio.sleep(0, open_turns(service)), lambda count: count == 1)
            await at_rest(service)

    asyncio.run(scenario())


def open_turns(service: Client) -> int:
    return Invariants(service.query).open_turns()
