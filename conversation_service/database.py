"""Postgres for coroutines: a bounded pool of threads, one connection each, and what is done about its errors."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

import peewee
import psycopg2
import psycopg2.errors
import psycopg2.extensions
import structlog
from prometheus_client import Counter, Gauge, Histogram

from conversation_service.statements import STATEMENTS
from conversation_service.watchdog import Watchdog

_logger = structlog.get_logger()
_waits = Histogram(
    "database_pool_wait_seconds",
    "How long work waited for a connection.",
    buckets=(0.001, 0.01, 0.05, 0.1, 0.5, 1, 2.5),
)
_waiting = Gauge("database_pool_waiting", "Work that waits for a connection, or has one.")
_retries = Counter("database_retries_total", "Transactions that were tried again.", ["reason"])

T = TypeVar("T")
Row = tuple[Any, ...]

_LOST = (peewee.OperationalError, peewee.InterfaceError, psycopg2.OperationalError, psycopg2.InterfaceError)
_FOREIGN_SCHEMA = (psycopg2.errors.UndefinedTable, psycopg2.errors.UndefinedColumn)
_TOO_SLOW = (psycopg2.errors.QueryCanceled, psycopg2.errors.LockNotAvailable)
# A unique violation too: two statements that insert the same row at once may meet in another index than the one that
# ON CONFLICT names. Tried again, the statement sees the other's row.
_CONFLICT = (
    psycopg2.errors.DeadlockDetected,
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.UniqueViolation,
)
# The values are at fault: the same ones would be refused again, on any connection.
_VALUES = (
    psycopg2.DataError,
    psycopg2.IntegrityError,
    psycopg2.ProgrammingError,
    psycopg2.errors.ProgramLimitExceeded,
)
REFUSED = (peewee.DataError, peewee.IntegrityError, peewee.ProgrammingError, peewee.OperationalError)
_ATTEMPTS = 3
# After a failed connect nothing is tried for that long: callers are told at once instead of piling up behind the pool.
_DOWN_SECONDS = 0.5
_SILENT_SECONDS = 12.0  # more than the server lets any statement take
_CLOSING_SECONDS = 1.0
_SESSION_OPTIONS = " ".join(
    f"-c {setting}"
    for setting in (
        "synchronous_commit=on",  # an acknowledgement must survive a crash, whatever the server's default
        "statement_timeout=10s",
        "lock_timeout=2500ms",
        "idle_in_transaction_session_timeout=10s",
        # All statements are prepared and take arrays: a plan made anew for each call costs more than it ever gains.
        "plan_cache_mode=force_generic_plan",
        "jit=off",
        # Such a plan outlives the day on which the tables were small; every statement here has an index to go by.
        "enable_seqscan=off",
        "timezone=UTC",
    )
)


class DatabaseUnavailable(Exception):
    """Postgres is out of reach or too slow; what was asked is undone or unknown, and may be repeated."""


class DatabaseBusy(DatabaseUnavailable):
    """Others hold what is needed; Postgres itself is well."""


# As the contract has ids: an object made of each, only to be spelled again, costs more than reading the row.
_UUID = psycopg2.extensions.new_type((2950,), "UUID", lambda value, _cursor: value)


class Session:
    """One thread's connection. Outside of `transaction` every statement commits on its own."""

    def __init__(self, database: peewee.PostgresqlDatabase, watchdog: Watchdog) -> None:
        self._database = database
        self._watchdog = watchdog
        self._prepared_on: object = None
        self._prepared: set[str] = set()

    def execute(self, name: str, *parameters: object) -> list[Row]:
        """Run sql/<name>.sql and return its rows."""
        statement = STATEMENTS[name]
        connection = self._database.connection()
        if connection is not self._prepared_on:  # the first use, or a connection that replaced a lost one
            self._prepared_on, self._prepared = connection, set()
            psycopg2.extensions.register_type(_UUID, connection)
        if name not in self._prepared:
            self._database.execute_sql(statement.prepare)
            self._prepared.add(name)
        self._watchdog.restart(connection.fileno())  # each statement has its own time
        cursor = self._database.execute_sql(statement.execute, statement.arguments(parameters))
        return cursor.fetchall() if cursor.description else []

    def transaction(self) -> Any:
        """A context in which all statements commit together."""
        return self._database.atomic()


class Database:
    """Runs work against Postgres in threads, each with one connection; `database` serves the peewee models too."""

    def __init__(
        self, database: peewee.PostgresqlDatabase, connections: int, check: Callable[[Session], None] = lambda _: None
    ) -> None:
        """`check` sees each new connection before it is used, and may refuse it with a DatabaseUnavailable."""
        self._database = database
        self._check = check
        self._executor = ThreadPoolExecutor(connections, thread_name_prefix="database")
        self._thread = threading.local()
        self._watchdog = Watchdog(_SILENT_SECONDS)
        self._down_until = 0.0
        self.waiting = 0

    async def run(self, work: Callable[[Session], T], seconds: float | None = None) -> T:
        """Run `work` in a thread. It must be safe to repeat, for it is: after deadlocks and lost connections.

        Raises DatabaseUnavailable, where `seconds` are given also after that long, and the driver's DataError or
        IntegrityError where the values are at fault.
        """
        self.waiting += 1
        _waiting.set(self.waiting)
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.get_running_loop().run_in_executor(
                    self._executor, self._attempt, work, time.monotonic()
                )
        except TimeoutError as error:
            raise DatabaseUnavailable(f"no answer within {seconds} s") from error
        finally:
            self.waiting -= 1
            _waiting.set(self.waiting)

    def _attempt(self, work: Callable[[Session], T], queued_at: float) -> T:
        _waits.observe(time.monotonic() - queued_at)
        for remaining in reversed(range(_ATTEMPTS)):
            try:
                session = self._session()
                with self._watchdog.over(self._database.connection().fileno()):
                    return work(session)
            except peewee.PeeweeException as error:  # InterfaceError is none of its DatabaseErrors
                self._recover(error, getattr(error, "orig", error), remaining)
            except psycopg2.Error as error:
                self._recover(error, error, remaining)
        raise AssertionError("the last attempt returns or raises")

    def _session(self) -> Session:
        # Asked first, so that the trouble of one thread does not refuse the work of those that are connected.
        if self._database.is_closed() and time.monotonic() < self._down_until:
            raise DatabaseUnavailable("the last attempt to connect failed")
        try:
            is_new = self._database.connect(reuse_if_open=True)
        except _LOST as error:
            self._down_until = time.monotonic() + _DOWN_SECONDS
            _logger.error("database unreachable", error=str(error).strip())
            raise DatabaseUnavailable("cannot connect") from error
        if not hasattr(self._thread, "session"):
            self._thread.session = Session(self._database, self._watchdog)
        session = cast(Session, self._thread.session)
        if is_new:
            self._admit(session)
        return session

    def _admit(self, session: Session) -> None:
        with contextlib.ExitStack() as refusing:
            refusing.callback(self._database.close)  # whatever comes in between
            with self._watchdog.over(self._database.connection().fileno()):
                self._check(session)
            refusing.pop_all()

    def _recover(self, error: Exception, cause: BaseException, remaining: int) -> None:
        """Return where the work may be tried again; raise DatabaseUnavailable where not, or what the values did."""
        if isinstance(cause, _FOREIGN_SCHEMA):
            raise DatabaseUnavailable("its schema is another version's: run python -m migrations up") from error
        if isinstance(cause, _TOO_SLOW):
            raise DatabaseBusy("a lock or a statement took too long") from error
        if isinstance(cause, _CONFLICT) and remaining:
            _retries.labels("conflict").inc()
            return
        if isinstance(cause, _VALUES):
            raise error
        self._database.close()
        if not remaining:
            raise DatabaseUnavailable(str(error).strip()) from error
        _retries.labels("connection").inc()

    async def close(self) -> None:
        """Wait for running work, though not for a server that is silent, and let the connections go."""
        self._watchdog.hurry(_CLOSING_SECONDS)
        await asyncio.get_running_loop().run_in_executor(None, self._executor.shutdown)
        self._watchdog.stop()


def connect(url: str, name: str) -> peewee.PostgresqlDatabase:
    """The database at `url`; `name` tells this process apart in pg_stat_activity. Connects when first used."""
    return peewee.PostgresqlDatabase(
        url,
        application_name=name,
        connect_timeout=2,
        options=_SESSION_OPTIONS,
        # A server that vanished without a word is noticed within about 10 s.
        keepalives_idle=5,
        keepalives_interval=2,
        keepalives_count=3,
        tcp_user_timeout=10_000,
    )


def columns(rows: Sequence[Sequence[object]], width: int) -> list[list[object]]:
    """Rows of `width` values turned into the parallel arrays that `unnest` takes."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]
