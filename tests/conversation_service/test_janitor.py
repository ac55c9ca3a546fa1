"""What has outlived its use goes, nothing else does, and nobody waits for it."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import psycopg2
import pytest
from prometheus_client import REGISTRY

from chassis.settings import load
from conversation_service.config import RetentionSettings
from conversation_service.database import Database, connect
from conversation_service.inbox import Inbox, Windows
from conversation_service.janitor import Janitor, Retention
from protos import conversation_pb2 as pb
from tests.conversation_service.harness import new_conversation, platform_message, running_service, web_message
from tests.repository.test_statements import FILES, declared_types

DAYS = Retention(events=14, raw=7, conflicts=20, poison=21, attempts=22, calls=23, conversations=30)


class Room:
    """A database with one or more janitors, and the write side of the service."""

    def __init__(self, url: str, owner_url: str) -> None:
        self.url = owner_url
        self.database = Database(connect(url, "test"), 4)
        self.inbox = Inbox(self.database, Windows(0, 0, 60))

    def janitor(self, retention: Retention = DAYS, at_once: int = 500) -> Janitor:
        return Janitor(self.database, retention, at_once)

    async def record(self, *events: pb.Event) -> list[pb.Receipt]:
        return (await self.inbox.record(events, "test", None)).receipts

    async def conversation(self, idle_days: float, messages: int = 1) -> str:
        """One with everything that can hang on it, in which the last word was said so long ago."""
        thread = f"thread-{uuid.uuid4()}"
        for number in range(messages):
            (receipt,) = await self.record(platform_message(thread, f"message {number}"))
        name = receipt.conversation_id
        self.query(FURNISH.replace("NAME", f"'{name}'").replace("DAYS", str(idle_days)))
        return name

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(psycopg2.connect(self.url)) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def count(self, table: str) -> int:
        return int(self.query(f"SELECT count(*) FROM {table}")[0][0])


# A reply with its call, its tool, its delivery and an attempt, an edit, a person with a name: all of them old. The
# conversation is locked first, as a service does that may be answering it.
FURNISH = """
SELECT FROM conversations WHERE id = NAME FOR UPDATE;
UPDATE turns SET state = 'done', finished_at = now() WHERE conversation_id = NAME;
INSERT INTO messages (id, conversation_id, seq, rev, author, text, turn_no)
    VALUES (gen_random_uuid(), NAME, 1000, 1000, 'assistant', 'a reply', 1);
UPDATE messages SET created_at = now() - interval 'DAYS days' WHERE conversation_id = NAME;
INSERT INTO message_edits SELECT id, 1, 'before' FROM messages WHERE conversation_id = NAME AND seq = 1;
INSERT INTO deliveries (channel, account, conversation_id, out_seq, message_id, part, text, state)
    SELECT 'test', 'default', NAME, 1, id, 0, text, 'sent' FROM messages WHERE conversation_id = NAME AND seq = 1000;
INSERT INTO delivery_attempts (delivery_id, fence, started_at)
    SELECT id, 1, now() - interval 'DAYS days' FROM deliveries WHERE conversation_id = NAME;
INSERT INTO llm_calls (conversation_id, turn_no, fence, rung, provider, model, used_fallback, error_code, prompt_tokens,
    completion_tokens, latency_ms, first_token_ms, cost_micros, prompt_version, knowledge_version, created_at)
    VALUES (NAME, 1, 1, 0, 'openai', 'm', false, '', 1, 1, 1, 1, 1, '', '', now() - interval 'DAYS days');
INSERT INTO tool_calls (conversation_id, turn_no, call_key, name, arguments) VALUES (NAME, 1, 'k', 'n', '{}');
WITH person AS (INSERT INTO participants (display_name) VALUES ('Ada') RETURNING id),
    named AS (INSERT INTO participant_aliases (channel, account, kind, value, participant_id)
        SELECT 'whatsapp', 'default', 'phone', NAME, id FROM person)
UPDATE conversations SET participant_id = (SELECT id FROM person), last_customer_at = now() - interval 'DAYS days',
    created_at = now() - interval 'DAYS days' WHERE id = NAME
"""
HANGING = (
    "conversations",
    "messages",
    "message_edits",
    "turns",
    "deliveries",
    "delivery_attempts",
    "llm_calls",
    "tool_calls",
    "participants",
    "participant_aliases",
)

Scenario = Callable[[Room], Awaitable[None]]


@pytest.fixture
def in_room(database_url: str, owner_url: str) -> Callable[[Scenario], None]:
    def run(scenario: Scenario) -> None:
        async def whole() -> None:
            room = Room(database_url, owner_url)
            try:
                await scenario(room)
            finally:
                await room.database.close()

        asyncio.run(whole())

    return run


InRoom = Callable[[Scenario], None]

AGED = {
    "inbound_events": (
        DAYS.events,
        "INSERT INTO inbound_events (channel, account, event_key, thread_key, kind, meaning_sha, outcome, received_at)"
        " VALUES ('web', 'a', 'AGE', '', 'message', '', 'message', now() - interval 'AGE days')",
    ),
    "event_conflicts": (
        DAYS.conflicts,
        "INSERT INTO event_conflicts (channel, account, event_key, kind, meaning_sha, received_at)"
        " VALUES ('web', 'a', 'AGE', 'message', '', now() - interval 'AGE days')",
    ),
    "poison_events": (
        DAYS.poison,
        "INSERT INTO poison_events (channel, account, event_key, reason, event, event_sha, received_at)"
        " VALUES ('web', 'a', 'AGE', 'r', '', 'AGE', now() - interval 'AGE days')",
    ),
    "rate_limits": (0, "INSERT INTO rate_limits VALUES ('AGE', now() - interval 'AGE days')"),
}


@pytest.mark.parametrize("table", AGED)
def test_a_row_goes_once_it_is_older_than_it_is_to_be_kept(in_room: InRoom, table: str) -> None:
    async def scenario(room: Room) -> None:
        days, insert = AGED[table]
        for age in (days - 0.01, days + 0.01, days + 100):
            room.query(insert.replace("AGE", str(age)))
        await room.janitor().clean()
        assert room.count(table) == 1
        column = {"rate_limits": "key"}.get(table, "event_key")
        assert room.query(f"SELECT {column} FROM {table}") == [(str(days - 0.01),)]

    in_room(scenario)


def test_the_bytes_of_an_event_go_before_its_key(in_room: InRoom) -> None:
    async def scenario(room: Room) -> None:
        for age in (6, 8):
            (receipt,) = await room.record(platform_message("34600", f"hello {age}"))
            room.query(
                f"UPDATE inbound_events SET received_at = now() - interval '{age} days'"
                f" WHERE event_key = '{receipt.event_key}'"
            )
        await room.janitor().clean()
        assert room.count("inbound_events WHERE raw IS NOT NULL") == 1
        assert room.count("inbound_events") == 2

    in_room(scenario)


def test_an_event_that_is_repeated_after_fourteen_days_is_a_duplicate_still(in_room: InRoom) -> None:
    async def scenario(room: Room) -> None:
        shortest = Retention(events=14, raw=1, conflicts=1, poison=1, attempts=1, calls=1, conversations=0)
        event = web_message(new_conversation(), "hello")
        (first,) = await room.record(event)
        room.query("UPDATE inbound_events SET received_at = now() - interval '13 days 23 hours'")
        await room.janitor(shortest).clean()
        (again,) = await room.record(event)
        assert (again.outcome, again.message_id) == (pb.Receipt.OUTCOME_DUPLICATE, first.message_id)

    in_room(scenario)


def test_attempts_and_calls_go_and_what_is_not_settled_keeps_its_attempts(in_room: InRoom) -> None:
    async def scenario(room: Room) -> None:
        kept, settled = await room.conversation(29), await room.conversation(29)
        room.query(f"UPDATE deliveries SET state = 'unknown' WHERE conversation_id = '{kept}'")
        await room.janitor().clean()
        remaining = room.query(
            "SELECT d.conversation_id::text FROM delivery_attempts a JOIN deliveries d ON d.id = a.delivery_id"
        )
        assert remaining == [(kept,)]
        assert room.count("llm_calls") == 0
        assert {kept, settled} == {name for (name,) in room.query("SELECT id::text FROM conversations")}

    in_room(scenario)


@pytest.mark.parametrize("at_once", [500, 3, 1])
def test_an_idle_conversation_goes_with_all_that_hangs_on_it(in_room: InRoom, at_once: int) -> None:
    async def scenario(room: Room) -> None:
        gone, kept = await room.conversation(31, messages=25), await room.conversation(29)
        room.query(f"UPDATE conversations SET continues_in = '{kept}' WHERE id = '{gone}'")
        young = replace(DAYS, attempts=90, calls=90)
        janitor = room.janitor(young, at_once)
        await janitor.clean()
        assert {table: room.count(table) for table in HANGING} == dict.fromkeys(HANGING, 1) | {"messages": 2}
        assert room.query("SELECT id::text FROM conversations") == [(kept,)]

    in_room(scenario)


def test_a_conversation_in_which_no_customer_ever_wrote_goes_as_well(in_room: InRoom) -> None:
    async def scenario(room: Room) -> None:
        await room.conversation(31)
        kept = await room.conversation(29)
        room.query("UPDATE conversations SET last_customer_at = NULL")
        await room.janitor().clean()
        assert room.query("SELECT id::text FROM conversations") == [(kept,)]

    in_room(scenario)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE turns SET state = 'pending' WHERE conversation_id = NAME",
        "UPDATE turns SET state = 'running', lease_until = now(), deadline_at = now() WHERE conversation_id = NAME",
        *(
            f"UPDATE deliveries SET state = '{state}' WHERE conversation_id = NAME"
            for state in ("queued", "sending", "unknown")
        ),
        "UPDATE messages SET created_at = now() WHERE conversation_id = NAME AND seq = 1000",
        "UPDATE conversations SET last_customer_at = now() WHERE id = NAME",
        "UPDATE conversations SET continues_in = NAME WHERE id = OTHER",
    ],
    ids=lambda change: change[:60],
)
def test_a_conversation_stays_whole_while_something_in_it_is_open_or_new(in_room: InRoom, change: str) -> None:
    async def scenario(room: Room) -> None:
        name, other = await room.conversation(100), await room.conversation(1)
        room.query(change.replace("NAME", f"'{name}'").replace("OTHER", f"'{other}'"))
        await room.janitor(replace(DAYS, attempts=900, calls=900)).clean()
        assert {table: room.count(table) for table in HANGING} == dict.fromkeys(HANGING, 2) | {"messages": 4}

    in_room(scenario)


def test_conversations_are_kept_for_ever_unless_somebody_says_otherwise(in_room: InRoom) -> None:
    async def scenario(room: Room) -> None:
        await room.conversation(5000)
        await room.janitor(replace(DAYS, conversations=0)).clean()
        assert room.count("messages") == 2

    in_room(scenario)


def test_two_janitors_beside_the_traffic_delete_each_row_once_and_lose_nothing(
    database_url: str, owner_url: str
) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            room = Room(database_url, owner_url)
            for _ in range(30):
                await room.conversation(40)
            room.query(
                "INSERT INTO inbound_events (channel, account, event_key, thread_key, kind, meaning_sha, outcome,"
                " received_at) SELECT 'web', 'a', n, '', 'message', '', 'message', now() - interval '15 days'"
                " FROM generate_series(1, 4000) n"
            )
            before = {name: sample("janitor_deleted_total", table=name) for name in ("inbound_events", "conversations")}
            trouble = sum(sample("janitor_failures_total", statement=path.stem) for path in FILES)

            async def talk(conversation: str) -> None:
                for number in range(10):
                    (receipt,) = await service.receive(web_message(conversation, f"question {number}"))
                    assert receipt.outcome == pb.Receipt.OUTCOME_RECORDED

            people = [new_conversation() for _ in range(8)]
            janitors = [room.janitor(at_once=97).clean(), room.janitor(at_once=101).clean()]
            await asyncio.gather(*janitors, *(talk(person) for person in people))
            assert room.query("SELECT count(*) FROM inbound_events WHERE account = 'a'") == [(0,)]
            for person in people:
                await service.replies(person)
            written = "SELECT count(*) FROM messages WHERE author = 'customer'"
            assert room.query(written) == [(80,)]
            assert room.query("SELECT count(*) FROM conversations WHERE channel = 'whatsapp'") == [(0,)]
            deleted = {name: sample("janitor_deleted_total", table=name) - count for name, count in before.items()}
            assert deleted == {"inbound_events": 4000, "conversations": 30}
            assert sum(sample("janitor_failures_total", statement=path.stem) for path in FILES) == trouble
            await room.database.close()

    asyncio.run(scenario())


def test_what_somebody_holds_is_passed_over_without_waiting(in_room: InRoom) -> None:
    async def scenario(room: Room) -> None:
        insert = AGED["inbound_events"][1]
        for age in (20, 21):
            room.query(insert.replace("AGE", str(age)))
        await room.conversation(40)
        with closing(psycopg2.connect(room.url)) as other:
            other.cursor().execute("SELECT FROM inbound_events WHERE event_key = '20' FOR UPDATE")
            other.cursor().execute("SELECT FROM conversations FOR UPDATE")
            failures = sample("janitor_failures_total", statement="prune_events")
            await room.janitor().clean()
            assert sample("janitor_failures_total", statement="prune_events") == failures, "it waited for the lock"
            assert room.query("SELECT event_key FROM inbound_events WHERE account = 'a'") == [("20",)]
            assert room.count("conversations") == 1
            other.rollback()  # where it is only closed, its locks end a moment later
        await room.janitor().clean()
        assert room.count("conversations") == 0

    in_room(scenario)


def test_a_row_that_cannot_be_deleted_stops_neither_its_table_nor_the_others(in_room: InRoom) -> None:
    async def scenario(room: Room) -> None:
        for age in range(100, 140):
            for table in ("inbound_events", "poison_events"):
                room.query(AGED[table][1].replace("AGE", str(age)))
        room.query(
            "CREATE TABLE evidence (event bigint REFERENCES poison_events (id));"
            " INSERT INTO evidence SELECT id FROM poison_events WHERE event_key IN ('120', '121')"
        )
        failures, last = sample("janitor_failures_total", statement="prune_poison"), last_run()
        await room.janitor().clean()
        assert room.query("SELECT event_key FROM poison_events ORDER BY 1") == [("120",), ("121",)]
        assert room.count("inbound_events") == 0
        assert sample("janitor_failures_total", statement="prune_poison") == failures + 1
        assert last_run() == last, "a round that left something is not told as a good one"

    in_room(scenario)


def test_a_database_that_was_away_is_cleaned_once_it_is_back(in_room: InRoom) -> None:
    async def scenario(room: Room) -> None:
        for table in ("inbound_events", "poison_events"):
            room.query(AGED[table][1].replace("AGE", "100"))
        janitor = room.janitor()
        room.query("ALTER TABLE inbound_events RENAME TO away")
        await janitor.clean()
        assert room.count("poison_events") == 0, "the other tables are done all the same"
        room.query("ALTER TABLE away RENAME TO inbound_events")
        room.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'test'")
        last = last_run()
        await janitor.clean()
        assert room.count("inbound_events") == 0
        assert last_run() > last

    in_room(scenario)


@pytest.mark.parametrize("path", [path for path in FILES if path.stem.startswith("prune_")], ids=lambda path: path.stem)
def test_no_big_table_is_read_through_to_find_what_is_old(database_url: str, path: Any) -> None:
    sql = path.read_text()
    with closing(psycopg2.connect(database_url)) as connection:
        cursor = connection.cursor()
        # Without an index there is no other way than the one that is forbidden.
        cursor.execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan")
        cursor.execute(f"PREPARE pruning ({', '.join(declared_types(sql))}) AS {sql}")
        cursor.execute(f"EXPLAIN EXECUTE pruning ({', '.join('7' for _ in declared_types(sql))})")
        read_through = [line for (line,) in cursor.fetchall() if "Seq Scan on" in line]
    assert [line for line in read_through if "on rate_limits" not in line] == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"RETENTION_EVENTS_DAYS": "13"}, "RETENTION_EVENTS_DAYS: Input should be greater than or equal to 14"),
        ({"RETENTION_CONVERSATIONS_DAYS": "29"}, "RETENTION_CONVERSATIONS_DAYS: must be 0, or not less than the 30"),
        ({"RETENTION_CONVERSATIONS_DAYS": "80", "RETENTION_POISON_DAYS": "81"}, "not less than the 81 days"),
    ],
)
def test_days_that_would_break_a_promise_are_refused(
    settings: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        load(RetentionSettings)
    assert message in capsys.readouterr().err


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


def last_run() -> float:
    return sample("janitor_last_run_timestamp_seconds")
