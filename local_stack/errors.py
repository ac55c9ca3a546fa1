"""The error that ends the launcher with one line for its reader."""

from pathlib import Path


class StackError(Exception):
    """One sentence that says what is wrong, what to do, and which setting to look at; shown without a traceback."""


def disk_full(folder: Path) -> StackError:
    return StackError(f"No space is left for {folder}: free some, or set SPUR_DATA_DIR to a folder on another disk.")
