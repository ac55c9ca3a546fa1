"""Writes a dump of a database whole or not at all, and says what a dump holds before anybody relies on it."""

import contextlib
import os
import re
import tempfile
from pathlib import Path
from typing import IO

from local_stack.errors import StackError
from local_stack.postgres_tools import Tools, reason
from migrations.files import Migration

MAGIC = b"PGDMP"
LEDGER = "schema_migrations"
ROW = re.compile(r"^(\d+)\t(\w+)\t([0-9a-f]{64})\t", re.MULTILINE)


def write_dump(tools: Tools, url: str, path: Path) -> None:
    """The whole database as of now, while everything goes on; readable by nobody else.

    It stands under another name until it is complete, was read again from beginning to end, and is on the disk.
    """
    if path.exists():
        raise StackError(f"{path} exists already: choose another name, for no dump is overwritten.")
    if not path.parent.is_dir():
        raise StackError(f"{path.parent} is no folder: make it, or choose another with BACKUP=path.")
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with _private(partial) as file:
            _dump(tools, url, partial)
            verify(tools, partial)
            os.fsync(file.fileno())
        partial.rename(path)
    except OSError as error:
        raise StackError(
            f"{path} cannot be written ({error.strerror}): choose another path with BACKUP=path."
        ) from None
    finally:
        partial.unlink(missing_ok=True)
    _sync(path.parent)


def verify(tools: Tools, path: Path) -> None:
    """Raises StackError where `path` is no complete dump of Spur's. All of it is read, for a list is only its head."""
    try:
        with path.open("rb") as file:
            magic = file.read(len(MAGIC))
    except OSError as error:
        raise StackError(f"{path} cannot be read ({error.strerror}): give the dump with BACKUP=path.") from None
    if not magic:
        raise StackError(f"{path} is empty: give another dump with BACKUP=path.")
    if magic != MAGIC:
        raise StackError(f"{path} is not a dump that `make backup` made: give another with BACKUP=path.")
    damaged = f"{path} is damaged or cut off, or a newer Postgres made it"
    listed = tools.output("pg_restore", "--list", path, failure=damaged)
    tools.output("pg_restore", f"--file={os.devnull}", path, failure=damaged)
    if not re.search(rf" TABLE DATA \S+ {LEDGER} ", listed):
        raise StackError(f"{path} is a dump of something else than Spur's database: give another with BACKUP=path.")


def refuse_newer(tools: Tools, path: Path, migrations: list[Migration]) -> None:
    """Raises StackError where the dump's schema is not one that our migrations lead on from."""
    script = tools.output(
        "pg_restore", "--data-only", f"--table={LEDGER}", "--file=-", path, failure=f"{path} cannot be read"
    )
    ours = {migration.version: migration for migration in migrations}
    for version, name, checksum in ROW.findall(script):
        known = ours.get(int(version))
        if known is None:
            raise StackError(
                f"{path} holds the schema of a newer release ({int(version):04}_{name}): restore it with that release."
            )
        if known.checksum != checksum:
            raise StackError(f"{path} holds another {known} than ours: restore it with the release that made it.")


def _private(path: Path) -> IO[bytes]:
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "r+b")


def _dump(tools: Tools, url: str, target: Path) -> None:
    with tempfile.TemporaryFile() as errors:
        process = tools.start(
            "pg_dump", "--format=custom", "--lock-wait-timeout=60s", f"--file={target}", url=url, stderr=errors
        )
        code = process.wait()
        errors.seek(0)
        if code != 0:
            raise StackError(f"The database cannot be dumped: {reason(errors.read())}")


def _sync(folder: Path) -> None:
    """The file's name lasts, too."""
    with contextlib.suppress(OSError):  # some file systems cannot
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
