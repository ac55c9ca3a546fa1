"""Customers that talk: each sends a message, waits for the whole answer, and sends the next."""

import asyncio
import json
import random
import time
import uuid

from benchmarks.load.connection import Connection, post
from benchmarks.load.plan import Outcome, Plan

_MARK = b"event: delta"
_TEXT = "Can I return shoes that I bought two weeks ago, and how long does it take?"


class Turns:
    """`in_flight` customers, each on a connection of its own."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._outcome = Outcome()
        self._accept = "text/event-stream" if plan.streamed else "application/json"

    async def prepare(self) -> None:
        opening = (Connection.open(self._plan.port, _MARK if self._plan.streamed else b"") for _ in self._clients())
        self._connections = await asyncio.gather(*opening)

    async def run(self) -> Outcome:
        began = time.perf_counter()
        await asyncio.gather(*(self._customer(number, began) for number in self._clients()))
        self._outcome.seconds = time.perf_counter() - began
        return self._outcome

    def _clients(self) -> range:
        return range(self._plan.in_flight)

    async def _customer(self, number: int, began: float) -> None:
        plan, connection = self._plan, self._connections[number]
        if plan.spread:
            await asyncio.sleep(random.uniform(0, plan.spread))
        said, session = 0, ""
        while not said or time.perf_counter() - began < plan.seconds:
            if plan.sessions:
                alone = len(plan.sessions) <= plan.in_flight
                session = plan.sessions[number % len(plan.sessions)] if alone else random.choice(plan.sessions)
            try:
                session = await self._turn(connection, session)
            except (OSError, ConnectionError) as error:
                self._outcome.failures.append(repr(error))
                return
            said += 1
            if said % plan.turns == 0:
                session = ""
            if plan.pause:
                await asyncio.sleep(plan.pause)

    async def _turn(self, connection: Connection, session: str) -> str:
        body = {"message": _TEXT, "clientMessageId": str(uuid.uuid4()), **({"sessionId": session} if session else {})}
        answer = await connection.ask(post("/chat/message", json.dumps(body).encode(), self._accept))
        if answer.status != 200 or (self._plan.streamed and not answer.first):
            self._outcome.failures.append(f"{answer.status} {answer.body[:200]!r}")
            return session
        self._outcome.latencies.append(answer.seconds)
        if self._plan.streamed:
            self._outcome.firsts.append(answer.first)
        self._outcome.fallbacks += b'"usedFallback":true' in answer.body
        return session or _session(answer.body)


def _session(body: bytes) -> str:
    """The conversation's name, which is in a whole answer and in the first event of a stream."""
    return body.partition(b'"sessionId":"')[2].partition(b'"')[0].decode()
