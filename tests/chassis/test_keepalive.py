"""A peer that vanishes without a word, as behind a pulled cable: both ends notice, though nothing is ever refused."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import grpc
import grpc.aio

from tests.chassis.echo import NAME, Echo, call, connected, eventually, running

# Pings after 10 s of silence, and 5 s to answer one; the rest is for a busy machine.
NOTICED_WITHIN = 25


class Proxy:
    """Carries bytes between a client and a server, until it swallows them."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._writers: list[asyncio.StreamWriter] = []
        self.frozen = False
        self.connections = 0

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        async with await asyncio.start_server(self._serve, "127.0.0.1", 0) as server:
            yield server.sockets[0].getsockname()[1]
            server.close()  # a client may try again, even now
            for writer in self._writers:
                writer.transport.abort()
            await asyncio.sleep(0.1)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        with suppress(ConnectionError):  # the server may be gone already
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
            self._writers.append(back)
            await asyncio.gather(self._carry(reader, back), self._carry(there, writer))
        writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                if not self.frozen:
                    writer.write(data)


def test_both_ends_notice_a_connection_that_swallows_everything() -> None:
    async def walk() -> None:
        echo = Echo()
        async with running(echo) as port:
            proxy = Proxy(port)
            async with proxy.listening() as proxied, connected(proxied) as (channel, peer):
                assert await call(channel, peer, "Unary", "hello") == "hello"
                following: Any = channel.unary_stream(f"/{NAME}/Repeat")(b"sleep 600", metadata=peer.metadata())
                await eventually(lambda: "sleep 600" in echo.requests)
                await asyncio.sleep(1)  # until the pings that go with the first data are answered
                proxy.frozen = True
                frozen_at = time.monotonic()
                await asyncio.gather(
                    _ends(following), eventually(lambda: bool(echo.closed_in_own_task), NOTICED_WITHIN)
                )
                assert time.monotonic() - frozen_at > 10  # it was a ping into the silence
                proxy.frozen = False
                # Over a new connection, for the old one is known to be dead.
                assert await call(channel, peer, "Unary", "hello") == "hello"
                assert proxy.connections > 1

    asyncio.run(walk())


async def _ends(stream: Any) -> None:
    async with asyncio.timeout(NOTICED_WITHIN):
        try:
            async for _ in stream:
                pass
        except grpc.aio.AioRpcError as error:
            assert error.code() is grpc.StatusCode.UNAVAILABLE
