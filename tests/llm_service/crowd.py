"""A crowd of conversations that goes on asking while the model falls ill and becomes well again."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import REGISTRY

from llm_service.breaker import State
from protos import llm_pb2 as pb
from tests.llm_service.serving import answer, running, start
from tests.scripted_openai import ScriptedOpenAI
from tests.scripted_openai.behaviours import Behaviour

CONVERSATIONS = 200
# After a minute a customer is told the safe text by the conversation service.
IN_TIME_SECONDS = 60
# A customer reads before the next question; it also bounds the load on the machine.
_READING_SECONDS = (1.0, 2.0)


@dataclass
class Crowd:
    """What every conversation was told, in the order of the answers."""

    told: list[pb.Final] = field(default_factory=list)
    asked: int = 0

    async def converse(self, call: Callable[[], Any]) -> None:
        while True:
            self.asked += 1
            events = await answer(call(), start())
            assert [event.HasField("final") for event in events].count(True) == 1
            self.told.append(events[-1].final)
            await asyncio.sleep(random.uniform(*_READING_SECONDS))


@asynccontextmanager
async def asking(
    server: ScriptedOpenAI, behaviour: str | Behaviour, conversations: int = CONVERSATIONS, **changes: object
) -> AsyncIterator[Crowd]:
    """All begin at once; a conversation that is refused, or not answered in time, fails the test."""
    crowd = Crowd()
    server.behaviour = behaviour
    try:
        async with running(server, seconds=IN_TIME_SECONDS, **{"llm_breaker_failures": 5, **changes}) as call:
            tasks = [asyncio.create_task(crowd.converse(call)) for _ in range(conversations)]
            yield crowd
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            assert {type(end) for end in ends} == {asyncio.CancelledError}
    finally:
        server.behaviour = "normal"


def state(model: str = "gpt-4o-mini") -> State:
    """Of the breaker of the service that began last."""
    told = REGISTRY.get_sample_value("llm_breaker_state", {"model": model})
    assert told is not None
    return State(int(told))
