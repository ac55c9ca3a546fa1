"""The chain's web gateway under gunicorn: Flask reads the request, the ASGI side makes one call and answers."""

import io
import os
import sys
from collections.abc import Iterable
from typing import Any

from flask import Flask, request

from benchmarks.chain import calls
from chassis.memory import settle

_ASKED = "chain.asked"
_JSON = [(b"content-type", b"application/json")]


def create_flask() -> Flask:
    app = Flask(__name__)
    app.add_url_rule("/readyz", "readyz", lambda: "ready")
    app.add_url_rule("/chat/message", "message", _ask, methods=["POST"])
    return app


def _ask() -> str:
    """Leaves what is asked to the ASGI side, which need not hold a thread while it waits."""
    request.environ[_ASKED] = request.get_json(force=True)
    return ""


class Gateway:
    """One worker process."""

    def __init__(self) -> None:
        self._flask = create_flask()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        environ = _environ(scope, await _read(receive))
        status, headers, body = self._call(environ)
        if asked := environ.get(_ASKED):
            status, headers, body = 200, _JSON, await self._answer(asked)
        length = (b"content-length", b"%d" % len(body))
        await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
        await send({"type": "http.response.body", "body": body})

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        self._answer = calls.connect(calls.CONVERSATION, int(os.environ["CONVERSATION_PORT"]))
        settle()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    def _call(self, environ: dict[str, Any]) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        """Flask's answer, without its length."""
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _error: object = None) -> Any:
            started[:] = int(status[:3]), [(name.lower().encode(), value.encode()) for name, value in headers]

        chunks: Iterable[bytes] = self._flask(environ, start_response)
        status, headers = started
        return status, [header for header in headers if header[0] != b"content-length"], b"".join(chunks)


async def _read(receive: Any) -> bytes:
    body, more = b"", True
    while more:
        part = await receive()
        body += part.get("body", b"")
        more = part.get("more_body", False)
    return body


def _environ(scope: Any, body: bytes) -> dict[str, Any]:
    """As much of WSGI's environment as Flask looks at."""
    return {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"],
        "QUERY_STRING": "",
        "CONTENT_LENGTH": str(len(body)),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
