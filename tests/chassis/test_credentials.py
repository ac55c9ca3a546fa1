"""The shared token: who may call."""

import asyncio
from typing import Any

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from chassis import health
from chassis.credentials import Credentials
from tests.chassis.echo import NAME, TOKEN, Echo, call, connected, peer_of, running, settings

SHAPES = ["Unary", "Repeat", "Collect", "Talk"]
WRONG: list[tuple[tuple[str, str], ...]] = [
    (),
    (("authorization", ""),),
    (("authorization", TOKEN),),
    (("authorization", "Bearer another-token-altogether"),),
    (("authorization", f"Bearer {TOKEN[:-1]}"),),
    (("authorization", f"Bearer {TOKEN}x"),),
    (("authorization", "Bearer nonsense"), ("authorization", f"Bearer {TOKEN}")),
]


class Stranger:
    """A caller that shows something else than the token."""

    def __init__(self, *metadata: tuple[str, str]) -> None:
        self._metadata = metadata

    def metadata(self) -> Any:
        return self._metadata


def test_the_right_token_is_let_in() -> None:
    async def walk() -> None:
        echo = Echo()
        async with running(echo) as port, connected(port) as (channel, peer):
            assert [await call(channel, peer, shape, "hello") for shape in SHAPES] == [
                "hello",
                "hello\nhello\nhello",
                "hello",
                "hello",
            ]

    asyncio.run(walk())


@pytest.mark.parametrize("shape", SHAPES)
def test_no_other_caller_reaches_a_method_of_any_shape(shape: str) -> None:
    async def walk() -> None:
        echo = Echo()
        async with running(echo) as port, connected(port) as (channel, _):
            for metadata in WRONG:
                with pytest.raises(grpc.aio.AioRpcError) as refused:
                    await call(channel, Stranger(*metadata), shape, "hello")  # type: ignore[arg-type]
                assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
                assert refused.value.details() == "SERVICE_TOKEN of caller and callee differ"
        assert echo.requests == []

    asyncio.run(walk())


def test_a_method_that_does_not_exist_is_told_apart() -> None:
    async def walk() -> None:
        async with running(Echo()) as port, connected(port) as (channel, peer):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await channel.unary_unary(f"/{NAME}/Nothing")(b"", metadata=peer.metadata(), timeout=5)
        assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED

    asyncio.run(walk())


def test_health_is_open_to_everybody() -> None:
    async def walk() -> None:
        async with running(Echo()) as port:
            assert await asyncio.to_thread(health.check, f"127.0.0.1:{port}")
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=5)
                assert (await anext(aiter(watch))).status == health_pb2.HealthCheckResponse.SERVING

    asyncio.run(walk())


def test_bytes_that_are_no_text_are_a_wrong_token() -> None:
    credentials = Credentials(settings())
    assert not credentials.accepts([("authorization", b"Bearer \xff")])
    assert not credentials.accepts([("authorization", "Bearer \udcff")])
    assert credentials.accepts([("authorization", f"Bearer {TOKEN}".encode())])


def test_a_caller_with_another_token_is_refused_by_a_server_with_ours() -> None:
    async def walk() -> None:
        async with running(Echo(), service_token="the-token-of-elsewhere") as port, connected(port) as (channel, peer):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await call(channel, peer, "Unary", "hello")
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED

    asyncio.run(walk())


def test_threads_have_a_channel_too() -> None:
    async def walk() -> None:
        async with running(Echo()) as port:
            assert await asyncio.to_thread(called_from_a_thread, port) == b"hello"

    def called_from_a_thread(port: int) -> bytes:
        peer = peer_of(port)
        with peer.connect() as channel:
            return channel.unary_unary(f"/{NAME}/Unary")(b"hello", timeout=5, metadata=peer.metadata())

    asyncio.run(walk())
