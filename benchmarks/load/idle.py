"""People who have the chat open and say nothing: one event stream each, with a session of its own."""

import asyncio
import json
import time

from benchmarks.load.connection import Connection, post
from benchmarks.load.plan import Outcome, Plan

_COMMENT = b":\n\n"


class Idle:
    """Opens all streams before it says that it is ready, and holds them for `seconds`."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        # Not all at once: it is not the opening that is measured.
        self._room = asyncio.Semaphore(50)

    async def prepare(self) -> None:
        opened = (self._open() for _ in range(self._plan.in_flight))
        self._connections = await asyncio.gather(*opened)

    async def run(self) -> Outcome:
        began = time.perf_counter()
        await asyncio.sleep(self._plan.seconds)
        lost = sum(connection.lost for connection in self._connections)
        outcome = Outcome(time.perf_counter() - began)
        outcome.failures = ["a stream was closed"] * lost
        return outcome

    async def _open(self) -> Connection:
        async with self._room:
            connection = await Connection.open(self._plan.port, _COMMENT)
            answer = await connection.ask(post("/chat/session", b"{}"))
            token = json.loads(answer.body)["sessionId"]
            head = f"GET /chat/events HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n"
            await connection.follow(head.encode())
            return connection
