"""`make restore`: a dump in place of the database, in one transaction, brought up to this release's schema."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import IO, cast

import psycopg2
from psycopg2 import sql

from local_stack.backup import new_backup
from local_stack.config import StackSettings
from local_stack.data_folder import DataFolder
from local_stack.database_at_rest import database_at_rest
from local_stack.dumps import refuse_newer, verify, write_dump
from local_stack.errors import StackError
from local_stack.postgres_tools import Tools, reason
from migrations.addresses import Addresses
from migrations.connecting import connect
from migrations.files import MigrationError, read_migrations
from migrations.runner import LOCK_KEY, migrate_up

CLEAR = (Path(__file__).parent / "sql" / "clear_for_restore.sql").read_bytes()
USERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'spur-%' AND pid <> pg_backend_pid()
"""
# What pg_restore says first, and a server before version 17 does not know. Ours has no such timeout to switch off.
HEAD, UNKNOWN_BEFORE_17 = 65536, b"SET transaction_timeout = 0;\n"
# The product's tables are those of the ledger's owner.
TABLES = """
SELECT product.oid::regclass::text FROM pg_class ledger
JOIN pg_class product ON product.relowner = ledger.relowner AND product.relnamespace = ledger.relnamespace
WHERE ledger.oid = to_regclass('schema_migrations') AND product.oid <> ledger.oid AND product.relkind = 'r'
"""

Say = Callable[[str], None]


def restore(
    settings: StackSettings, environment: Mapping[str, str], source: Path | None, overwrite: bool, say: Say
) -> None:
    """Raises StackError before anything is changed, unless the dump, the database and we fit together."""
    if source is None:
        raise StackError("Say which backup: make restore BACKUP=path.")
    tools, folder = Tools(environment), DataFolder(settings.spur_data_dir)
    verify(tools, source)
    refuse_newer(tools, source, read_migrations())
    with database_at_rest(settings, folder) as addresses:
        if _holds_something(addresses):
            if not overwrite:
                raise StackError("The database is not empty: add CONFIRM=yes to put the backup in its place.")
            kept = new_backup(folder, "before-restore-")
            write_dump(tools, addresses.owner, kept)
            say(f"What was there before is in {kept}.")
        _replace(tools, addresses.owner, source)
        try:
            migrate_up(addresses, wait=10.0, say=say)
        except MigrationError as error:
            raise StackError(f"The backup is in place, but: {error}") from None


def _holds_something(addresses: Addresses) -> bool:
    """Whether any table has a row. Raises StackError where somebody works on the database."""
    try:
        with closing(connect(addresses.owner, 5.0, lambda _line: None, addresses.setting)) as connection:
            cursor = connection.cursor()
            cursor.execute(USERS)
            if cursor.fetchone() != (0,):
                raise StackError("Services work on the database: stop them all first.")
            cursor.execute(TABLES)
            tables = [sql.SQL("EXISTS (SELECT FROM {})").format(sql.SQL(name)) for (name,) in cursor.fetchall()]
            if not tables:
                return False
            cursor.execute(sql.SQL("SELECT {}").format(sql.SQL(" OR ").join(tables)))
            return cursor.fetchone() == (True,)
    except MigrationError as error:
        raise StackError(str(error)) from None
    except psycopg2.Error as error:
        raise StackError(f"The database cannot be looked into ({' '.join(str(error).split())}).") from None


def _replace(tools: Tools, url: str, source: Path) -> None:
    with tempfile.TemporaryFile() as refusals, tempfile.TemporaryFile() as defects:
        psql = tools.start(
            *("psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--set=lock_key={LOCK_KEY}"),
            url=url,
            stdin=subprocess.PIPE,
            stderr=refusals,
        )
        reader = tools.start(
            *("pg_restore", "--no-owner", "--no-acl", "--file=-", source), stdout=subprocess.PIPE, stderr=defects
        )
        _feed(psql, reader)
        for process, said in ((psql, refusals), (reader, defects)):
            if process.returncode != 0:
                said.seek(0)
                raise StackError(f"The backup cannot be restored, everything is as it was: {reason(said.read())}")


def _feed(psql: subprocess.Popen[bytes], reader: subprocess.Popen[bytes]) -> None:
    """Everything in one transaction. COMMIT is only said once the dump was read to its end."""
    script, output = cast(IO[bytes], psql.stdin), cast(IO[bytes], reader.stdout)
    try:
        script.write(b"BEGIN;\n" + CLEAR)
        script.write(output.read(HEAD).replace(UNKNOWN_BEFORE_17, b"", 1))
        shutil.copyfileobj(output, script)
        if reader.wait() == 0:
            script.write(b"ANALYZE;\nCOMMIT;\n")
        script.close()
    except BrokenPipeError:  # psql ended, and has said why
        reader.kill()
    with suppress(BrokenPipeError):
        script.close()
    output.close()
    reader.wait()
    psql.wait()
