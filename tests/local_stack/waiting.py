"""Waiting for other processes, with an end to it."""

import time
from collections.abc import Callable
from pathlib import Path


def eventually(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    """Returns once `condition` holds; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.03)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not yet collected by its parent does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", maxsplit=1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
