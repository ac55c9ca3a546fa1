"""The scripted server itself: connections, the choice of a behaviour, and the log of requests."""

import asyncio
import contextlib
import json
import re
import threading
from collections import deque
from collections.abc import Iterator
from typing import Any

import uvloop

from tests.scripted_openai.behaviours import BEHAVIOURS, Behaviour
from tests.scripted_openai.exchange import Exchange, Pace

_MARKER = re.compile(r"\[\[(\w+)\]\]")


class ScriptedOpenAI:
    """The server's script and log; `running_openai` runs one."""

    def __init__(self, behaviour: str | Behaviour = "normal", pace: Pace | None = None, log: int = 1000) -> None:
        """The last `log` requests are kept."""
        self.behaviour = behaviour
        self.pace = pace or Pace()
        self.requests: deque[dict[str, Any]] = deque(maxlen=log)
        self.queue: deque[str | Behaviour] = deque()
        # The last request's line and headers.
        self.head = ""
        # All requests there were, also those that the log forgot.
        self.asked = 0
        # Answers that the client did not wait for.
        self.hangups = 0
        self.connections = 0
        self.base_url = ""
        self.open: set[asyncio.Transport] = set()

    def then(self, *behaviours: str | Behaviour) -> None:
        """The behaviours of the next requests."""
        self.queue.extend(behaviours)

    @property
    def prompts(self) -> list[list[dict[str, str]]]:
        """The messages of every request."""
        return [request["messages"] for request in self.requests]

    async def start(self, port: int = 0) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", port, backlog=4096)
        self.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        return server

    def chosen(self, body: dict[str, Any]) -> Behaviour:
        said = [message["content"] for message in body.get("messages", []) if message["role"] == "user"]
        marker = _MARKER.search(said[-1]) if said else None
        name = marker[1] if marker else self.queue.popleft() if self.queue else self.behaviour
        return BEHAVIOURS[name] if isinstance(name, str) else name


class _Connection(asyncio.Protocol):
    """One connection; requests come one after the other."""

    def __init__(self, server: ScriptedOpenAI) -> None:
        self._server = server
        self._received = b""
        self._answering: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._server.connections += 1
        self._server.open.add(self._transport)

    def connection_lost(self, _error: Exception | None) -> None:
        self._server.open.discard(self._transport)
        if self._answering and not self._answering.done():
            self._server.hangups += 1
            self._answering.cancel()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, rest = self._received.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        if not found or len(rest) < (size := int(length[1]) if length else 0):
            return
        self._received = rest[size:]
        body = json.loads(rest[:size] or b"{}")
        self._server.asked += 1
        self._server.head = head.decode("ascii")
        self._server.requests.append(body)
        behave = self._server.chosen(body)
        exchange = Exchange(body, self._transport, self._server.pace)
        self._answering = asyncio.get_running_loop().create_task(behave(exchange))  # type: ignore[arg-type]


@contextlib.contextmanager
def running_openai(behaviour: str | Behaviour = "normal", pace: Pace | None = None) -> Iterator[ScriptedOpenAI]:
    """A server on a free port, in a thread with a loop of its own."""
    scripted, started = ScriptedOpenAI(behaviour, pace), threading.Event()
    loop = uvloop.new_event_loop()
    stopped = asyncio.Event()

    async def serve() -> None:
        server = await scripted.start()
        started.set()
        await stopped.wait()
        server.close()
        for transport in list(scripted.open):
            transport.abort()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), name="scripted-openai", daemon=True)
    thread.start()
    started.wait(5)
    try:
        yield scripted
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join(5)
        loop.close()
