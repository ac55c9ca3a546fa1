"""The way back from a release keeps what was written under it."""

from contextlib import closing

import psycopg2

from migrations.runner import migrate_down, migrate_up

# Two replies, the first of them in three parts.
WRITTEN = """
    INSERT INTO conversations (id, channel, account, thread_key, surface, next_out)
        VALUES (md5('c')::uuid, 'whatsapp', 'default', 't', 'messaging', 3);
    INSERT INTO messages (id, conversation_id, seq, rev, author, text, turn_no)
        SELECT md5('m' || n)::uuid, md5('c')::uuid, n, n, 'assistant', 'reply', n FROM generate_series(1, 2) n;
    INSERT INTO deliveries (conversation_id, channel, account, out_seq, message_id, part, text)
        SELECT md5('c')::uuid, 'whatsapp', 'default', n, md5('m' || n)::uuid, part, n || ' ' || part
        FROM (VALUES (1, 0), (1, 1), (1, 2), (2, 0)) AS i (n, part)
"""


def test_a_line_of_replies_in_parts_keeps_its_order(empty_database_url: str) -> None:
    migrate_up(empty_database_url)
    with closing(psycopg2.connect(empty_database_url)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(WRITTEN)
        migrate_down(empty_database_url, to=7)
        cursor.execute("SELECT out_seq, text FROM deliveries ORDER BY out_seq")
        assert cursor.fetchall() == [(1, "1 0"), (2, "1 1"), (3, "1 2"), (4, "2 0")]
        cursor.execute("SELECT next_out FROM conversations")
        assert cursor.fetchall() == [(5,)]
        migrate_up(empty_database_url)
