"""What is written into databases without the services: pgbench's statement and conversations in bulk."""

from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2

from benchmarks.bulk import fill, sessions, settle
from benchmarks.pgbench import record_script, transactions_per_second
from benchmarks.product import ROOT
from local_stack.postgres import PostgresServer
from web_gateway.sessions import Sessions


def rows(url: str, statement: str) -> list[tuple[Any, ...]]:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def test_pgbench_records_messages_as_the_service_does(
    postgres_server: PostgresServer, owner_url: str, tmp_path: Path
) -> None:
    script = tmp_path / "record.sql"
    script.write_text(record_script())
    assert transactions_per_second(postgres_server, owner_url, script, clients=2, transactions=5) > 1
    ((messages, turns, conversations, events),) = rows(
        owner_url,
        "SELECT (SELECT count(*) FROM messages WHERE author = 'customer'), (SELECT count(*) FROM turns),"
        " (SELECT count(*) FROM conversations WHERE surface = 'messaging'), (SELECT count(*) FROM inbound_events)",
    )
    assert messages == turns == conversations == events == 10


def test_the_statement_in_pgbench_is_the_service_s_own_but_for_its_parameters() -> None:
    script = record_script()
    files = (ROOT / "conversation_service" / "sql").glob("record*.sql")
    kept = [[line for line in path.read_text().splitlines() if "$" not in line][1:] for path in files]
    assert any(len(lines) > 40 and all(line in script for line in lines) for lines in kept)
    assert "$" not in script


def test_conversations_in_bulk_are_whole_and_can_be_continued(owner_url: str) -> None:
    fill(owner_url, 1, 30, 2)
    fill(owner_url, 1001, 2, 40)
    settle(owner_url)
    assert rows(owner_url, "SELECT count(*) FROM conversations") == [(32,)]
    assert rows(owner_url, "SELECT count(*) FROM messages") == [(140,)]
    broken = """
        SELECT c.id FROM conversations c JOIN messages m ON m.conversation_id = c.id
        GROUP BY c.id
        HAVING c.next_seq <> max(m.seq) + 1 OR c.next_rev <> max(m.rev) + 1 OR c.next_turn <> max(m.turn_no) + 1
            OR count(*) FILTER (WHERE m.author = 'customer') <> count(*) FILTER (WHERE m.author = 'assistant')
            OR c.thread_key <> c.id::text
    """
    assert rows(owner_url, broken) == []
    assert rows(owner_url, "SELECT count(*), min(state) FROM turns") == [(70, "done")]
    assert rows(owner_url, "SELECT count(*) FROM inbound_events i JOIN messages m ON m.id = i.message_id") == [(70,)]


def test_sessions_name_conversations_of_the_bulk(owner_url: str) -> None:
    fill(owner_url, 1, 30, 2)
    secret = "b" * 40
    tokens = sessions(secret, 1, 30, 10)
    assert len(set(tokens)) == 10
    names = [Sessions([secret.encode()], 1).find(token).id for token in tokens]
    found = rows(owner_url, f"SELECT count(*) FROM conversations WHERE id::text IN ({str(names)[1:-1]})")
    assert found == [(10,)]
