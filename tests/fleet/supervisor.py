"""Starts what has died again at once, as an orchestrator does."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.fleet.member import Member

_LOOK_SECONDS = 0.02


@contextmanager
def supervised(members: Sequence[Member]) -> Iterator[None]:
    """Whoever of `members` ends during the block is started again; returns once all are ready."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_LOOK_SECONDS):
            for member in members:
                if not member.running():
                    member.start(wait=False)

    thread = threading.Thread(target=watch, name="supervisor")
    thread.start()
    try:
        yield
        for member in members:
            member.wait_ready()
    finally:
        over.set()
        thread.join()
