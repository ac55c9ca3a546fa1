"""A door before a server: counts who stands in it, or lets nobody in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Door:
    """Connections go to `port` of this machine; without one they are accepted and hear nothing."""

    def __init__(self, port: int | None) -> None:
        self._port = port
        self.address = ""
        self.open = 0
        self.knocks = 0

    async def enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.knocks += 1
        self.open += 1
        try:
            if self._port is None:
                while await reader.read(65536):
                    pass
            else:
                await self._pass(reader, writer)
        finally:
            self.open -= 1
            writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_copy(reader, inner_writer))
                both.create_task(_copy(inner_reader, writer))
        finally:
            inner_writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    writer.close()


@asynccontextmanager
async def opened(port: int | None) -> AsyncIterator[Door]:
    """A door on a free port."""
    door = Door(port)
    entering: set[asyncio.Task[None]] = set()

    def enter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        entering.add(asyncio.create_task(door.enter(reader, writer)))

    server = await asyncio.start_server(enter, "127.0.0.1", 0)
    door.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield door
    finally:
        server.close()
        for task in entering:
            task.cancel()
        await asyncio.gather(*entering, return_exceptions=True)
