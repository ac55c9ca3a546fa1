"""Deletes what has outlived its use: in small batches, beside the traffic and the janitors of other replicas."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg2
import structlog
from prometheus_client import Counter, Gauge

from conversation_service.database import REFUSED, Database, DatabaseUnavailable

_logger = structlog.get_logger()
_deleted = Counter("janitor_deleted_total", "Rows deleted, or blanked, because they had outlived their use.", ["table"])
_failures = Counter("janitor_failures_total", "Tables that a round of the janitor could not finish.", ["statement"])
_last_run = Gauge("janitor_last_run_timestamp_seconds", "When the janitor last finished all tables of a round.")

_AT_ONCE = 500
_MOST_BATCHES = 600  # of one table in one round, so that the others get their turn
_PAUSE_SECONDS = 0.1

_REFUSED = (*REFUSED, psycopg2.Error)


@dataclass(frozen=True)
class Retention:
    """Days for which each is kept; conversations: since somebody last said something in it, 0 for ever."""

    events: int
    raw: int
    conflicts: int
    poison: int
    attempts: int
    calls: int
    conversations: int


class Janitor:
    """One of possibly several: what another one holds is left to it."""

    def __init__(self, database: Database, retention: Retention, at_once: int = _AT_ONCE) -> None:
        self._database = database
        self._retention = retention
        self._at_once = at_once

    def _statements(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Those that are due, each with its first parameters."""
        kept = self._retention
        yield "prune_limits", ()
        yield "prune_early_statuses", ()
        yield "prune_echoes", ()
        yield "prune_raw", (kept.raw,)
        yield "prune_events", (kept.events,)
        yield "prune_conflicts", (kept.conflicts,)
        yield "prune_poison", (kept.poison,)
        yield "prune_attempts", (kept.attempts,)
        yield "prune_calls", (kept.calls,)
        if kept.conversations:
            yield "prune_conversations", (kept.conversations,)

    async def clean(self) -> None:
        """One round. Whatever one table has, the others are done all the same."""
        finished = [await self._finish(statement, parameters) for statement, parameters in self._statements()]
        if all(finished):
            _last_run.set_to_current_time()

    async def _finish(self, statement: str, parameters: tuple[int, ...]) -> bool:
        """Whether nothing is left that should not be."""
        try:
            if await self._empty(statement, parameters):
                return True
        except DatabaseUnavailable as error:
            _logger.warning("the janitor waits for the database", statement=statement, error=str(error))
        except Exception:
            _logger.exception("the janitor could not finish a table", statement=statement)
        _failures.labels(statement).inc()
        return False

    async def _empty(self, statement: str, parameters: tuple[int, ...]) -> bool:
        """Go on until nothing is left. A batch that fails is tried in smaller ones, down to a row to be passed over."""
        size, skip = self._at_once, 0
        for _ in range(_MOST_BATCHES):
            try:
                deleted = await self._delete(statement, (*parameters, size, skip))
            except (DatabaseUnavailable, *_REFUSED) as error:
                if size > 1:
                    size = max(1, size // 8)
                elif isinstance(error, DatabaseUnavailable):
                    raise
                else:
                    _logger.error("a row cannot be deleted", statement=statement, skip=skip, error=str(error))
                    skip += 1
            else:
                if not deleted:
                    break
                size = min(size * 2, self._at_once)
            await asyncio.sleep(_PAUSE_SECONDS)
        return not skip

    async def _delete(self, statement: str, parameters: tuple[int, ...]) -> int:
        """One batch, one transaction; how many rows."""
        rows = await self._database.run(lambda session: session.execute(statement, *parameters))
        for table, count in rows:
            _deleted.labels(table).inc(count)
        return sum(count for _table, count in rows)
