"""A gate holds several transactions back at one row and lets them go at once, so that a race surely takes place."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import psycopg2

from tests.conversation_service.harness import Client, eventually

WAITING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


class Gate:
    """What waits before it; it opens at the end of the block."""

    def __init__(self, service: Client) -> None:
        self._service = service

    async def holds(self, count: int) -> list[int]:
        """Wait until `count` transactions wait for a lock; the process ids of their backends."""

        async def look() -> list[int]:
            return [pid for (pid,) in self._service.query(WAITING)]

        return await eventually(look, lambda pids: len(pids) >= count, seconds=2)  # the service's own lock_timeout: 2.5


@asynccontextmanager
async def gate(service: Client, sql: str, *parameters: object) -> AsyncIterator[Gate]:
    """Hold what `sql` locks, in a transaction that changes nothing in the end."""
    with closing(psycopg2.connect(service.settings.database_url.get_secret_value())) as connection:
        connection.cursor().execute(sql, parameters)
        yield Gate(service)
        connection.rollback()


# The rows that serialise conversations, and those of their turns, by the conversations' ids.
CONVERSATIONS = "SELECT FROM conversations WHERE id = ANY (%s::uuid[]) FOR UPDATE"
TURNS = "SELECT FROM turns WHERE conversation_id = ANY (%s::uuid[]) FOR UPDATE"
# A conversation by its thread before there is one, and an event by its key: who inserts the same must wait for this.
FIRST_OF_THREAD = """
    INSERT INTO conversations (id, channel, account, thread_key, surface)
        VALUES (gen_random_uuid(), 'whatsapp', 'default', %s, 'messaging')
"""
FIRST_OF_KEY = """
    INSERT INTO inbound_events (channel, account, event_key, thread_key, kind, meaning_sha, outcome)
        VALUES (%s, %s, %s, 'x', 'message', '', 'kept')
"""
