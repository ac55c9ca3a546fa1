"""The checker itself: silent about a sound history, and loud about each way in which one can be unsound."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest

from tests.invariants import RULES, SHOWN, Invariants, Query

# Two turns of one thread on a platform: two messages and a reply, one message and a reply.
SOUND = """
INSERT INTO conversations (id, channel, account, thread_key, surface, next_seq, next_turn, next_out, next_rev)
    VALUES (uuid(1), 'whatsapp', 'shop', '34600', 'messaging', 6, 3, 3, 6);
INSERT INTO turns (conversation_id, turn_no, state, input_through_seq, fence, finished_at)
    VALUES (uuid(1), 1, 'done', 2, 1, now()), (uuid(1), 2, 'done', 4, 1, now());
INSERT INTO messages (id, conversation_id, seq, rev, author, text, turn_no, event_key) VALUES
    (uuid(11), uuid(1), 1, 1, 'customer', 'hello', 1, 'k1'), (uuid(12), uuid(1), 2, 2, 'customer', 'there?', 1, 'k2'),
    (uuid(13), uuid(1), 3, 3, 'assistant', 'hello', 1, NULL),
    (uuid(14), uuid(1), 4, 4, 'customer', 'thanks', 2, 'k3'), (uuid(15), uuid(1), 5, 5, 'assistant', 'you', 2, NULL);
INSERT INTO inbound_events (channel, account, event_key, thread_key, kind, meaning_sha, message_id, outcome)
    SELECT 'whatsapp', 'shop', event_key, '34600', 'message', '', id, 'message' FROM messages WHERE author = 'customer';
INSERT INTO inbound_events (channel, account, event_key, thread_key, kind, meaning_sha, outcome)
    VALUES ('whatsapp', 'shop', 'k9', '34600', 'reaction', '', 'kept');
INSERT INTO deliveries (channel, account, conversation_id, out_seq, message_id, part, text)
    VALUES ('test', 'default', uuid(1), 1, uuid(13), 0, 'hello'), ('test', 'default', uuid(1), 2, uuid(15), 0, 'you')
"""

# For each sentence of the checker what makes it true; without the constraints, which would refuse most of it.
UNSOUND = {
    "an event was taken as a message": "UPDATE inbound_events SET message_id = uuid(99) WHERE event_key = 'k1'",
    "a customer's message has no event": "DELETE FROM inbound_events WHERE event_key = 'k1'",
    "one event became several": "UPDATE messages SET event_key = 'k1' WHERE event_key = 'k2'",
    "one person's thread": """
        INSERT INTO conversations (id, channel, account, thread_key, surface)
            VALUES (uuid(2), 'whatsapp', 'shop', '34600', 'messaging')""",
    "an event is kept twice": "INSERT INTO inbound_events SELECT * FROM inbound_events WHERE event_key = 'k9'",
    "a conversation's numbers (seq)": "UPDATE messages SET seq = 6 WHERE seq = 5",
    "a conversation's turns (turn_no)": "UPDATE conversations SET next_turn = 4",
    "a conversation's deliveries (out_seq)": "UPDATE deliveries SET out_seq = 3 WHERE out_seq = 2",
    "a revision (rev) is doubled": "UPDATE messages SET rev = 4 WHERE seq = 5",
    "a conversation in which nothing was changed": "UPDATE conversations SET next_rev = 7",
    "a customer's message belongs to no turn": "UPDATE messages SET turn_no = 7 WHERE seq = 1",
    "a customer's message belongs to an earlier turn": "UPDATE messages SET turn_no = 2 WHERE seq = 1",
    "a turn does not end with its last message": "UPDATE turns SET input_through_seq = 1 WHERE turn_no = 1",
    "a turn is not over": "UPDATE turns SET state = 'pending' WHERE turn_no = 2",
    "a turn that is done has not exactly one reply": "UPDATE messages SET turn_no = 1 WHERE seq = 5",
    "there is a reply to a turn that is not done": """
        UPDATE turns SET state = 'silent', reason = 'human_owner' WHERE turn_no = 2""",
    "a turn is silent for a reason": "UPDATE turns SET state = 'silent', reason = 'model_failed' WHERE turn_no = 2",
    "a reply stands before a message of its own": """
        UPDATE messages SET seq = CASE seq WHEN 2 THEN 3 ELSE 2 END WHERE seq IN (2, 3);
        UPDATE turns SET input_through_seq = 3 WHERE turn_no = 1""",
    "a reply stands before the reply to an earlier": """
        UPDATE messages SET turn_no = CASE seq WHEN 3 THEN 2 ELSE 1 END WHERE seq IN (3, 5)""",
    "a reply leaves before the reply to an earlier": """
        UPDATE deliveries SET out_seq = 3 - out_seq""",
    "a reply on a platform is not in the outbox": "UPDATE conversations SET surface = 'live'",
}


@pytest.fixture
def query(owner_url: str) -> Iterator[Query]:
    with closing(psycopg2.connect(owner_url)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()

        def run(sql: str, *parameters: object) -> list[tuple[Any, ...]]:
            cursor.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []

        drop_constraints(run)
        run("CREATE FUNCTION uuid(n int) RETURNS uuid LANGUAGE sql RETURN lpad(n::text, 32, '0')::uuid")
        run(SOUND)
        yield run


def drop_constraints(run: Callable[[str], list[tuple[Any, ...]]]) -> None:
    """All of them but the primary keys, by which the checker groups; events are not grouped by theirs."""
    constraints = """
        SELECT conrelid::regclass::text, conname FROM pg_constraint
        WHERE conrelid::regclass::text IN ('conversations', 'inbound_events', 'turns', 'messages', 'deliveries')
            AND (contype IN ('u', 'f', 'c') OR conname = 'inbound_events_pkey')
    """
    for table, name in run(constraints):
        run(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    run("DROP INDEX messages_one_reply")


def test_a_sound_history_has_no_violations(query: Query) -> None:
    assert Invariants(query).violations() == []
    Invariants(query).check()


@pytest.mark.parametrize("sentence", UNSOUND)
def test_an_unsound_history_is_noticed_and_said(query: Query, sentence: str) -> None:
    query(UNSOUND[sentence])
    assert any(found.startswith(sentence) for found in Invariants(query).violations())
    with pytest.raises(AssertionError, match="what must hold does not"):
        Invariants(query).check()


def test_every_rule_is_proven_to_bite() -> None:
    proven = [[sentence for sentence in UNSOUND if rule.startswith(sentence)] for rule in RULES]
    assert [len(sentences) for sentences in proven] == [1] * len(UNSOUND)


def test_turns_that_still_run_are_counted(query: Query) -> None:
    assert Invariants(query).open_turns() == 0
    query("UPDATE turns SET state = 'pending' WHERE turn_no = 2")
    assert Invariants(query).open_turns() == 1


def test_a_long_list_is_counted_and_its_beginning_shown(query: Query) -> None:
    waiting = "INSERT INTO turns (conversation_id, turn_no, input_through_seq) SELECT uuid(1), n, 1"
    query(f"{waiting} FROM generate_series(3, 22) n")
    (found,) = (found for found in Invariants(query).violations() if found.startswith("a turn is not over"))
    assert found.splitlines()[0] == "a turn is not over (20):"
    assert len(found.splitlines()) == 1 + SHOWN
