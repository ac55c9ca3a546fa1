"""Replicas as processes of their own, for races that nothing inside one process may decide."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from conversation_service.config import ConversationSettings
from tests.conversation_service.harness import Client, connected, settings_for
from tests.scripted_llm import ScriptedLlm, running_llm

ROOT = Path(__file__).parents[3]


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
def _process(settings: ConversationSettings, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "conversation_service"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **_environment(settings)},
            stdout=file,
            stderr=file,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _environment(settings: ConversationSettings) -> dict[str, str]:
    values = {name: getattr(settings, name) for name in settings.model_fields_set}
    return {
        name.upper(): value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name, value in values.items()
    }
