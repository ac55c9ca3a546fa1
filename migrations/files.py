"""Reads the numbered SQL files.

A file's name is its version and what it does (`0001_conversations.sql`). What follows the line `-- down` undoes what
stands before it. Where the first line is `-- no-transaction`, the statements run one by one outside of a transaction,
as CREATE INDEX CONCURRENTLY needs; each must then end its line with a semicolon, and be safe to repeat, because a
runner that is killed between two of them starts again with the first.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
NAME = re.compile(r"(\d{4})_(\w+)\.sql")
DOWN = re.compile(r"^-- down[ \t]*$", re.MULTILINE)


class MigrationError(Exception):
    """One sentence that says what is wrong and what to do; shown without a traceback."""


@dataclass(frozen=True)
class Migration:
    """One file, taken apart."""

    version: int
    name: str
    up: str
    down: str
    # Of the part that is applied, so that the way back may still be corrected later.
    checksum: str
    transactional: bool

    def __str__(self) -> str:
        return f"{self.version:04}_{self.name}"

    def statements(self, script: str) -> list[str]:
        """What to send one after the other: the whole script at once where a transaction surrounds it."""
        if self.transactional:
            return [script]
        return [part for part in re.split(r"(?<=;)[ \t]*\n", script) if re.sub(r"--.*", "", part).strip()]


def read_migrations(folder: Path = FOLDER) -> list[Migration]:
    """All migrations in `folder` by version, which counts from 1 without a gap."""
    migrations = [_read(path) for path in sorted(folder.glob("*.sql"))]
    for expected, migration in enumerate(migrations, start=1):
        if migration.version != expected:
            raise MigrationError(f"{migration} should be number {expected:04}: versions have no gap and no repeat.")
    return migrations


def _read(path: Path) -> Migration:
    match = NAME.fullmatch(path.name)
    if match is None:
        raise MigrationError(f"{path.name} is not named like 0001_what_it_does.sql.")
    text = path.read_text(encoding="utf-8")
    up, *down = DOWN.split(text, maxsplit=1)
    return Migration(
        version=int(match[1]),
        name=match[2],
        up=up,
        down=down[0].strip() if down else "",
        checksum=hashlib.sha256(up.strip().encode()).hexdigest(),
        transactional=not text.startswith("-- no-transaction"),
    )
