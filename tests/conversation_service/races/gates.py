"""A gate holds several transactions back at one row and lets them go at once, so that a race surely takes place."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import psycopg2
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - psycopg2's own name for its class

from tests.conversation_service.harness import Client, eventually

WAITING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


class Gate:
    """What waits before it; it opens at the end of the block."""

    def __init__(self, lookout: Cursor) -> None:
        self._lookout = lookout

    async def holds(self, count: int) -> list[int]:
        """Wait until `count` transactions wait for a lock; the process ids of their backends."""
        # Within the service's own patience (lock_timeout), after which nothing would wait any more.
        return await eventually(self._waiting, lambda pids: len(pids) >= count, seconds=2)

    async def _waiting(self) -> list[int]:
        self._lookout.execute(WAITING)
        return [pid for (pid,) in self._lookout.fetchall()]


@asynccontextmanager
async def gate(service: Client, sql: str, *parameters: object) -> AsyncIterator[Gate]:
    """Hold what `sql` locks, in a transaction that changes nothing in the end."""
    url = service.settings.database_url.get_secret_value()
    with closing(psycopg2.connect(url)) as holder, closing(psycopg2.connect(url)) as lookout:
        lookout.autocommit = True
        holder.cursor().execute(sql, parameters)
        yield Gate(lookout.cursor())
        holder.rollback()


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
