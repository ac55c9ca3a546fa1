"""Replicas as processes of their own, for races that nothing inside one process may decide."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from conversation_service.config import ConversationSettings
from tests.conversation_service.harness import Client, connected, settings_for
from tests.fork_server import fork_server
from tests.scripted_llm import ScriptedLlm, running_llm


@asynccontextmanager
async def running_processes(
    url: str, log: Path, count: int = 2, llm: ScriptedLlm | None = None, **overrides: Any
) -> AsyncIterator[list[Client]]:
    """Several processes on one database, with one LLM service in the test; what they write is in `log`."""
    async with running_llm(llm or ScriptedLlm()) as llm_address, AsyncExitStack() as stack:
        settings = [settings_for(url, llm_address, **overrides) for _ in range(count)]
        for each in settings:
            stack.enter_context(_process(each, log))
        yield [await stack.enter_async_context(connected(each, seconds=30)) for each in settings]


@contextmanager
def _process(settings: ConversationSettings, log: Path) -> Iterator[None]:
    environment = {"PATH": os.environ["PATH"], **_environment(settings)}
    process = fork_server().start("conversation_service", environment, log)
    try:
        yield
    finally:
        process.kill()
        process.wait(10)


def _environment(settings: ConversationSettings) -> dict[str, str]:
    values = {name: getattr(settings, name) for name in settings.model_fields_set}
    return {
        name.upper(): value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name, value in values.items()
    }
