"""One HTTP request and its response on the ASGI side, and what is logged and counted about it."""

import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, TypeAlias

import structlog

from web_gateway import metrics
from web_gateway.errors import ApiError
from web_gateway.page import SECURITY_HEADERS

_logger = structlog.get_logger()

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Headers: TypeAlias = list[tuple[bytes, bytes]]

_METHODS = frozenset(("GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"))


class Exchange:
    """`route` is the matched rule, never the address itself, which anybody can make up."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        self.scope = scope
        self.body_ended = False
        self.route = "unmatched"
        self.status = 0  # 0: nothing was sent
        self.stream_end: str | None = None  # why, where it was an event stream
        self._receive = receive
        self._send = send
        self._request_id = request_id
        self._started = time.monotonic()
        self._seconds: float | None = None

    async def receive(self) -> Message:
        """The next part of the request, or the news that the client is gone."""
        message = await self._receive()
        self.body_ended = not message.get("more_body")
        return message

    async def start(self, status: int, headers: Headers) -> None:
        """Send status and headers, with the request id."""
        self.status = status
        headers = [*headers, (b"x-request-id", self._request_id.encode())]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def write(self, data: bytes, *, more: bool = True) -> None:
        """Send a part of the body; returns when the socket has room again."""
        await self._send({"type": "http.response.body", "body": data, "more_body": more})
        if not more:
            self._seconds = time.monotonic() - self._started

    async def answer(self, status: int, headers: Headers, body: bytes) -> None:
        """Send a whole response."""
        await self.start(status, headers)
        await self.write(b"" if self.scope["method"] == "HEAD" else body, more=False)

    async def answer_json(self, status: int, headers: Headers, body: bytes) -> None:
        """Send a whole response under headers that do not know its length."""
        await self.answer(status, [*headers, (b"content-length", b"%d" % len(body))], body)

    async def refuse(self, error: ApiError, extra: Iterable[tuple[str, str]] = ()) -> None:
        """Send an error in its JSON form."""
        body = error.body()
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Cache-Control": "no-store"}
        everything = {**headers, **SECURITY_HEADERS, **error.headers, **dict(extra)}
        await self.answer(error.status, [(k.lower().encode(), v.encode()) for k, v in everything.items()], body)

    async def left(self) -> None:
        """Return when the client has closed the connection."""
        while (await self.receive())["type"] != "http.disconnect":
            pass

    def conclude(self) -> None:
        """Log and count it, once it is over."""
        elapsed = self._seconds or time.monotonic() - self._started
        status = self.status or 499  # as nginx says: the client left before it was answered
        method = self.scope["method"] if self.scope["method"] in _METHODS else "other"
        metrics.requests.labels(method, self.route, str(status)).inc()
        if self.stream_end:
            metrics.stream_ends.labels(self.stream_end).inc()
        else:
            metrics.seconds.labels(self.route).observe(elapsed)
        if status == 429:
            metrics.rate_limited.inc()
        end = {"end": self.stream_end} if self.stream_end else {}
        milliseconds = round(elapsed * 1000, 1)
        _logger.info("request", method=method, path=self.scope["path"][:200], status=status, ms=milliseconds, **end)
