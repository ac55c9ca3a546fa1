"""Calls the Flask application for one request of the ASGI side."""

import functools
import io
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import Flask

from web_gateway.exchange import Headers, Scope
from web_gateway.handover import KEY, Handover

ROUTE_KEY = "web_gateway.route"


@dataclass(frozen=True, slots=True)
class Answer:
    """What Flask said; with a `handover` only the headers count."""

    status: int
    headers: Headers
    body: bytes
    route: str
    handover: Handover | None


def call(app: Flask, scope: Scope, body: bytes) -> Answer:
    """What Flask answers. Runs where it is called, so the application must not wait for anything."""
    environ = _environ(scope, body)
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], _error: object = None) -> Any:
        started[:] = int(status[:3]), headers

    chunks: Iterable[bytes] = app(environ, start_response)
    try:
        content = b"".join(chunks)
    finally:
        if close := getattr(chunks, "close", None):
            close()
    status, headers = started
    encoded = [_encode(name, value) for name, value in headers]
    return Answer(status, encoded, content, environ.get(ROUTE_KEY, "unmatched"), environ.get(KEY))


@functools.lru_cache(256)
def _encode(name: str, value: str) -> tuple[bytes, bytes]:
    """Kept, because most headers are those of all answers, and a thousand requests may wait with theirs."""
    return name.lower().encode("latin-1"), value.encode("latin-1")


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
        "wsgi.multithread": False,
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
