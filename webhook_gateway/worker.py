"""gunicorn's threaded worker, with threads only for connections that say something, and an end that loses nobody."""

import contextlib
import selectors
import socket
import threading
import time
from collections import deque
from functools import partial
from typing import Any

from gunicorn import glogging  # type: ignore[import-untyped]
from gunicorn.workers import gthread  # type: ignore[import-untyped]

from chassis import workers

# In the request's environment: the seconds for which it waited for a thread.
QUEUED_KEY = "webhook_gateway.queued"

# For a request, its slowest client included; a platform has given up by then.
_REQUEST_SECONDS = 15.0
# For a new connection to say its first word.
_FIRST_BYTE_SECONDS = 10.0
# For a client to take our last answer and close. What it is still sending is thrown away: a connection that is closed
# with unread bytes in it is reset, and the reset can reach the client before the answer does.
_LINGER_SECONDS = 2.0
_LINGER_BYTES = 8 * 1024 * 1024


class Worker(gthread.ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn holds a thread for a new connection that is silent, one without end for a slow client, and everybody
    for a client that does not close."""

    wsgi: Any

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._busy: dict[Any, float] = {}
        self._lingering: deque[Any] = deque()
        self._looked_at = 0.0
        self._thread = threading.local()

    def run(self) -> None:
        workers.let_signals_through()
        super().run()

    def enqueue_req(self, conn: Any) -> None:
        if conn.initialized or conn.data_ready:
            conn.queued_at = time.monotonic()
            super().enqueue_req(conn)
            return
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + _FIRST_BYTE_SECONDS
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def handle(self, conn: Any) -> Any:
        now = time.monotonic()
        self._thread.queued = now - conn.queued_at
        self._busy[conn] = now + _REQUEST_SECONDS
        try:
            return super().handle(conn)
        finally:
            del self._busy[conn]

    def load_wsgi(self) -> None:
        super().load_wsgi()
        application: Any = self.wsgi

        def timed(environ: dict[str, Any], start_response: Any) -> Any:
            def start(status: str, headers: list[tuple[str, str]], error: Any = None) -> Any:
                if ("Connection", "close") in headers:
                    start_response.__self__.force_close()  # gunicorn does not look at the application's word
                return start_response(status, headers, error)

            environ[QUEUED_KEY] = self._thread.queued
            return application(environ, start)

        self.wsgi = timed

    def notify(self) -> None:
        super().notify()
        now = time.monotonic()
        if now - self._looked_at < 1:
            return
        self._looked_at = now
        for conn, limit in self._busy.copy().items():  # threads come and go meanwhile
            if now > limit:
                with contextlib.suppress(OSError):  # it has gone meanwhile
                    conn.sock.shutdown(socket.SHUT_RDWR)  # its thread reads the end

    def finish_request(self, conn: Any, fs: Any) -> None:
        if not fs.cancelled() and fs.exception() is None and fs.result():
            super().finish_request(conn, fs)
            return
        conn.timeout, conn.left = time.monotonic() + _LINGER_SECONDS, _LINGER_BYTES
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._drain, conn))
            self._lingering.append(conn)
        except OSError:  # the client was faster
            self._close(conn)

    def murder_pending(self) -> None:
        super().murder_pending()
        now = time.monotonic()
        while self._lingering and self._lingering[0].timeout <= now:
            self._close(self._lingering.popleft())

    def _drain(self, conn: Any, sock: socket.socket) -> None:
        try:
            count = len(sock.recv(65536))
        except BlockingIOError:
            return
        except OSError:
            count = 0
        conn.left -= count
        if count == 0 or conn.left < 0:
            self._lingering.remove(conn)
            self._close(conn)

    def _close(self, conn: Any) -> None:
        with contextlib.suppress(OSError, KeyError, ValueError):  # not registered any more
            self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()

    def _cap_keepalive(self, deadline: float) -> None:
        """At the beginning of the end: gunicorn would leave those who wait to be accepted waiting."""
        super()._cap_keepalive(deadline)
        for listener in self.sockets:
            accepted = -1
            while accepted != self.nr_conns:
                accepted = self.nr_conns
                self.accept(listener)
            listener.close()
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)


class Logger(glogging.Logger):  # type: ignore[misc]  # gunicorn has no types
    """Hands gunicorn's warnings to the process's own log."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        self.error_log.setLevel("WARNING")
