"""The service beside a database that is missing, foreign, or comes and goes."""

import asyncio
import time

import grpc
import grpc.aio
import pytest

from chassis import health
from conversation_service import models
from conversation_service.database import Session
from local_stack.postgres import PostgresServer
from migrations.runner import migrate_up
from protos import conversation_pb2 as pb
from tests.conversation_service.harness import (
    Harness,
    eventually,
    new_conversation,
    running_app,
    running_service,
    settings_for,
    web_message,
)
from tests.databases import data_folder, place_cluster
from tests.ports import free_port
from tests.scripted_llm import ScriptedLlm, running_llm


async def ready(service: Harness) -> bool:
    return await asyncio.to_thread(health.check, f"127.0.0.1:{service.settings.conversation_service_port}")


async def refusal(service: Harness) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await service.receive(web_message(new_conversation(), "hello"))
    return error.value


def test_without_its_schema_it_is_not_ready_and_says_what_to_do(empty_database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(empty_database_url) as service:
            error = await refusal(service)
            assert error.code() == grpc.StatusCode.UNAVAILABLE
            assert "python -m migrations up" in (error.details() or "")
            assert not await ready(service)

    asyncio.run(scenario())


def test_it_refuses_quickly_while_postgres_is_gone_and_recovers_by_itself() -> None:
    async def scenario(server: PostgresServer) -> None:
        server.start()
        url = server.database_url("postgres")
        migrate_up(url)
        async with (
            running_llm(ScriptedLlm()) as address,
            running_app(settings_for(url, address), ScriptedLlm()) as service,
        ):
            before = new_conversation()
            await service.receive(web_message(before, "before"))
            await service.replies(before)
            server.stop()
            started = time.monotonic()
            refusals = await asyncio.gather(*(refusal(service) for _ in range(50)))
            assert {error.code() for error in refusals} == {grpc.StatusCode.UNAVAILABLE}
            assert time.monotonic() - started < 3
            await eventually(lambda: ready(service), lambda is_ready: not is_ready)
            server.start()
            await eventually(lambda: ready(service), bool)
            after = new_conversation()
            (receipt,) = await service.receive(web_message(after, "after"))
            assert receipt.outcome == pb.Receipt.OUTCOME_RECORDED
            await service.replies(after)
            assert len(await service.messages(before)) == 2

    with data_folder() as folder:
        place_cluster(folder)
        server = PostgresServer(folder, free_port(), durable=False)
        try:
            asyncio.run(scenario(server))
        finally:
            server.stop()


def test_a_terminated_backend_is_replaced_without_an_error_to_callers(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            for _ in range(20):
                await service.receive(web_message(new_conversation(), "hello"))
                service.query(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name LIKE 'spur-conversation%%' AND datname = current_database()"
                )
            await eventually(
                lambda: asyncio.sleep(0, service.query("SELECT count(*) FROM turns WHERE state = 'done'")),
                lambda rows: rows == [(20,)],
            )
            assert service.query("SELECT count(*) FROM messages WHERE author = 'assistant'") == [(20,)]

    asyncio.run(scenario())


def test_a_connection_lost_inside_a_transaction_is_replaced_and_the_work_repeated(database_url: str) -> None:
    attempts = 0

    def work(session: Session) -> int:
        nonlocal attempts
        attempts += 1
        with session.transaction():
            if attempts == 1:
                models.database.execute_sql("SELECT pg_terminate_backend(pg_backend_pid())")
            return len(session.execute("oldest_turn"))

    async def scenario() -> None:
        async with running_service(database_url) as service:
            assert await service.app.database.run(work) == 1
            assert attempts == 2

    asyncio.run(scenario())


def test_a_connection_that_was_closed_unnoticed_is_replaced(database_url: str) -> None:
    attempts = 0

    def work(session: Session) -> int:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            models.database.connection().close()
        return len(session.execute("oldest_turn"))

    async def scenario() -> None:
        async with running_service(database_url) as service:
            assert await service.app.database.run(work) == 1
            assert attempts == 2

    asyncio.run(scenario())
