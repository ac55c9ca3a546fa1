"""What /metrics tells of the tables is true, or is not told."""

import asyncio
import math
from contextlib import closing, suppress

import psycopg2
import pytest
from prometheus_client import REGISTRY

from conversation_service import figures as module
from conversation_service.database import Database, DatabaseUnavailable, connect
from conversation_service.figures import Figures
from conversation_service.inbox import Inbox, Windows
from protos import conversation_pb2 as pb
from tests.conversation_service.harness import (
    eventually,
    new_conversation,
    platform_message,
    running_service,
    web_message,
)
from tests.ports import free_port
from tests.repository.test_statements import SERVICE, declared_types

OF_THE_TABLES = (
    ("turns_oldest_due_seconds", {}),
    ("turns_oldest_pending_seconds", {}),
    ("turns_open", {"state": "pending"}),
    ("turns_open", {"state": "running"}),
    *(
        (name, {"state": state})
        for name in ("deliveries_oldest_seconds", "deliveries_open")
        for state in ("queued", "unknown", "parked")
    ),
    ("poison_events", {}),
    ("event_conflicts", {}),
)

DELIVERIES = """
WITH c AS (SELECT id FROM conversations LIMIT 1), m AS (
    INSERT INTO messages (id, conversation_id, seq, rev, author, text, turn_no)
    SELECT gen_random_uuid(), c.id, n, n, 'system', '', 1 FROM c, generate_series(100, 106) n RETURNING id, seq)
INSERT INTO deliveries (channel, account, conversation_id, out_seq, message_id, part, text, state, created_at)
SELECT 'test', 'default', c.id, m.seq, m.id, 0, '',
    (ARRAY['queued', 'queued', 'unknown', 'parked', 'parked', 'parked', 'sent'])[m.seq - 99],
    now() - make_interval(secs => (ARRAY[10, 100, 1000, 5000, 20, 20, 90000])[m.seq - 99])
FROM c, m
"""


def sample(name: str, **labels: str) -> float:
    value = REGISTRY.get_sample_value(name, labels)
    assert value is not None, name
    return value


def execute(url: str, sql: str) -> None:
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        connection.cursor().execute(sql)


def test_an_empty_database_has_nothing_that_waits(database_url: str) -> None:
    async def scenario() -> None:
        database = Database(connect(database_url, "test"), 1)
        await Figures(database).read()
        assert sample("database_up") == 1
        assert {sample(name, **labels) for name, labels in OF_THE_TABLES} == {0}
        await database.close()

    asyncio.run(scenario())


def test_what_waits_is_counted_and_the_oldest_of_it_is_told(database_url: str) -> None:
    async def scenario() -> None:
        database = Database(connect(database_url, "test"), 1)
        inbox = Inbox(database, Windows(gather=60, gather_limit=60, deadline=60))
        key = new_conversation()
        await inbox.record([platform_message("34600", "hello"), web_message(key, "one", "k")], "test", None)
        await inbox.record([web_message(key, "two", "k"), pb.Event(channel="web", account="a")], "test", None)
        execute(database_url, "UPDATE turns SET created_at = now() - interval '70 s', run_at = now() - interval '30 s'")
        execute(database_url, DELIVERIES)
        await Figures(database).read()
        assert 70 <= sample("turns_oldest_pending_seconds") < 80
        assert 30 <= sample("turns_oldest_due_seconds") < 40
        assert sample("turns_open", state="pending") == 2
        counts = {state: sample("deliveries_open", state=state) for state in ("queued", "unknown", "parked")}
        assert counts == {"queued": 2, "unknown": 1, "parked": 3}
        ages = [sample("deliveries_oldest_seconds", state=state) for state in ("queued", "unknown", "parked")]
        assert [round(age, -2) for age in ages] == [100, 1000, 5000]
        of_channel = sample("deliveries_oldest_by_channel_seconds", channel="test", state="unknown")
        assert of_channel == pytest.approx(sample("deliveries_oldest_seconds", state="unknown"), abs=1)
        assert (sample("poison_events"), sample("event_conflicts")) == (1, 1)
        await database.close()

    asyncio.run(scenario())


def test_a_channel_that_is_not_among_the_oldest_is_not_said_to_have_nothing(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        database = Database(connect(database_url, "test"), 1)
        figures = Figures(database)
        await Inbox(database, Windows(0, 0, 60)).record([platform_message("34600", "hello")], "test", None)
        execute(database_url, DELIVERIES)
        newest = "id = (SELECT id FROM deliveries WHERE state = 'parked' ORDER BY created_at DESC, id LIMIT 1)"
        execute(database_url, f"UPDATE deliveries SET channel = 'late', created_at = now() WHERE {newest}")
        told = []
        for most, ended in ((10_000, ""), (2, ""), (10_000, "UPDATE deliveries SET state = 'sent'")):
            monkeypatch.setattr(module, "_MOST", most)
            if ended:
                execute(database_url, ended)
            await figures.read()
            told.append(sample("deliveries_oldest_by_channel_seconds", channel="late", state="parked"))
        assert 0 < told[0] < 10
        assert math.isnan(told[1])
        assert told[2] == 0
        await database.close()

    asyncio.run(scenario())


def test_without_a_database_the_figures_are_not_numbers_and_come_back_with_it(
    database_url: str, owner_url: str
) -> None:
    async def scenario() -> None:
        database = Database(connect(database_url, "figures"), 1)
        figures = Figures(database)
        await figures.read()
        name = database_url.rpartition("/")[2]
        elsewhere = owner_url.rpartition("/")[0] + "/postgres"
        execute(elsewhere, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        execute(elsewhere, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        with pytest.raises(DatabaseUnavailable):
            await figures.read()
        assert sample("database_up") == 0
        assert all(math.isnan(sample(name, **labels)) for name, labels in OF_THE_TABLES)
        execute(elsewhere, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

        async def look() -> float:
            with suppress(DatabaseUnavailable):
                await figures.read()
            return sample("database_up")

        await eventually(look, lambda up: up == 1)
        assert sample("turns_open", state="pending") == 0
        await database.close()

    asyncio.run(scenario())


def test_figures_that_were_not_read_for_a_while_are_not_told(database_url: str) -> None:
    async def scenario() -> None:
        database = Database(connect(database_url, "test"), 1)
        await Figures(database, fresh_seconds=0).read()
        assert sample("database_up") == 0
        assert all(math.isnan(sample(name, **labels)) for name, labels in OF_THE_TABLES)
        await database.close()

    asyncio.run(scenario())


def test_a_database_that_was_never_there_is_told_as_down() -> None:
    async def scenario() -> None:
        database = Database(connect(f"postgresql://127.0.0.1:{free_port()}/x", "test"), 1)
        figures = Figures(database)
        with pytest.raises(DatabaseUnavailable):
            await figures.read()
        assert sample("database_up") == 0
        await database.close()

    asyncio.run(scenario())


def test_a_running_service_reads_its_figures(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            await service.receive(pb.Event(channel="web", account="default", event_key="broken"))

            async def look() -> float:
                return sample("poison_events")

            await eventually(look, lambda count: count == 1)
            assert sample("events_received_total", channel="web", outcome="poison") >= 1

    asyncio.run(scenario())


def test_the_figures_cost_no_reading_through_of_tables(database_url: str) -> None:
    sql = (SERVICE / "sql" / "read_figures.sql").read_text()
    with closing(psycopg2.connect(database_url)) as connection:
        cursor = connection.cursor()
        cursor.execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan")
        cursor.execute(f"PREPARE figures ({', '.join(declared_types(sql))}) AS {sql}")
        cursor.execute("EXPLAIN EXECUTE figures (10000)")
        assert [line for (line,) in cursor.fetchall() if "Seq Scan on" in line] == []
