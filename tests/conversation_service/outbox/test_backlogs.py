"""What looking for work to send costs: as much as there is to be handed out, whatever else waits."""

from collections.abc import Iterator
from contextlib import closing

import psycopg2
import pytest

from conversation_service.database import _SESSION_OPTIONS
from conversation_service.outbox import claiming
from conversation_service.outbox.lines import RETRY_SECONDS
from tests.conversation_service.test_plans import Tables

OTHERS, LONG = 25_000, 5_000
# Conversations with a reply each, or one conversation with all of them.
SEED = """
    INSERT INTO conversations (id, channel, account, thread_key, surface, next_seq, next_turn, next_rev, next_out)
        SELECT md5(%(channel)s || g)::uuid, %(channel)s, 'default', 't' || g, 'messaging', 2, 2, 2, 2
        FROM generate_series(1, CASE WHEN %(in_one)s THEN 1 ELSE %(count)s END) g;
    INSERT INTO messages (id, conversation_id, seq, rev, author, text, turn_no)
        SELECT md5(%(channel)s || 'm' || g)::uuid, md5(%(channel)s || CASE WHEN %(in_one)s THEN 1 ELSE g END)::uuid,
            g, g, 'system', 'hello', g
        FROM generate_series(1, %(count)s) g;
    INSERT INTO deliveries (conversation_id, channel, account, out_seq, message_id, part, text, created_at, run_at)
        SELECT conversation_id, %(channel)s, 'default', seq, id, 0, text, now() - interval '1 h', now() - interval '1 h'
        FROM messages WHERE id = ANY (ARRAY(
            SELECT md5(%(channel)s || 'm' || g)::uuid FROM generate_series(1, %(count)s) g))
"""
WORKER = ("worker", 30.0, [], [], [])


@pytest.fixture
def tables(database_url: str, owner_url: str) -> Iterator[Tables]:
    """A connection whose plans are as old as the empty tables."""
    with (
        closing(psycopg2.connect(database_url, options=_SESSION_OPTIONS)) as service,
        closing(psycopg2.connect(owner_url)) as owner,
    ):
        service.autocommit = owner.autocommit = True
        tables = Tables(service.cursor(), owner.cursor())
        tables.prepare("expire_deliveries")
        tables.prepare("due_accounts", [])
        tables.prepare("lock_due_lines", ["whatsapp"], ["default"], [10], 10)
        tables.prepare("bar_deliveries", "{}", RETRY_SECONDS)
        tables.prepare("claim_deliveries", "{}", "{}", *WORKER)
        tables.prepare("signal_typing", ["whatsapp"], [1000])
        tables.prepare("unproven_deliveries", 120.0, 600.0, 100)
        tables.prepare("stuck_lines", 100)
        yield tables


def rows_of_a_claim(tables: Tables, channel: str, limit: int) -> tuple[int, int]:
    """Rows touched by each statement of a claim, and how many deliveries were handed out."""
    rows = tables.rows_touched("expire_deliveries") + tables.rows_touched("due_accounts", [channel])
    most = [channel], ["default"], [limit], limit
    rows += tables.rows_touched("lock_due_lines", *most)
    found = tables.read("lock_due_lines", *most)
    conversations = "{" + ",".join(str(conversation) for conversation, _ in found) + "}"
    due = "{" + ",".join(identity for _, ids in found for identity in claiming._ids(ids)) + "}"
    rows += tables.rows_touched("bar_deliveries", conversations, RETRY_SECONDS)
    rows += tables.rows_touched("claim_deliveries", conversations, due, *WORKER)
    return rows, len(found)


def test_what_waits_on_other_channels_costs_nothing(tables: Tables) -> None:
    tables.change(SEED, channel="telegram", count=OTHERS, in_one=False)
    tables.change(SEED, channel="whatsapp", count=20, in_one=False)
    rows, handed_out = rows_of_a_claim(tables, "whatsapp", 10)
    assert handed_out == 10
    assert rows < 600
    assert tables.rows_touched("due_accounts", []) < 100


def test_a_backlog_of_one_channel_costs_no_more_than_what_is_handed_out(tables: Tables) -> None:
    tables.change(SEED, channel="whatsapp", count=OTHERS, in_one=False)
    rows, handed_out = rows_of_a_claim(tables, "whatsapp", 10)
    assert handed_out == 10
    assert rows < 2_000


def test_a_long_line_is_looked_through_once_and_its_head_found_at_once(database_url: str, tables: Tables) -> None:
    tables.change(SEED, channel="whatsapp", count=LONG, in_one=True)
    rounds = LONG // 200
    first = sum(rows_of_a_claim(tables, "whatsapp", 10)[0] for _ in range(rounds))
    assert first < 30 * LONG, "each is set aside once"
    tables.change("UPDATE deliveries SET state = 'sent' WHERE state = 'sending'")
    tables.change("UPDATE deliveries SET run_at = now() WHERE out_seq = 2")
    rows, handed_out = rows_of_a_claim(tables, "whatsapp", 10)
    assert handed_out == 1
    assert rows < 100
    assert tables.rows_touched("stuck_lines", 100) < 2 * LONG + 100


def test_nothing_is_looked_through_where_nothing_is_under_way(tables: Tables) -> None:
    tables.change(SEED, channel="whatsapp", count=2_000, in_one=False)
    tables.change("UPDATE deliveries SET state = 'sent'")
    tables.change("""
        INSERT INTO turns (conversation_id, turn_no, input_through_seq, state)
        SELECT id, 1, 1, 'done' FROM conversations""")
    tables.change("""
        INSERT INTO turns (conversation_id, turn_no, input_through_seq, state, lease_until, deadline_at)
        SELECT id, 2, 1, 'running', now(), now() FROM conversations LIMIT 1000""")
    for name, parameters in (
        ("signal_typing", (["whatsapp"], [1000])),
        ("unproven_deliveries", (120.0, 600.0, 100)),
        ("stuck_lines", (100,)),
        ("expire_deliveries", ()),
        ("due_accounts", ([],)),
    ):
        assert tables.rows_touched(name, *parameters) < 10, name


def test_what_waits_for_a_proof_is_not_looked_at_before_its_time(tables: Tables) -> None:
    tables.change(SEED, channel="whatsapp", count=2_000, in_one=False)
    tables.change("UPDATE deliveries SET state = 'unknown', run_at = now() - interval '300 s'")
    tables.change(
        "INSERT INTO sending_accounts (channel, account, proven_through) "
        "VALUES ('whatsapp', 'default', now() - interval '400 s')"
    )
    assert tables.rows_touched("unproven_deliveries", 120.0, 600.0, 100) < 20
    tables.change("UPDATE sending_accounts SET proven_through = now() - interval '200 s'")
    assert tables.rows_touched("unproven_deliveries", 120.0, 600.0, 100) < 2_000
    assert len(tables.read("unproven_deliveries", 120.0, 600.0, 100)) == 100
    assert tables.read("unproven_deliveries", 400.0, 600.0, 100) == []
    assert len(tables.read("unproven_deliveries", 120.0, 250.0, 2_000)) == 2_000
