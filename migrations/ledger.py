"""The table schema_migrations: which files a database has seen, and whether they still read the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2's own name for its class

from migrations.files import Migration, MigrationError

CREATE = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version    integer     PRIMARY KEY,
    name       text        NOT NULL,
    -- SHA-256 of what was applied: a file that changes afterwards would leave databases that differ.
    checksum   text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""
RECORD = "INSERT INTO schema_migrations (version, name, checksum) VALUES (%s, %s, %s)"
FORGET = "DELETE FROM schema_migrations WHERE version = %s"


@dataclass(frozen=True)
class Applied:
    """One row."""

    version: int
    name: str
    checksum: str
    applied_at: datetime

    def __str__(self) -> str:
        return f"{self.version:04}_{self.name}"


def read_applied(connection: Connection) -> list[Applied]:
    """All rows by version; none where the table does not exist yet."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('schema_migrations') IS NOT NULL")
        if cursor.fetchone() != (True,):
            return []
        cursor.execute("SELECT version, name, checksum, applied_at FROM schema_migrations ORDER BY version")
        return [Applied(*row) for row in cursor.fetchall()]


def refuse_differences(migrations: Sequence[Migration], applied: Sequence[Applied]) -> None:
    """Raises where a file is not what was applied under its number, or was passed over.

    Versions above ours are a newer release's. They are left alone, so that an older one can still be rolled back to.
    """
    seen = {row.version: row for row in applied}
    newest = max(seen, default=0)
    for migration in migrations:
        row = seen.get(migration.version)
        if row is None and migration.version < newest:
            raise MigrationError(
                f"{migration} was never applied though later ones were: give it the next free number instead."
            )
        if row is not None and row.checksum != migration.checksum:
            raise MigrationError(
                f"{migration} was changed after it was applied as {row} on {row.applied_at:%Y-%m-%d}: put it back as it"
                " was, and make the change in a new file."
            )
