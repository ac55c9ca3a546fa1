"""One connection of HTTP/1.1: sends a request, hands out its response as it comes, and is then used again."""

from __future__ import annotations

import asyncio

import httpx2

from llm_service.providers.framing import Framing, Headers, parse_head

_IDLE_SECONDS = 30.0
_LONGEST_HEAD = 64 * 1024
# A body that nobody reads is not taken from the network beyond this.
_MOST_BUFFERED = 256 * 1024


class Connection(asyncio.Protocol):
    """A protocol of the event loop; `write`, `head`, `read` and `finish` are for one request after the other."""

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._raw = bytearray()
        self._body = bytearray()
        self._waiter: asyncio.Future[None] | None = None
        self._framing: Framing | None = None
        self._paused = self._closed = False
        self._error: Exception | None = None
        self._last_used = 0.0

    # Called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._raw += data
        if self._framing:
            self._take_body(self._framing)
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        self._closed, self._error = True, error
        if self._framing:
            self._framing.closed()
        self._wake()

    # Called by the transport

    def write(self, head: bytes, body: bytes) -> None:
        """Send a request."""
        self._framing = None
        self._transport.writelines((head, body))

    async def head(self) -> tuple[int, Headers]:
        """Wait for the head of the response: its status and headers."""
        while True:
            while (end := self._raw.find(b"\r\n\r\n")) < 0:
                if self._closed or len(self._raw) > _LONGEST_HEAD:
                    raise httpx2.RemoteProtocolError("no head of a response") from self._error
                await self._wait()
            status, headers = parse_head(bytes(self._raw[:end]))
            del self._raw[: end + 4]
            if status >= 200:  # those below only announce that the response will come
                break
        self._framing = Framing(status, headers)
        self._take_body(self._framing)
        if self._closed:
            self._framing.closed()
        return status, headers

    async def read(self) -> bytes:
        """All of the body that is there; empty at its end."""
        framing = self._framing
        while not self._body:
            if framing is None or framing.ended:
                return b""
            if framing.broken or self._closed:
                raise httpx2.RemoteProtocolError("the response was cut") from self._error
            await self._wait()
        received, self._body = bytes(self._body), bytearray()
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        return received

    def finish(self) -> bool:
        """After a response: whether the connection can be used again."""
        self._last_used = self._loop.time()
        framing = self._framing
        return framing is not None and framing.ended and framing.keeps and not (self._raw or self._body or self._closed)

    def is_fresh(self) -> bool:
        return not self._closed and not self._raw and self._loop.time() - self._last_used < _IDLE_SECONDS

    def abort(self) -> None:
        self._transport.abort()

    def _take_body(self, framing: Framing) -> None:
        framing.take(self._raw, self._body)
        if len(self._body) > _MOST_BUFFERED and not self._paused and not self._closed:
            self._paused = True
            self._transport.pause_reading()

    async def _wait(self) -> None:
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)
