"""What must hold in the database once nothing is under way any more, whatever happened before."""

from collections.abc import Callable
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]

SHOWN = 5  # rows of one violation; the rest is counted
# Each finds rows that must not be there; what it returns is shown. Written without per cent signs, which drivers read.
RULES = {
    "an event was taken as a message, and the message is missing": """
        SELECT e.channel, e.account, e.event_key FROM inbound_events e LEFT JOIN messages m
            ON m.id = e.message_id AND m.author = 'customer' AND m.event_key = e.event_key
        WHERE e.outcome = 'message' AND m.id IS NULL""",
    "a customer's message has no event, or its event became another message": """
        SELECT c.channel, c.account, m.event_key, m.id FROM messages m JOIN conversations c ON c.id = m.conversation_id
        LEFT JOIN inbound_events e
            ON (e.channel, e.account, e.event_key, e.message_id) = (c.channel, c.account, m.event_key, m.id)
        WHERE m.author = 'customer' AND e.event_key IS NULL""",
    "one event became several messages": """
        SELECT c.channel, c.account, m.event_key, count(*)
        FROM messages m JOIN conversations c ON c.id = m.conversation_id WHERE m.author = 'customer'
        GROUP BY 1, 2, 3 HAVING count(*) > 1""",
    "one person's thread became several conversations": """
        SELECT channel, account, thread_key, count(*) FROM conversations GROUP BY 1, 2, 3 HAVING count(*) > 1""",
    "an event is kept twice": """
        SELECT channel, account, event_key, count(*) FROM inbound_events GROUP BY 1, 2, 3 HAVING count(*) > 1""",
    "a conversation's numbers (seq) have a gap or a double": """
        SELECT c.id, c.next_seq, count(m.id), count(DISTINCT m.seq), min(m.seq), max(m.seq)
        FROM conversations c LEFT JOIN messages m ON m.conversation_id = c.id GROUP BY c.id
        HAVING (count(m.id), count(DISTINCT m.seq), coalesce(max(m.seq), 0)) IS DISTINCT FROM
            (c.next_seq - 1, c.next_seq - 1, c.next_seq - 1) OR min(m.seq) < 1""",
    "a conversation's turns (turn_no) have a gap or a double": """
        SELECT c.id, c.next_turn, count(t), count(DISTINCT t.turn_no), min(t.turn_no), max(t.turn_no)
        FROM conversations c LEFT JOIN turns t ON t.conversation_id = c.id GROUP BY c.id
        HAVING (count(t), count(DISTINCT t.turn_no), coalesce(max(t.turn_no), 0)) IS DISTINCT FROM
            (c.next_turn - 1, c.next_turn - 1, c.next_turn - 1) OR min(t.turn_no) < 1""",
    "a conversation's deliveries (out_seq) have a gap or a double": """
        SELECT c.id, c.next_out, count(DISTINCT d.message_id), count(DISTINCT d.out_seq), min(d.out_seq), max(d.out_seq)
        FROM conversations c LEFT JOIN deliveries d ON d.conversation_id = c.id GROUP BY c.id
        HAVING (count(DISTINCT d.message_id), count(DISTINCT d.out_seq), coalesce(max(d.out_seq), 0)) IS DISTINCT FROM
            (c.next_out - 1, c.next_out - 1, c.next_out - 1) OR min(d.out_seq) < 1""",
    "a revision (rev) is doubled, or above the conversation's newest": """
        SELECT c.id, c.next_rev, count(m.id), count(DISTINCT m.rev), max(m.rev)
        FROM conversations c JOIN messages m ON m.conversation_id = c.id GROUP BY c.id
        HAVING count(m.id) <> count(DISTINCT m.rev) OR max(m.rev) >= c.next_rev OR min(m.rev) < 1""",
    # What changes later, changes under a new revision and leaves a gap at its old one.
    "a conversation in which nothing was changed has a gap in its revisions (rev)": """
        SELECT c.id, c.next_rev, count(*) FROM conversations c JOIN messages m ON m.conversation_id = c.id
        WHERE c.owner_rev = 0 AND NOT EXISTS (
            SELECT FROM messages x LEFT JOIN deliveries d ON d.message_id = x.id WHERE x.conversation_id = c.id
                AND (x.edited_at IS NOT NULL OR x.deleted_at IS NOT NULL OR d.status IS NOT NULL))
        GROUP BY c.id HAVING count(*) <> c.next_rev - 1""",
    "a customer's message belongs to no turn": """
        SELECT m.conversation_id, m.seq, m.turn_no FROM messages m
        LEFT JOIN turns t ON (t.conversation_id, t.turn_no) = (m.conversation_id, m.turn_no)
        WHERE m.author = 'customer' AND t.turn_no IS NULL""",
    "a customer's message belongs to an earlier turn than the one before it": """
        SELECT * FROM (
            SELECT conversation_id, seq, turn_no, lag(turn_no) OVER line AS before
            FROM messages WHERE author = 'customer' WINDOW line AS (PARTITION BY conversation_id ORDER BY seq)) m
        WHERE before > turn_no""",
    "a turn does not end with its last message, or holds none or more than ten": """
        SELECT t.conversation_id, t.turn_no, t.input_through_seq, max(m.seq), count(m.id)
        FROM turns t LEFT JOIN messages m
            ON (m.conversation_id, m.turn_no) = (t.conversation_id, t.turn_no) AND m.author = 'customer'
        GROUP BY t.conversation_id, t.turn_no
        HAVING max(m.seq) IS DISTINCT FROM t.input_through_seq OR count(m.id) NOT BETWEEN 1 AND 10""",
    "a turn is not over": """
        SELECT conversation_id, turn_no, state, attempts, lease_until, run_at FROM turns
        WHERE state NOT IN ('done', 'silent')""",
    "a turn that is done has not exactly one reply": """
        SELECT t.conversation_id, t.turn_no, count(m.id) FROM turns t LEFT JOIN messages m
            ON (m.conversation_id, m.turn_no) = (t.conversation_id, t.turn_no) AND m.author = 'assistant'
        WHERE t.state = 'done' GROUP BY t.conversation_id, t.turn_no HAVING count(m.id) <> 1""",
    "there is a reply to a turn that is not done": """
        SELECT m.conversation_id, m.turn_no, t.state, t.reason FROM messages m
        LEFT JOIN turns t ON (t.conversation_id, t.turn_no) = (m.conversation_id, m.turn_no)
        WHERE m.author = 'assistant' AND t.state IS DISTINCT FROM 'done'""",
    "a turn is silent for a reason that is none": """
        SELECT conversation_id, turn_no, reason FROM turns WHERE state = 'silent' AND (reason IS NULL OR reason NOT IN
            ('human_owner', 'window_closed', 'opted_out', 'deleted', 'loop_stopped'))""",
    "a reply stands before a message of its own turn": """
        SELECT m.conversation_id, m.turn_no, m.seq, t.input_through_seq FROM messages m
        JOIN turns t ON (t.conversation_id, t.turn_no) = (m.conversation_id, m.turn_no)
        WHERE m.author = 'assistant' AND m.seq <= t.input_through_seq""",
    "a reply stands before the reply to an earlier turn": """
        SELECT * FROM (
            SELECT conversation_id, seq, turn_no, lag(turn_no) OVER line AS before
            FROM messages WHERE author = 'assistant' WINDOW line AS (PARTITION BY conversation_id ORDER BY seq)) m
        WHERE before >= turn_no""",
    "a reply leaves before the reply to an earlier turn": """
        SELECT * FROM (
            SELECT d.conversation_id, d.out_seq, m.turn_no,
                lag(m.turn_no) OVER (PARTITION BY d.conversation_id ORDER BY d.out_seq) AS before
            FROM deliveries d JOIN messages m ON m.id = d.message_id WHERE m.author = 'assistant') m
        WHERE before > turn_no""",
    "a reply on a platform is not in the outbox, or one on the web is": """
        SELECT c.id, c.surface, m.turn_no, count(d.id) FROM messages m JOIN conversations c ON c.id = m.conversation_id
        LEFT JOIN deliveries d ON d.message_id = m.id WHERE m.author = 'assistant'
        GROUP BY c.id, m.id HAVING (c.surface = 'messaging') <> (count(d.id) > 0)""",
}


class Invariants:
    """Looks through the conversation service's tables by `query(sql, *parameters)`, which returns rows."""

    def __init__(self, query: Query) -> None:
        self._query = query

    def open_turns(self) -> int:
        """Turns that still wait or run: while there are any, it is too early to check."""
        return int(self._query("SELECT count(*) FROM turns WHERE state NOT IN ('done', 'silent')")[0][0])

    def violations(self) -> list[str]:
        """What does not hold, a sentence with its first rows each."""
        found = []
        for sentence, sql in RULES.items():
            if rows := self._query(sql):
                shown = "".join(f"\n    {', '.join(map(str, row))}" for row in rows[:SHOWN])
                found.append(f"{sentence} ({len(rows)}):{shown}")
        return found

    def check(self) -> None:
        """Raises AssertionError with everything that does not hold."""
        found = self.violations()
        assert not found, "\n".join(["what must hold does not:", *found])
