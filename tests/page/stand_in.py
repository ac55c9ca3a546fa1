"""A stand-in for the web gateway: the page's files and its HTTP API, on one port, with faults on demand."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.page.conversations import Conversation, Json

STATIC = Path(__file__).resolve().parents[2] / "web_gateway" / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass
class Fault:
    """What happens to one request instead of the right thing."""

    status: int = 0
    code: str = "unavailable"
    message: str = ""
    retry_after: str | None = None
    body: str | None = None
    drop: bool = False  # close the connection without an answer
    done: bool = False  # but do what was asked first
    wait: threading.Event | None = None  # answer only when this is set


@dataclass
class Request:
    """What the page sent."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Json


@dataclass
class StandIn:
    """The server's state; a test scripts it and reads it, `clear` makes it as new."""

    url: str = ""
    conversations: dict[str, Conversation] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    faults: dict[str, deque[Fault]] = field(default_factory=lambda: defaultdict(deque))
    session_life: float = 3600
    page_size: int = 50
    by_byte: bool = False

    def clear(self) -> None:
        self.end()
        self.__init__(url=self.url)  # type: ignore[misc]

    def end(self) -> None:
        for faults in self.faults.values():
            for fault in faults:
                if fault.wait:
                    fault.wait.set()
        for conversation in self.conversations.values():
            conversation.cut()

    def fail(self, path: str, fault: Fault, *, times: int = 1) -> None:
        self.faults[path].extend([fault] * times)

    def sent(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    @property
    def conversation(self) -> Conversation:
        """The newest one."""
        return list(self.conversations.values())[-1]

    def forget(self) -> None:
        """The server does not know any session any more, and ends their streams."""
        old, self.conversations = self.conversations, {}
        for conversation in old.values():
            conversation.cut()

    def wait_until(self, condition: Any, seconds: float = 5) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError("waited in vain")
            time.sleep(0.005)

    def wait_for_stream(self, streams: int = 1) -> None:
        self.wait_until(lambda: self.conversations and len(self.conversation.streams) >= streams)


class Handler(BaseHTTPRequestHandler):
    """Translates HTTP; one instance a connection."""

    protocol_version = "HTTP/1.1"
    timeout = 60  # of an idle connection
    disable_nagle_algorithm = True
    server: Server

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def _handle(self) -> None:
        parts = urlsplit(self.path)
        if not parts.path.startswith("/chat/"):
            return self._file(parts.path)
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}")
        state = self.server.state
        request = Request(self.command, parts.path, parse_qs(parts.query), dict(self.headers), body)
        state.requests.append(request)
        fault = state.faults[parts.path].popleft() if state.faults[parts.path] else None
        return self._misbehave(fault, request) if fault else self._answer(request)

    def _misbehave(self, fault: Fault, request: Request) -> None:
        if fault.wait:
            fault.wait.wait(10)
        if fault.drop:
            if fault.done:
                self._commit(request)
            self.close_connection = True
            return None
        if fault.body is not None:
            return self._send(fault.status or 200, fault.body.encode(), "text/html")
        if not fault.status:
            return self._answer(request)
        return self._refuse(fault.status, fault.code, fault.message, fault.retry_after)

    def _answer(self, request: Request) -> None:
        routes = {
            ("POST", "/chat/session"): self._session,
            ("POST", "/chat/message"): self._message,
            ("GET", "/chat/messages"): self._messages,
            ("GET", "/chat/events"): self._events,
        }
        route = routes.get((request.method, request.path))
        return route(request) if route else self._refuse(404, "not_found")

    def _session(self, request: Request) -> None:
        state = self.server.state
        token = secrets.token_urlsafe(24)
        old = _token(request)
        if old and old not in state.conversations:
            return self._refuse(404, "session_not_found")
        state.conversations[token] = state.conversations.get(old) or Conversation()
        expires = datetime.now(UTC) + timedelta(seconds=state.session_life)
        return self._json(200, {"sessionId": token, "expiresAt": expires.isoformat().replace("+00:00", "Z")})

    def _message(self, request: Request) -> None:
        if request.body["sessionId"] not in self.server.state.conversations:
            return self._refuse(404, "session_not_found")
        message, same = self._commit(request)
        if not same:
            return self._refuse(409, "message_id_reused")
        accepted = {"messageId": message["id"], "seq": message["seq"], "rev": message["rev"]}
        return self._json(202, {"pending": True, "sessionId": request.body["sessionId"], **accepted})

    def _commit(self, request: Request) -> tuple[Json, bool]:
        conversation = self.server.state.conversations[request.body["sessionId"]]
        return conversation.receive(request.body["message"], request.body["clientMessageId"])

    def _messages(self, request: Request) -> None:
        conversation = self.server.state.conversations.get(_token(request))
        if conversation is None:
            return self._refuse(404, "session_not_found")
        after = int(request.query["after"][0])
        later = conversation.after(after)
        page = later[: self.server.state.page_size]
        rev = page[-1]["rev"] if page else after
        return self._json(200, {"messages": page, "rev": rev, "more": len(later) > len(page)})

    def _events(self, request: Request) -> None:
        conversation = self.server.state.conversations.get(_token(request))
        if conversation is None:
            return self._refuse(404, "session_not_found")
        self._head(200, "text/event-stream", None)
        self.close_connection = True
        events = conversation.follow(int(request.query["after"][0]))
        try:
            self.wfile.write(b": welcome\n\n")
            for data in events:
                for piece in [data[i : i + 1] for i in range(len(data))] if self.server.state.by_byte else [data]:
                    self.wfile.write(piece)
        finally:
            events.close()

    def _file(self, path: str) -> None:
        name = "index.html" if path == "/" else path.removeprefix("/static/")
        file = STATIC / name
        if ".." in name or not file.is_file():
            return self._refuse(404, "not_found")
        # The files stay in the browser over the tests, which is most of what makes these fast.
        keep = {} if name == "index.html" else {"Cache-Control": "max-age=3600, immutable"}
        return self._send(200, file.read_bytes(), TYPES[file.suffix] + "; charset=utf-8", keep)

    def _refuse(self, status: int, code: str, message: str = "", retry_after: str | None = None) -> None:
        more = {"Retry-After": retry_after} if retry_after else {}
        self._json(status, {"error": {"code": code, "message": message, "requestId": "r-1"}}, more)

    def _json(self, status: int, data: Json, more: dict[str, str] | None = None) -> None:
        self._send(status, json.dumps(data).encode(), "application/json", more)

    def _send(self, status: int, data: bytes, kind: str, more: dict[str, str] | None = None) -> None:
        self._head(status, kind, len(data), more)
        self.wfile.write(data)

    def _head(self, status: int, kind: str, length: int | None, more: dict[str, str] | None = None) -> None:
        self.send_response(status)
        ending = {"Connection": "close"} if length is None else {"Content-Length": str(length)}
        fixed = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        for name, value in {"Content-Type": kind, **fixed, **ending, **(more or {})}.items():
            self.send_header(name, value)
        self.end_headers()


class Server(ThreadingHTTPServer):
    """A thread a connection, on a free port."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.state = StandIn(url=f"http://127.0.0.1:{self.server_port}")

    def handle_error(self, *_: Any) -> None:
        """Browsers close connections whenever they like."""


def _token(request: Request) -> str:
    return request.headers.get("Authorization", "").removeprefix("Bearer ")
