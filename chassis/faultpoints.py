"""Named points at which a test makes a process die or fall silent; they do nothing in a process that is no test's."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path

from chassis.settings import stop

_ACTIONS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}
_folder: Path | None = None


def configure(environment: Mapping[str, str] = os.environ) -> None:
    """Arm the points where FAULTPOINTS names a folder; end the process where nobody said that this is a test.

    A file in that folder, named like the point, holds what happens there: `kill` or `stop` (once, by whichever process
    passes first: it takes the file away), or the same with ` always`.
    """
    global _folder  # noqa: PLW0603 - one process, one folder, set before anything runs
    folder = environment.get("FAULTPOINTS")
    if folder and environment.get("SPUR_TEST") != "1":
        stop("FAULTPOINTS is set, which makes this process kill itself: unset it. (Tests set SPUR_TEST=1 beside it.)")
    _folder = Path(folder) if folder else None


def faultpoint(name: str) -> None:
    """Pass the point called `name`."""
    if _folder is not None:
        _strike(_folder / name)


def _strike(file: Path) -> None:
    try:
        action, _, repeated = file.read_text(encoding="ascii").strip().partition(" ")
        if not repeated:
            file.unlink()
    except FileNotFoundError:  # not armed, or another process was faster
        return
    # To this thread: sent to the process, another one may take it, and this one goes on for a moment.
    signal.raise_signal(_ACTIONS[action])
