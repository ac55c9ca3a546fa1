"""Conversations by the million, written by one statement a table, and sessions that continue them."""

import random
from contextlib import closing
from pathlib import Path

import psycopg2

from web_gateway.sessions import Sessions

_FILL = Path(__file__).parent / "bulk.sql"


def fill(database_url: str, first: int, conversations: int, messages: int) -> None:
    """Conversations `first` and on, with an even number of messages each, all answered."""
    with closing(psycopg2.connect(database_url)) as connection, connection, connection.cursor() as cursor:
        counts = {"first": first, "conversations": conversations, "messages": messages}
        cursor.execute(_FILL.read_text(), counts)


def settle(database_url: str) -> None:
    """What autovacuum and the checkpointer would otherwise do while something is measured."""
    with closing(psycopg2.connect(database_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
            cursor.execute("CHECKPOINT")


def sessions(secret: str, first: int, conversations: int, count: int) -> tuple[str, ...]:
    """Tokens for `count` of those conversations, drawn at random."""
    numbers = random.sample(range(first, first + conversations), min(count, conversations))
    minted = Sessions([secret.encode()], lifetime_seconds=86_400)
    return tuple(minted.open(f"00000000-0000-4000-8000-{number:012x}").token for number in numbers)
