"""Drives the ladder against the scripted model over real HTTP, in the test's own event loop."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

from llm_service.app import Assembly
from llm_service.config import LlmSettings
from llm_service.events import Delta, Event, Final, Reset, Said, Turn
from llm_service.replies import Replies
from tests.scripted_openai import ScriptedOpenAI

TOKEN = "a-token-for-tests-only"
QUESTION = "How long do I have to return shoes?"
SAFE_TEXT = "We will write to you soon."
# Of the models together, where they stall; otherwise there is time enough for a busy machine.
SECONDS = 0.8
IN_SHORT = {"llm_timeout_ms": int(SECONDS * 1000)}


def settings(server: ScriptedOpenAI | None = None, **changes: object) -> LlmSettings:
    """The service's settings with that server as its model; without one there is no key."""
    model = {"openai_api_key": "sk-test", "openai_base_url": server.base_url} if server else {}
    given = {"service_token": TOKEN, "llm_timeout_ms": 15_000, "llm_service_metrics_port": 0}
    given |= {"llm_breaker_failures": 1_000_000}  # most tests fail a model on purpose, one after the other
    return LlmSettings.model_validate({**given, **model, **changes})


def turn(*said: str) -> Turn:
    """A turn whose history alternates between customer and assistant, the customer being the last to speak."""
    by_customer = [(len(said) - at) % 2 == 1 for at in range(len(said))]
    return Turn("c1", tuple(Said(*pair) for pair in zip(by_customer, said, strict=True)), SAFE_TEXT)


async def events_of(replies: Replies, asked: Turn) -> list[Event]:
    async with aclosing(replies.generate(asked)) as events:
        return [event async for event in events]


class _Bench:
    """One event loop and one service for each set of settings: to compose a service anew takes a tenth of a second."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._assemblies: dict[str, Assembly] = {}

    def run(self, server: ScriptedOpenAI | None, asked: Turn, changes: dict[str, object]) -> list[Event]:
        async def run() -> list[Event]:
            given = settings(server, **changes)
            assembly = self._assemblies.get(repr(given)) or self._assemblies.setdefault(repr(given), Assembly(given))
            return await events_of(assembly.replies, asked)

        return self._runner.run(run())

    def close(self) -> None:
        for assembly in self._assemblies.values():
            self._runner.run(assembly.close())
        self._runner.close()


bench = _Bench()


def reply(server: ScriptedOpenAI | None, *said: str, **changes: object) -> list[Event]:
    """All events of one reply, checked for what holds of every one."""
    events = bench.run(server, turn(*(said or (QUESTION,))), changes)
    check(events)
    return events


def final(events: Sequence[Event]) -> Final:
    assert isinstance(events[-1], Final)
    return events[-1]


def deltas(events: Sequence[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Delta)]


def check(events: Sequence[Event]) -> None:
    """Exactly one Final, which is the last event, is not empty and begins with the deltas since the last reset."""
    assert [isinstance(event, Final) for event in events].count(True) == 1
    last = final(events)
    shown = ""
    for event in events:
        shown = "" if isinstance(event, Reset) else shown + event.text if isinstance(event, Delta) else shown
    assert last.text.strip()
    assert last.text.startswith(shown)
    assert last.calls
