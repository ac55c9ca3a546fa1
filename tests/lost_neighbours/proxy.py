"""A TCP proxy between two of our processes, in a thread of its own, that a test makes misbehave."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.lost_neighbours.toxics import Cut, Way, abort

HOST = "127.0.0.1"


@dataclass
class Proxy:
    """One link. `up` is the way to the server, `down` the way back; what is changed holds for open connections too."""

    target: int = 0  # the server's port, known before the first connection comes
    up: Way = field(default_factory=Way)
    down: Way = field(default_factory=Way)
    cut: Cut | None = None
    port: int = 0
    connections: int = 0  # that were ever made
    swallowing: bool = False  # new connections are accepted, and nothing is ever answered
    open: set["_Connection"] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    def refuse(self) -> None:
        """As if nobody listened: open connections are reset and new ones refused."""
        self._do(self._close())

    def accept(self) -> None:
        """Listen again."""
        self._do(self._listen())

    def swallow(self) -> None:
        """A black hole: everything is accepted, nothing arrives any more. What is open stays so, dead for ever."""
        self.swallowing = True
        for connection in list(self.open):
            connection.dead = True

    def reset(self) -> None:
        """Cut all connections that there are, without a word."""
        self._do(self._reset())

    def heal(self) -> None:
        """Let everything pass; what lost bytes meanwhile stays dead."""
        self.swallowing, self.cut = False, None
        self.up, self.down = Way(), Way()
        if self._server is None:
            self.accept()

    def cut_after(self, count: int, way: str, marker: bytes = b"") -> Cut:
        """Cut a connection after `count` further bytes of `way`: one on which `marker` went up, and from there on."""
        self.cut = Cut(count, way, marker)
        return self.cut

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(5)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, HOST, self.port, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server:
            self._server.close()
            self._server = None
        await self._reset()

    async def _reset(self) -> None:
        for connection in list(self.open):
            connection.abort()

    def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        connection = _Connection(self, reader, writer)
        self.open.add(connection)
        # A task of our own: asyncio complains of the one that it would make, when it is cancelled.
        task = self._loop.create_task(self._carry(connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, connection: "_Connection") -> None:
        try:
            await connection.carry()
        except* OSError:  # either end may be gone at any time
            pass
        finally:
            self.open.discard(connection)
            connection.abort()

    def run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        started.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._end())
        self._loop.close()

    async def _end(self) -> None:
        await self._close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)


class _Connection:
    """One client, and the server behind it."""

    def __init__(self, proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.dead = proxy.swallowing
        self._proxy = proxy
        self._reader, self._writer = reader, writer
        self._back: asyncio.StreamWriter | None = None
        self._marked: Cut | None = None
        self._left = 0

    def abort(self) -> None:
        for writer in (self._writer, self._back):
            if writer:
                abort(writer)

    async def carry(self) -> None:
        if self.dead:
            await self._reader.read()  # until the client gives up
            return
        there, self._back = await asyncio.open_connection(HOST, self._proxy.target)
        ways = self._pump(self._reader, self._back, "up"), self._pump(there, self._writer, "down")
        async with asyncio.TaskGroup() as tasks:
            for way in ways:
                tasks.create_task(way)

    def _way(self, name: str) -> Way:
        return self._proxy.up if name == "up" else self._proxy.down

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str) -> None:
        """Bytes in one direction until its end, which is passed on as such."""
        loop, queue = asyncio.get_running_loop(), asyncio.Queue[tuple[float, bytes]]()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._write(queue, writer, name))
            while data := await reader.read(65536):
                queue.put_nowait((loop.time() + self._way(name).latency, data))
            queue.put_nowait((0, b""))

    async def _write(
        self, queue: "asyncio.Queue[tuple[float, bytes]]", writer: asyncio.StreamWriter, name: str
    ) -> None:
        while True:
            due, data = await queue.get()
            await asyncio.sleep(max(0, due - asyncio.get_running_loop().time()))
            way = self._way(name)
            self.dead = self.dead or (way.loses and bool(data))
            if self.dead:
                continue
            if not data:
                writer.write_eof()
                return
            for piece in way.pieces(data):
                writer.write(self._before_the_cut(piece, name))
                await writer.drain()
                if way.pause:
                    await asyncio.sleep(way.pause)

    def _before_the_cut(self, data: bytes, name: str) -> bytes:
        """What may still pass. Raises ConnectionResetError where that was all, and everything is passed on."""
        cut = self._proxy.cut
        if cut is None:
            return data
        if self._marked is not cut and (not cut.marker or (name == "up" and cut.marker in data)):
            self._marked, self._left = cut, cut.count
        if self._marked is not cut or name != cut.way:
            return data
        if self._left > len(data):
            self._left -= len(data)
            return data
        writer = self._back if name == "up" else self._writer
        if writer:
            writer.write(data[: self._left])
        self._proxy.cut = None
        cut.happened.set()
        raise ConnectionResetError


@contextlib.contextmanager
def running_proxy(target: int = 0) -> Iterator[Proxy]:
    """A proxy on a free port before a server of this machine."""
    proxy, started = Proxy(target), threading.Event()
    thread = threading.Thread(target=proxy.run, args=(started,), name="proxy", daemon=True)
    thread.start()
    assert started.wait(5)
    try:
        yield proxy
    finally:
        proxy.end()
        thread.join(10)
