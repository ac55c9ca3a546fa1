"""Log files that grow over many starts, but not for ever."""

from pathlib import Path
from typing import BinaryIO

# Looked at when a process starts; one older file is kept beside the current one.
LIMIT = 10 * 1024 * 1024


def open_log(path: Path) -> BinaryIO:
    """To append to; a file that grew too large is set aside first."""
    if path.exists() and path.stat().st_size > LIMIT:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")


def read_from(path: Path, offset: int) -> str:
    """What was written since the file was `offset` bytes long."""
    with path.open("rb") as log:
        log.seek(offset)
        return log.read().decode(errors="replace")
