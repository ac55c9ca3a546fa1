"""A Postgres that forgets what it confirmed is refused."""

import asyncio
import contextlib
from contextlib import closing

import grpc.aio
import psycopg2
import pytest
from psycopg2 import sql
from psycopg2.extensions import connection
from structlog.testing import capture_logs

from local_stack.postgres import PostgresServer
from migrations.runner import migrate_up
from tests.conversation_service.harness import Harness, new_conversation, running_service, web_message
from tests.databases import data_folder, place_cluster
from tests.ports import free_port


def test_a_server_that_does_not_write_through_is_refused(database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    async def start() -> None:
        async with running_service(database_url, durability_elsewhere=False):
            raise AssertionError("it started")

    with pytest.raises(SystemExit) as ended:
        asyncio.run(start())
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "fsync" in said
    assert "DURABILITY_ELSEWHERE=yes" in said


def test_somebody_may_answer_for_it_and_the_log_says_so(database_url: str) -> None:
    async def walk() -> None:
        async with running_service(database_url, durability_elsewhere=True) as service:
            conversation = new_conversation()
            await service.receive(web_message(conversation, "hello"))
            await service.replies(conversation)

    with capture_logs() as logs:
        asyncio.run(walk())
    told = [line for line in logs if "DURABILITY_ELSEWHERE" in line["event"]]
    assert [line["off"] for line in told] == [["fsync", "full_page_writes"]]


def test_our_own_sessions_wait_for_the_disk_whatever_the_databases_default_is(
    database_url: str, owner_url: str
) -> None:
    with closing(psycopg2.connect(owner_url)) as connection:
        connection.autocommit = True
        connection.cursor().execute(
            sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(sql.Identifier(connection.info.dbname))
        )

    async def ask() -> str:
        async with running_service(database_url) as service:
            rows = await service.app.database.run(lambda session: session.execute("read_durability"))
            return str(rows[0][0])

    assert asyncio.run(ask()) == "on"


def test_a_server_that_changes_while_we_run_is_refused_on_the_next_connection() -> None:
    def end_others(connection: connection) -> None:
        connection.cursor().execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name <> ''"
        )

    async def walk(server: PostgresServer) -> None:
        async with running_service(server.url, durability_elsewhere=False) as service:
            conversation = new_conversation()
            await service.receive(web_message(conversation, "kept"))
            await service.replies(conversation)
            with closing(psycopg2.connect(server.url)) as connection:
                connection.autocommit = True
                connection.cursor().execute("ALTER SYSTEM SET full_page_writes = off")
                connection.cursor().execute("SELECT pg_reload_conf()")
                end_others(connection)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await service.receive(web_message(conversation, "would be lost"))
            assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
            assert "full_page_writes" in str(refused.value.details())
            with closing(psycopg2.connect(server.url)) as connection:
                connection.autocommit = True
                connection.cursor().execute("ALTER SYSTEM RESET full_page_writes")
                connection.cursor().execute("SELECT pg_reload_conf()")
            await eventually_received(service, conversation)

    with data_folder() as folder:
        place_cluster(folder)
        server = PostgresServer(folder, free_port())
        server.start()
        try:
            migrate_up(server.url)
            asyncio.run(walk(server))
        finally:
            server.stop()


async def eventually_received(service: Harness, conversation: str) -> None:
    async with asyncio.timeout(10):
        while True:
            with contextlib.suppress(grpc.aio.AioRpcError):
                await service.receive(web_message(conversation, "kept again", key="again"))
                return
            await asyncio.sleep(0.1)
