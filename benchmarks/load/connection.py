"""A lean HTTP client for one connection: whole answers and event streams, with the time of their first mark."""

import asyncio
import time
from dataclasses import dataclass

_END_OF_CHUNKS = b"0\r\n\r\n"


@dataclass
class Answer:
    """`first` is when the mark was seen, in seconds after the request; 0: never."""

    status: int
    body: bytes
    first: float
    seconds: float


class Connection(asyncio.Protocol):
    """Requests one after the other; the mark is looked for in the bodies."""

    def __init__(self, mark: bytes = b"") -> None:
        self._mark = mark
        self._received = b""
        self._head = b""
        self._answered: asyncio.Future[Answer] | None = None
        self.lost = False
        self._marked: asyncio.Future[None] | None = None
        self._sent = self._first = 0.0

    @classmethod
    async def open(cls, port: int, mark: bytes = b"") -> "Connection":
        _transport, connection = await asyncio.get_running_loop().create_connection(
            lambda: cls(mark), "127.0.0.1", port
        )
        return connection

    async def ask(self, request: bytes) -> Answer:
        """Raises ConnectionError where the other side closes early."""
        self._received = self._head = b""
        self._first = 0.0
        self._answered = asyncio.get_running_loop().create_future()
        self._sent = time.perf_counter()
        self._transport.write(request)
        return await self._answered

    async def follow(self, request: bytes) -> None:
        """Return when the mark is there; the stream stays open."""
        self._marked = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        await self._marked

    def close(self) -> None:
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def connection_lost(self, error: Exception | None) -> None:
        self.lost = True
        for awaited in (self._answered, self._marked):
            if awaited and not awaited.done():
                awaited.set_exception(error or ConnectionError("closed before the answer was complete"))

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter() - self._sent
        self._received += data
        if not self._head:
            self._head, found, self._received = self._received.partition(b"\r\n\r\n")
            if not found:
                self._received, self._head = self._head, b""
                return
        if self._mark and not self._first and self._mark in self._received:
            self._first = now
            if self._marked and not self._marked.done():
                self._marked.set_result(None)
        if self._is_complete() and self._answered and not self._answered.done():
            self._answered.set_result(Answer(int(self._head[9:12]), self._received, self._first, now))

    def _is_complete(self) -> bool:
        head = self._head.lower()
        _, named, value = head.partition(b"content-length:")
        if named:
            return len(self._received) >= int(value.partition(b"\r\n")[0])
        return self._received.endswith(_END_OF_CHUNKS)


def post(path: str, body: bytes, accept: str = "application/json") -> bytes:
    """The bytes of a JSON post."""
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nAccept: {accept}\r\nContent-Type: application/json\r\n"
    return head.encode() + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
