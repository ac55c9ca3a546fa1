"""What a statement reads grows with what it is asked for, also when it was planned in a quiet hour."""

import hashlib
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest

from conversation_service.database import _SESSION_OPTIONS
from conversation_service.statements import STATEMENTS

QUIET = 20_000  # conversations whose turns were over when the tables were analysed
DUE = 2_000
SEED = """
    INSERT INTO conversations (id, channel, account, thread_key, surface, next_seq, next_turn, next_rev)
        SELECT md5('c' || g)::uuid, 'web', 'default', 'thread ' || g, 'live', 2, 2, 2
        FROM generate_series(%(first)s, %(last)s) g;
    INSERT INTO turns (conversation_id, turn_no, input_through_seq, state, finished_at, deadline_at)
        SELECT md5('c' || g)::uuid, 1, 1, %(state)s, CASE %(state)s WHEN 'done' THEN now() END,
            now() + interval '1 hour'
        FROM generate_series(%(first)s, %(last)s) g;
    INSERT INTO messages (id, conversation_id, seq, rev, author, text, turn_no)
        SELECT md5('m' || g)::uuid, md5('c' || g)::uuid, 1, 1, 'customer', 'hello', 1
        FROM generate_series(%(first)s, %(last)s) g
"""
RUN = """
    UPDATE turns SET state = 'running', worker = 'worker', lease_until = now() + interval '1 hour'
    WHERE state = 'pending'
"""


class Tables:
    """A service's connection that is as old as the quiet hour, and the owner's."""

    def __init__(self, cursor: Any, owner: Any) -> None:
        self._cursor = cursor
        self._owner = owner

    def change(self, sql: str, **parameters: object) -> None:
        self._owner.execute(sql, parameters or None)

    def prepare(self, name: str, *parameters: object) -> None:
        self._cursor.execute(STATEMENTS[name].prepare.replace("%%", "%"))
        self._explain(name, parameters, analyse=False)  # the plan is made now, and kept

    def rows_touched(self, name: str, *parameters: object) -> int:
        """Rows that all parts of the plan handed on or threw away."""
        return _touched(self._explain(name, parameters, analyse=True)["Plan"])

    def read(self, name: str, *parameters: object) -> list[tuple[Any, ...]]:
        self._cursor.execute(STATEMENTS[name].execute, parameters)
        rows: list[tuple[Any, ...]] = self._cursor.fetchall()
        return rows

    def running(self) -> tuple[list[str], list[int], list[int]]:
        self._owner.execute("SELECT conversation_id::text, turn_no, fence FROM turns WHERE state = 'running'")
        ids, turns, fences = zip(*self._owner.fetchall(), strict=True)
        return list(ids), list(turns), list(fences)

    def _explain(self, name: str, parameters: tuple[object, ...], analyse: bool) -> Any:
        options = "ANALYZE, FORMAT JSON" if analyse else "FORMAT JSON"
        self._cursor.execute(f"EXPLAIN ({options}) {STATEMENTS[name].execute}", parameters)
        return self._cursor.fetchone()[0][0]


# What stays short whatever happened before: open things, names of accounts; or what is read in its order up to a LIMIT.
SHORT = {
    "rate_limits",
    "sending_accounts",
    "conversations_continues",
    "deliveries_behind",
    "deliveries_due",
    "event_conflicts_received",
    "held_echoes_conversation",
    "poison_events_received",
    "sending_accounts_pkey",
    "turns_due",
    "turns_one_running",
}


def _read_through(node: dict[str, Any]) -> Iterator[str]:
    """Tables and indexes of which a plan reads everything."""
    if "Scan" in node["Node Type"] and "Index Cond" not in node:
        name = node.get("Index Name") or (node.get("Relation Name") if node["Node Type"] == "Seq Scan" else None)
        if name and name not in SHORT:
            yield name
    for child in node.get("Plans", ()):
        yield from _read_through(child)


def test_no_statement_reads_a_table_through_also_where_all_were_empty_when_it_was_planned(database_url: str) -> None:
    found = {}
    with closing(psycopg2.connect(database_url, options=_SESSION_OPTIONS)) as service:
        service.autocommit = True
        cursor = service.cursor()
        for name, statement in STATEMENTS.items():
            cursor.execute(statement.prepare.replace("%%", "%"))
            cursor.execute(f"EXPLAIN (FORMAT JSON) {statement.execute}", [None] * statement.execute.count("%s"))
            found[name] = set(_read_through(cursor.fetchone()[0][0]["Plan"]))
    assert {name: tables for name, tables in found.items() if tables} == {}


def _touched(node: dict[str, Any]) -> int:
    removed = sum(value for key, value in node.items() if key.startswith("Rows Removed by"))
    own = (node.get("Actual Rows", 0) + removed) * node.get("Actual Loops", 1)
    return int(own) + sum(_touched(child) for child in node.get("Plans", ()))


@pytest.fixture
def tables(database_url: str, owner_url: str) -> Iterator[Tables]:
    with (
        closing(psycopg2.connect(database_url, options=_SESSION_OPTIONS)) as service,
        closing(psycopg2.connect(owner_url)) as owner,
    ):
        service.autocommit = owner.autocommit = True
        tables = Tables(service.cursor(), owner.cursor())
        tables.change(SEED, first=1, last=QUIET, state="done")
        tables.change("ANALYZE")
        yield tables


def test_looking_for_due_turns_costs_no_more_than_there_are(tables: Tables) -> None:
    claim = 64, "worker", 15.0, 60.0, 60
    tables.prepare("oldest_turn")
    tables.prepare("check_schema")
    tables.prepare("claim_turns", *claim)
    tables.change(SEED, first=QUIET + 1, last=QUIET + DUE, state="pending")
    assert tables.rows_touched("oldest_turn") < 20 * 100
    assert tables.rows_touched("check_schema") == 0
    assert tables.rows_touched("claim_turns", *claim) < 30 * DUE


def test_leases_are_renewed_and_handed_back_at_a_cost_of_those_that_are_held(tables: Tables) -> None:
    none: tuple[list[str], list[int], list[int]] = ([], [], [])
    tables.prepare("renew_turns", *none, 15.0)
    tables.prepare("release_turns", *none, "worker")
    tables.change(SEED, first=QUIET + 1, last=QUIET + DUE, state="pending")
    tables.change(RUN)
    held = tables.running()
    assert len(held[0]) == DUE
    assert tables.rows_touched("renew_turns", *held, 15.0) < 20 * DUE
    assert tables.rows_touched("release_turns", *held, "worker") < 20 * DUE


def test_a_follower_reads_its_own_conversation_also_where_the_tables_were_empty_at_first(
    database_url: str, owner_url: str
) -> None:
    with (
        closing(psycopg2.connect(database_url, options=_SESSION_OPTIONS)) as service,
        closing(psycopg2.connect(owner_url)) as owner,
    ):
        service.autocommit = owner.autocommit = True
        tables = Tables(service.cursor(), owner.cursor())
        tables.prepare("read_changes", [], [], [], [], 50)
        tables.change(SEED, first=1, last=DUE, state="done")
        one = str(uuid.UUID(hashlib.md5(b"c7").hexdigest()))
        assert tables.rows_touched("read_changes", [one], ["web"], ["default"], [0], 50) < 50


def test_what_is_one_with_a_conversation_is_found_without_the_others(database_url: str, owner_url: str) -> None:
    one = str(uuid.UUID(hashlib.md5(b"c7").hexdigest()))
    questions: dict[str, tuple[object, ...]] = {
        "lock_joined": (one,),
        "take_echoes": (one, 600.0),
        "possible_origins": (one, 600.0),
        "lock_message": ("web", "default", "forgotten", one),
    }
    with (
        closing(psycopg2.connect(database_url, options=_SESSION_OPTIONS)) as service,
        closing(psycopg2.connect(owner_url)) as owner,
    ):
        service.autocommit = owner.autocommit = True
        tables = Tables(service.cursor(), owner.cursor())
        for name, parameters in questions.items():
            tables.prepare(name, *parameters)
        tables.change(SEED, first=1, last=DUE, state="done")
        tables.change("""
            UPDATE conversations SET continues_in = md5('c1')::uuid WHERE id NOT IN (md5('c1')::uuid, md5('c7')::uuid);
            INSERT INTO deliveries (channel, account, conversation_id, out_seq, message_id, part, text, state)
                SELECT 'web', 'default', conversation_id, 1, id, 0, text, 'sending' FROM messages
        """)
        for name, parameters in questions.items():
            assert tables.rows_touched(name, *parameters) < 50, name


def test_the_newest_conversations_are_found_without_reading_all(tables: Tables) -> None:
    newest = ("infinity", "infinity", str(uuid.UUID(int=0)), 50, True, "", "")
    tables.change("UPDATE conversations SET last_customer_at = now() - random() * interval '300 days'")
    tables.change("ANALYZE conversations")
    tables.prepare("list_conversations", *newest)
    assert len(tables.read("list_conversations", *newest)) == 50
    assert tables.rows_touched("list_conversations", *newest) < QUIET / 10


def test_the_few_conversations_of_a_person_are_found_among_many(tables: Tables) -> None:
    of_persons = ("infinity", "infinity", str(uuid.UUID(int=0)), 50, True, "", "human")
    tables.change("UPDATE conversations SET last_customer_at = now() - random() * interval '300 days'")
    tables.change(
        "UPDATE conversations SET owner = 'human', human_at = now() WHERE id < '01000000-0000-0000-0000-000000000000'"
    )
    tables.change("ANALYZE conversations")
    tables.prepare("list_conversations", *of_persons)
    assert {row[5] for row in tables.read("list_conversations", *of_persons)} == {"human"}
    assert tables.rows_touched("list_conversations", *of_persons) < QUIET / 10
