"""Fixtures of the LLM service's tests."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.llm_service.harness import bench
from tests.scripted_openai import ScriptedOpenAI, running_openai

# A busy machine is no defect of the code.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(scope="module")
def shared_server() -> Iterator[ScriptedOpenAI]:
    """One scripted model for the tests of a file."""
    with running_openai() as server:
        yield server


@pytest.fixture(scope="session", autouse=True)
def _bench() -> Iterator[None]:
    yield
    bench.close()


@pytest.fixture
def server(shared_server: ScriptedOpenAI) -> ScriptedOpenAI:
    """The scripted model with a clean log."""
    shared_server.requests.clear()
    shared_server.queue.clear()
    return shared_server
