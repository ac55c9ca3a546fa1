"""Runs the Flask application for one request in a thread of a bounded pool."""

import asyncio
import contextvars
import io
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from flask import Flask

from web_gateway.errors import retry_later
from web_gateway.exchange import Headers, Scope
from web_gateway.handover import KEY, Handover

# Seconds from the moment that a request was read: when it must have been answered, and how long it may wait for a
# thread, so that there is time left to do something with it. While a service does not answer, the threads are held.
_BUDGET = 3.0
_PATIENCE = 2.0
_QUEUE_LIMIT = 1000  # requests

ROUTE_KEY = "web_gateway.route"
DEADLINE_KEY = "web_gateway.deadline"  # by time.monotonic()


@dataclass(frozen=True, slots=True)
class Answer:
    """What Flask said; with a `handover` only status and headers count."""

    status: int
    headers: Headers
    body: bytes
    route: str
    handover: Handover | None


class FlaskThreads:
    """Belongs to one event loop."""

    def __init__(self, app: Flask, threads: int) -> None:
        self._app = app
        self._pool = ThreadPoolExecutor(threads, "flask")
        self._free = asyncio.Semaphore(threads)
        self._queued = 0
        # Probes are answered even while all other threads wait for a service that does not answer.
        self._probe_pool = ThreadPoolExecutor(1, "probes")

    async def answer(self, scope: Scope, body: bytes) -> Answer:
        """What Flask answers; ApiError 503 where no thread becomes free in time."""
        environ = _environ(scope, body)
        environ[DEADLINE_KEY] = time.monotonic() + _BUDGET
        call = contextvars.copy_context().run
        loop = asyncio.get_running_loop()
        if scope["path"] in ("/healthz", "/readyz"):
            return await loop.run_in_executor(self._probe_pool, call, self._call, environ)
        await self._wait_for_thread()
        work = loop.run_in_executor(self._pool, call, self._call, environ)
        work.add_done_callback(lambda _: self._free.release())
        # A client that leaves does not stop the thread, so it must not free its place either.
        return await asyncio.shield(work)

    async def _wait_for_thread(self) -> None:
        if not self._free.locked():
            await self._free.acquire()
            return
        if self._queued >= _QUEUE_LIMIT:
            raise retry_later("overloaded")
        self._queued += 1
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._free.acquire()
        except TimeoutError as error:
            raise retry_later("overloaded") from error
        finally:
            self._queued -= 1

    def _call(self, environ: dict[str, Any]) -> Answer:
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _error: object = None) -> Any:
            started[:] = int(status[:3]), headers

        chunks: Iterable[bytes] = self._app(environ, start_response)
        try:
            body = b"".join(chunks)
        finally:
            if close := getattr(chunks, "close", None):
                close()
        status, headers = started
        encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        return Answer(status, encoded, body, environ.get(ROUTE_KEY, "unmatched"), environ.get(KEY))


def _environ(scope: Scope, body: bytes) -> dict[str, Any]:
    """The request as WSGI (PEP 3333) has it: everything is text in Latin-1."""
    server = scope["server"] or ("localhost", 0)
    environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": str(server[0]),
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": scope["client"][0] if scope["client"] else "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").upper().replace("-", "_"), raw_value.decode("latin-1")
        if name not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            name = f"HTTP_{name}"
        environ[name] = f"{environ[name]},{value}" if name in environ else value
    # Whether the client declared a length or sent chunks: this is what was read.
    environ["CONTENT_LENGTH"] = str(len(body))
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    return environ
