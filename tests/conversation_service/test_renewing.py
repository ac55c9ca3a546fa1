"""Renewing leases beside the moment in which a turn's outcome is stored."""

import asyncio

import pytest
from prometheus_client import REGISTRY

from conversation_service.turns import Committed, Reply, Turn
from tests.conversation_service.harness import Harness, eventually, new_conversation, running_service, web_message


def replied() -> float:
    return sum(
        sample.value
        for metric in REGISTRY.collect()
        for sample in metric.samples
        if sample.name == "turns_ended_total" and sample.labels["outcome"] == "replied"
    )


def renew_right_after_the_commit(service: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the turn's own task hears of its commit."""
    answering = service.app.answering
    finish = answering._turns.finish

    async def finish_and_renew(turn: Turn, reply: Reply) -> Committed | None:
        committed = await finish(turn, reply)
        await answering._renew()
        await asyncio.sleep(0)  # where a cancelled task would end
        return committed

    monkeypatch.setattr(answering._turns, "finish", finish_and_renew)


def test_a_turn_that_is_renewed_while_its_reply_is_committed_is_not_taken_for_lost(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            renew_right_after_the_commit(service, monkeypatch)
            before, conversation = replied(), new_conversation()
            await service.receive(web_message(conversation, "hello"))
            await service.replies(conversation)
            await eventually(lambda: asyncio.sleep(0, service.app.answering._tasks), lambda tasks: not tasks)
            assert replied() == before + 1

    asyncio.run(scenario())
