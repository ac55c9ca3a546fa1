"""A small service behind the chassis, with all four shapes of a call, that does what its requests say."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio

from chassis import context, traces
from chassis.channel import Peer
from chassis.credentials import Credentials
from chassis.server import Server
from chassis.settings import ServiceSettings
from tests.ports import free_port

NAME = "test.Echo"
TOKEN = "a-token-for-tests-only"
KEYED = (f"{NAME}/Unary",)


class Echo:
    """Answers with what it was sent, unless that is one of a few words."""

    def __init__(self, peer: Peer | None = None, name: str = "echo") -> None:
        """`peer` is where `forward …` goes."""
        self._peer = peer
        self._name = name
        self.requests: list[str] = []
        self.failures = 0  # so many calls are answered with UNAVAILABLE
        self.closed_in_own_task: list[bool] = []

    def handler(self) -> grpc.GenericRpcHandler:
        return grpc.method_handlers_generic_handler(
            NAME,
            {
                "Unary": grpc.unary_unary_rpc_method_handler(self.unary),
                "Repeat": grpc.unary_stream_rpc_method_handler(self.repeat),
                "Collect": grpc.stream_unary_rpc_method_handler(self.collect),
                "Talk": grpc.stream_stream_rpc_method_handler(self.talk),
                "Write": grpc.unary_stream_rpc_method_handler(self.write),
            },
        )

    async def unary(self, request: bytes, rpc: Any) -> bytes:
        return await self._answer(request, rpc, "Unary")

    async def repeat(self, request: bytes, rpc: Any) -> AsyncIterator[bytes]:
        """The answer three times; to `for ever` without end."""
        task = asyncio.current_task()
        try:
            yield await self._answer(request, rpc, "Repeat")
            yield await self._answer(request, rpc, "Repeat")
            while request == b"for ever":
                yield b"again"
                await asyncio.sleep(0.001)
            yield await self._answer(request, rpc, "Repeat")
        finally:
            self.closed_in_own_task.append(asyncio.current_task() is task)

    async def collect(self, requests: AsyncIterator[bytes], rpc: Any) -> bytes:
        return b"+".join([await self._answer(request, rpc, "Collect") async for request in requests])

    async def talk(self, requests: AsyncIterator[bytes], rpc: Any) -> AsyncIterator[bytes]:
        async for request in requests:
            yield await self._answer(request, rpc, "Talk")

    async def write(self, request: bytes, rpc: Any) -> None:
        """The other way to stream that grpc.aio knows: a coroutine that writes."""
        await rpc.write(await self._answer(request, rpc, "Write"))

    async def _answer(self, request: bytes, rpc: Any, shape: str) -> bytes:
        word, _, rest = request.decode().partition(" ")
        self.requests.append(request.decode())
        if self.failures:
            self.failures -= 1
            await rpc.abort(grpc.StatusCode.UNAVAILABLE, "not now")
        match word:
            case "sleep":
                await asyncio.sleep(float(rest))
            case "raise":
                raise RuntimeError(f"an inner matter: {rest}")
            case "refuse":
                await rpc.abort(grpc.StatusCode[rest], "because it was asked to")
            case "forward":
                return await self._forward(rest, shape)
            case "name":
                return self._name.encode()
            case "request-id":
                return context.request_id.get().encode()
            case "trace-parent":
                return (traces.trace_parent() or "none").encode()
        return request

    async def _forward(self, request: str, shape: str) -> bytes:
        assert self._peer
        async with self._peer.connect_async() as channel:
            return (await call(channel, self._peer, shape, request)).partition("\n")[0].encode()


async def call(channel: grpc.aio.Channel, peer: Peer, shape: str, *requests: str, seconds: float = 10) -> str:
    """What the service answers, a line for each response."""
    kwargs = {"timeout": seconds, "metadata": peer.metadata()}
    path, sent = f"/{NAME}/{shape}", [request.encode() for request in requests]
    match shape:
        case "Unary":
            return (await channel.unary_unary(path)(sent[0], **kwargs)).decode()
        case "Collect":
            return (await channel.stream_unary(path)(iter(sent), **kwargs)).decode()
        case "Talk":
            stream: Any = channel.stream_stream(path)(iter(sent), **kwargs)
        case _:
            stream = channel.unary_stream(path)(sent[0], **kwargs)
    return "\n".join([response.decode() async for response in stream])


async def eventually(holds: Callable[[], bool], seconds: float = 5) -> None:
    """Returns once it holds."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - what is waited for happens in the depths of gRPC
            await asyncio.sleep(0.01)


def settings(**values: Any) -> ServiceSettings:
    return ServiceSettings(**{"service_token": TOKEN, **values})


@asynccontextmanager
async def running(echo: Echo, port: int | None = None, **values: Any) -> AsyncIterator[int]:
    """Serves `echo` in this event loop, ready for calls; gives the port."""
    port = port or free_port()
    configured = settings(**values)
    server = Server(configured, port, Credentials(configured))
    server.grpc.add_generic_rpc_handlers((echo.handler(),))
    await server.start([NAME])
    await server.ready(True)
    try:
        yield port
    finally:
        await server.grpc.stop(0)


def peer_of(*ports: int, **values: Any) -> Peer:
    """What a client of servers on these ports of 127.0.0.1 uses."""
    address = "ipv4:" + ",".join(f"127.0.0.1:{port}" for port in ports)
    return Peer(address, Credentials(settings(**values)), KEYED)


@asynccontextmanager
async def connected(*ports: int, **values: Any) -> AsyncIterator[tuple[grpc.aio.Channel, Peer]]:
    """A channel to servers on these ports; a call waits while it connects."""
    peer = peer_of(*ports, **values)
    async with peer.connect_async() as channel:
        yield channel, peer
