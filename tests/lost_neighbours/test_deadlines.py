"""Each call to a peer that accepts and never answers comes back by itself; those of whole services are told beside."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from chassis import health
from chassis.credentials import Credentials
from chassis.settings import ServiceSettings
from conversation_service.database import Database, DatabaseUnavailable, connect
from conversation_service.previews import Previews
from conversation_service.replicas import Replicas
from local_stack.readiness import grpc_ready, http_ready
from migrations.connecting import connect as connect_to_migrate
from migrations.files import MigrationError
from tests.conversation_service.harness import eventually
from tests.lost_neighbours.proxy import HOST, Proxy, running_proxy

BUSY_SECONDS = 3.0  # what a busy test machine may take besides
THREAD = "00000000-0000-4000-8000-000000000000", "web", "default"


@pytest.fixture
def hole() -> Iterator[Proxy]:
    with running_proxy() as proxy:
        proxy.swallow()
        yield proxy


@pytest.fixture
def credentials() -> Credentials:
    return Credentials(ServiceSettings(service_token="a-token-for-tests-only"))


@contextmanager
def within(seconds: float) -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < seconds + BUSY_SECONDS


def test_a_probe_of_a_grpc_service_that_never_answers_says_no(hole: Proxy, credentials: Credentials) -> None:
    with within(2):
        assert health.check(hole.address, credentials) is False
    with within(2):
        assert grpc_ready(hole.address, credentials)() is False


def test_a_probe_of_an_http_service_that_never_answers_says_no(hole: Proxy) -> None:
    with within(2):
        assert http_ready(HOST, hole.port)() is False


def test_a_postgres_that_never_answers_is_given_up_while_connecting(hole: Proxy) -> None:
    async def ask() -> None:
        database = Database(connect(f"postgresql://somebody:x@{hole.address}/spur", "test"), connections=2)
        try:
            for _ in range(3):  # at once the second time: the next attempt is not made before half a second is over
                with pytest.raises(DatabaseUnavailable):
                    await database.run(lambda session: session.execute("oldest_turn"))
        finally:
            await database.close()

    with within(4):
        asyncio.run(ask())


def test_migrations_do_not_wait_for_ever_for_a_postgres_that_never_answers(hole: Proxy) -> None:
    with within(5), pytest.raises(MigrationError):
        connect_to_migrate(f"postgresql://somebody:x@{hole.address}/spur", wait=0, say=lambda _: None)


def test_a_replica_that_never_answers_is_not_waited_for_with_a_preview(hole: Proxy, credentials: Credentials) -> None:
    async def relay() -> None:
        previews, replicas = Previews(lambda _thread: ()), Replicas("elsewhere:1", credentials)
        replicas.follow(previews, THREAD, 1, 1, hole.address)
        try:
            await eventually(lambda: asyncio.sleep(0, previews.current(THREAD)), lambda preview: preview is None, 10)
        finally:
            replicas.close()
            await asyncio.sleep(0.1)

    asyncio.run(relay())
