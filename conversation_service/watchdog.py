"""Cuts a connection over which Postgres fell silent, for the driver itself would wait for its answer for ever.

The server's own timeouts do not help where it hangs or cannot be heard, and the kernel's keepalive only where nobody
confirms what we send: a machine whose Postgres stands still, or a proxy before it, does.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import structlog

_logger = structlog.get_logger()
_LOOK_SECONDS = 0.5


class Watchdog:
    """Watches all connections of a process from a thread of its own."""

    def __init__(self, seconds: float) -> None:
        """`seconds` may pass without the end of what was asked."""
        self._seconds = seconds
        self._since: dict[int, float] = {}  # by file descriptor
        self._lock = threading.Lock()  # a descriptor that is let go may be another connection's in the next moment
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def over(self, descriptor: int) -> Iterator[None]:
        """The block is about to wait for an answer over this connection, and does not close it."""
        with self._lock:
            self._since[descriptor] = time.monotonic()
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="database-watchdog", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._since.pop(descriptor, None)

    def restart(self, descriptor: int) -> None:
        """Count from now on, where it is watched."""
        with self._lock:
            if descriptor in self._since:
                self._since[descriptor] = time.monotonic()

    def hurry(self, seconds: float) -> None:
        """From now on no more than `seconds` may pass."""
        self._seconds = seconds

    def stop(self) -> None:
        """Nothing is watched any more."""
        self._stopped.set()

    def _watch(self) -> None:
        while not self._stopped.wait(_LOOK_SECONDS):
            limit = time.monotonic() - self._seconds
            with self._lock:
                for descriptor in [each for each, since in self._since.items() if since < limit]:
                    del self._since[descriptor]
                    _logger.warning("postgres does not answer, its connection is cut", seconds=self._seconds)
                    _shut_down(descriptor)


def _shut_down(descriptor: int) -> None:
    """Whoever waits there reads the end at once."""
    with contextlib.suppress(OSError), socket.socket(fileno=socket.dup(descriptor)) as connection:
        connection.shutdown(socket.SHUT_RDWR)
