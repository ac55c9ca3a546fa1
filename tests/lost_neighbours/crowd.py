"""Many customers at once, over plain sockets, so that the crowd itself costs little."""

import asyncio
import json
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tests.fleet import Fleet

_AGAIN = (0, 429, 502, 503, 504)
T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """What a customer got; status 0 where the connection broke or nothing came."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def is_refusal(self) -> bool:
        """One that says when to come back."""
        return self.status == 503 and 1 <= int(self.headers.get("retry-after", "0")) <= 10


@dataclass(frozen=True)
class Visitor:
    """A customer with one message."""

    session: str
    key: str = field(default_factory=lambda: str(uuid.uuid4()))


class Crowd:
    """`size` customers with a session each, got while all is well."""

    def __init__(self, fleet: Fleet, size: int) -> None:
        self._port = fleet.web[0].port
        self.refusals: list[Answer] = []  # of those who insisted

        async def enter() -> list[Answer]:
            return await asyncio.gather(*(self._ask("/chat/session", {}, 30) for _ in range(size)))

        self.visitors = [Visitor(answer.body["sessionId"]) for answer in asyncio.run(enter())]

    def post(self, text: str = "Hello", prefer: str = "") -> list[Answer]:
        """Everybody once, all at the same time."""
        return self._everybody(lambda visitor: self._post(visitor, text, prefer))

    def insist(self, text: str = "Hello", seconds: float = 30, prefer: str = "") -> list[Answer]:
        """Everybody again and again with the same message, as told by Retry-After, until it is taken."""
        return self._everybody(lambda visitor: self._until_taken(visitor, text, seconds, prefer))

    def talk(self, count: int, seconds: float = 30, text: str = "Hello") -> list[Answer]:
        """Everybody so many messages, one after the other, each until it is taken."""

        async def say_all(visitor: Visitor) -> list[Answer]:
            return [
                await self._until_taken(Visitor(visitor.session), f"{text} {number}", seconds, "")
                for number in range(count)
            ]

        return [answer for answers in self._everybody(say_all) for answer in answers]

    async def _until_taken(self, visitor: Visitor, text: str, seconds: float, prefer: str) -> Answer:
        deadline = time.monotonic() + seconds
        while True:
            answer = await self._post(visitor, text, prefer)
            if answer.status not in _AGAIN or time.monotonic() > deadline:
                return answer
            self.refusals.append(answer)
            await asyncio.sleep(float(answer.headers.get("retry-after", "0.5")))

    def _everybody(self, act: Callable[[Visitor], Awaitable[T]]) -> list[T]:
        async def all_at_once() -> list[T]:
            return list(await asyncio.gather(*map(act, self.visitors)))

        return asyncio.run(all_at_once())

    async def _post(self, visitor: Visitor, text: str, prefer: str) -> Answer:
        body = {"message": text, "sessionId": visitor.session, "clientMessageId": visitor.key}
        return await self._ask("/chat/message", body, 90, prefer)

    async def _ask(self, path: str, body: dict[str, str], seconds: float, prefer: str = "") -> Answer:
        payload, started = json.dumps(body).encode(), time.monotonic()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nConnection: close\r\n"
            f"Prefer: {prefer or 'wait'}\r\nContent-Length: {len(payload)}\r\n\r\n"
        )
        try:
            async with asyncio.timeout(seconds):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                try:
                    writer.write(head.encode() + payload)
                    received = await reader.read()
                finally:
                    writer.close()
        except OSError:  # a timeout is one too
            received = b""
        return _read(received, time.monotonic() - started)


def _read(received: bytes, seconds: float) -> Answer:
    head, _, body = received.partition(b"\r\n\r\n")
    if not head:
        return Answer(0, seconds=seconds)
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Answer(int(first.split()[1]), headers, json.loads(body), seconds)


def statuses(answers: Sequence[Answer]) -> Counter[int]:
    """How often each status came."""
    return Counter(answer.status for answer in answers)
