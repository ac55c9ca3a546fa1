"""Brings a database's schema up or down, one file and one transaction at a time.

Safe when several runners start at once: one holds a session-level advisory lock and the others ask for it again and
again. They poll because waiting inside pg_advisory_lock is an open statement, for which CREATE INDEX CONCURRENTLY
would wait in turn. Safe when killed: the lock ends with the session, an open transaction is rolled back, and a file
and its row in schema_migrations are committed together.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager

import psycopg2
import psycopg2.errors
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2's own name for its class

from migrations import service_role
from migrations.addresses import Addresses, Role, role_of
from migrations.connecting import connect
from migrations.files import Migration, MigrationError, read_migrations
from migrations.ledger import CREATE, FORGET, RECORD, Applied, read_applied, refuse_differences

Say = Callable[[str], None]

# Any number will do as long as it never changes: two releases must ask for the same lock.
LOCK_KEY = 0x53505552
LOCK_WITHIN = 600.0


def _silent(_line: str) -> None:
    pass


def migrate_up(
    addresses: Addresses | str, *, wait: float = 60.0, say: Say = _silent, migrations: Sequence[Migration] | None = None
) -> list[Migration]:
    """Applies what is missing, after waiting up to `wait` seconds for the database; returns what was applied.

    Where the service has a role of its own, that one is made where it is missing, and may do its work afterwards.
    """
    files = read_migrations() if migrations is None else migrations
    addresses = _addresses(addresses)
    with _only_runner(addresses, wait, say) as connection:
        applied = read_applied(connection)
        refuse_differences(files, applied)
        role = _service_role(connection, addresses)
        if role:
            service_role.prepare(connection, role, say)
        newest = max((row.version for row in applied), default=0)
        pending = [migration for migration in files if migration.version > newest]
        for migration in pending:
            _run(connection, migration, migration.up, RECORD, (migration.version, migration.name, migration.checksum))
            say(f"applied {migration}")
        if role and addresses.service:
            service_role.grant(connection, role, say)
            service_role.warn(connection, role, say)
            service_role.require_login(addresses.service, role)
    return pending


def migrate_down(
    addresses: Addresses | str,
    to: int | None = None,
    *,
    wait: float = 60.0,
    say: Say = _silent,
    migrations: Sequence[Migration] | None = None,
) -> list[Migration]:
    """Undoes the newest file, or every one above version `to`; returns what was undone."""
    files = {migration.version: migration for migration in (read_migrations() if migrations is None else migrations)}
    undone = []
    with _only_runner(_addresses(addresses), wait, say) as connection:
        applied = read_applied(connection)
        refuse_differences(list(files.values()), applied)
        for row in reversed(applied[-1:] if to is None else [row for row in applied if row.version > to]):
            migration = _undoable(files, row)
            _run(connection, migration, migration.down, FORGET, (row.version,))
            say(f"undid {migration}")
            undone.append(migration)
    return undone


def read_status(
    addresses: Addresses | str, *, wait: float = 60.0, migrations: Sequence[Migration] | None = None
) -> list[tuple[str, str]]:
    """Every known file or applied row by version, each with what there is to say about it. Writes nothing."""
    files = {migration.version: migration for migration in (read_migrations() if migrations is None else migrations)}
    addresses = _addresses(addresses)
    with closing(connect(addresses.owner, wait, _silent, addresses.setting)) as connection:
        applied = {row.version: row for row in read_applied(connection)}
    return [
        (str(files.get(version) or applied[version]), _state(files.get(version), applied.get(version)))
        for version in sorted(files.keys() | applied.keys())
    ]


def _state(migration: Migration | None, row: Applied | None) -> str:
    if row is None:
        return "pending"
    if migration is None:
        return f"applied {row.applied_at:%Y-%m-%d %H:%M:%S %Z} by a newer release"
    if migration.checksum != row.checksum:
        return "changed after it was applied"
    return f"applied {row.applied_at:%Y-%m-%d %H:%M:%S %Z}"


def _undoable(files: dict[int, Migration], row: Applied) -> Migration:
    migration = files.get(row.version)
    if migration is None:
        raise MigrationError(f"{row} was applied by a newer release: undo it with that release.")
    if not migration.down:
        raise MigrationError(f"{migration} cannot be undone: it has no part after `-- down`.")
    return migration


def _addresses(given: Addresses | str) -> Addresses:
    return Addresses(given) if isinstance(given, str) else given


def _service_role(connection: Connection, addresses: Addresses) -> Role | None:
    """The role of the service, where that is not the one that we are."""
    if not addresses.service:
        return None
    role = role_of(addresses.service, addresses.service_password)
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s IN (current_user, session_user)", (role.name,))
        return None if cursor.fetchone() == (True,) else role


@contextmanager
def _only_runner(addresses: Addresses, wait: float, say: Say) -> Iterator[Connection]:
    with closing(connect(addresses.owner, wait, say, addresses.setting)) as connection:
        try:
            _lock(connection, say)
            with connection.cursor() as cursor:
                # Ends the statement of a runner that was killed, which otherwise holds the lock until it is through.
                cursor.execute("SET client_connection_check_interval = '2s'")
                cursor.execute("SELECT to_regclass('schema_migrations') IS NULL")
                if cursor.fetchone() == (True,):  # asked first, because IF NOT EXISTS wants the right to create
                    cursor.execute(CREATE)
            yield connection
        except psycopg2.errors.InsufficientPrivilege as error:
            raise MigrationError(_not_allowed(addresses, error)) from error
        except psycopg2.Error as error:
            raise MigrationError(
                f"The database went away, start again once it is back: {_first_line(error)}"
            ) from error


def _lock(connection: Connection, say: Say) -> None:
    deadline = time.monotonic() + LOCK_WITHIN
    told = False
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", (LOCK_KEY,))
            if cursor.fetchone() == (True,):
                return
            if time.monotonic() > deadline:
                raise MigrationError(f"Another migration has been running for {LOCK_WITHIN:g} s: look after it first.")
            if not told:
                say("waiting for another migration to end")
                told = True
            time.sleep(0.1)


def _run(connection: Connection, migration: Migration, script: str, record: str, values: tuple[int | str, ...]) -> None:
    """Runs one script and records it; both or neither, unless the file asked for no transaction."""
    connection.autocommit = not migration.transactional
    try:
        with connection.cursor() as cursor:
            for statement in migration.statements(script):
                cursor.execute(statement)
            cursor.execute(record, values)
        connection.commit()
        connection.autocommit = True
    except psycopg2.Error as error:
        if connection.closed:
            raise
        connection.rollback()
        if isinstance(error, psycopg2.errors.InsufficientPrivilege):
            raise
        outcome = "and was rolled back" if migration.transactional else "and may have been done in part"
        raise MigrationError(f"{migration} failed {outcome}: {_first_line(error)}") from error


def _not_allowed(addresses: Addresses, error: psycopg2.Error) -> str:
    remedy = "" if addresses.service else "; the address for one that may belongs in MIGRATIONS_DATABASE_URL"
    return f"The role of {addresses.setting} may not change the schema ({_first_line(error)}){remedy}."


def _first_line(error: psycopg2.Error) -> str:
    return str(error).strip().split("\n", maxsplit=1)[0]
