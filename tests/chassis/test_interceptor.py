"""What every incoming call goes through: its request id, its figures, and the end of its streams."""

import asyncio
from typing import Any

import grpc
import grpc.aio
import pytest
from prometheus_client import REGISTRY

from chassis import context
from tests.chassis.echo import NAME, Echo, call, connected, eventually, peer_of, running

SHAPES = ["Unary", "Repeat", "Collect", "Talk", "Write"]


def counted(shape: str, code: str) -> float:
    labels = {"method": f"/{NAME}/{shape}", "code": code}
    return REGISTRY.get_sample_value("grpc_server_handled_total", labels) or 0


def open_streams(shape: str) -> float:
    return REGISTRY.get_sample_value("grpc_server_open_streams", {"method": f"/{NAME}/{shape}"}) or 0


def measured(shape: str) -> float:
    return REGISTRY.get_sample_value("grpc_server_handling_seconds_count", {"method": f"/{NAME}/{shape}"}) or 0


@pytest.mark.parametrize("shape", SHAPES)
def test_the_request_id_travels_over_every_hop(shape: str) -> None:
    async def walk() -> None:
        last = Echo()
        async with running(last) as last_port:
            middle = Echo(peer_of(last_port))
            async with running(middle) as middle_port:
                async with running(Echo(peer_of(middle_port))) as port, connected(port) as (channel, peer):
                    context.bind("req-over-hops")
                    answer = await call(channel, peer, shape, "forward forward request-id")
        assert set(answer.splitlines()) == {"req-over-hops"}
        assert middle.requests[0] == "forward request-id"

    asyncio.run(walk())


def test_calls_side_by_side_keep_their_own_request_ids() -> None:
    async def one(channel: grpc.aio.Channel, peer: Any, number: int) -> str:
        context.bind(f"req-{number}")
        return await call(channel, peer, "Talk", "sleep 0.01", "request-id")

    async def walk() -> None:
        async with running(Echo()) as port, connected(port) as (channel, peer):
            answers = await asyncio.gather(*(one(channel, peer, number) for number in range(50)))
        assert answers == [f"sleep 0.01\nreq-{number}" for number in range(50)]

    asyncio.run(walk())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("request_", "code"), [("hello", "OK"), ("refuse NOT_FOUND", "NOT_FOUND"), ("raise x", "INTERNAL")]
)
def test_a_call_of_any_shape_is_counted_with_its_status(shape: str, request_: str, code: str) -> None:
    async def walk() -> None:
        async with running(Echo()) as port, connected(port) as (channel, peer):
            try:
                await call(channel, peer, shape, request_)
            except grpc.aio.AioRpcError as error:
                assert error.code().name == code
            await eventually(lambda: counted(shape, code) == before + 1)

    before = counted(shape, code)
    asyncio.run(walk())


def test_a_refused_caller_is_counted_too() -> None:
    async def walk() -> None:
        async with running(Echo(), service_token="the-token-of-elsewhere") as port, connected(port) as (channel, peer):
            with pytest.raises(grpc.aio.AioRpcError):
                await call(channel, peer, "Unary", "hello")

    before = counted("Unary", "UNAUTHENTICATED")
    asyncio.run(walk())
    assert counted("Unary", "UNAUTHENTICATED") == before + 1


def test_a_call_whose_caller_left_or_lost_patience_is_not_counted_as_a_success() -> None:
    async def walk() -> None:
        async with running(Echo()) as port, connected(port) as (channel, peer):
            leaving = asyncio.create_task(call(channel, peer, "Unary", "sleep 5"))
            await asyncio.sleep(0.2)
            leaving.cancel()
            await eventually(lambda: counted("Unary", "CANCELLED") == before["CANCELLED"] + 1)
            with pytest.raises(grpc.aio.AioRpcError) as failed:
                await call(channel, peer, "Unary", "sleep 5", seconds=0.2)
            assert failed.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            # Whichever reaches the server first: its own deadline, or the caller's farewell.
            await eventually(lambda: ended() == sum(before.values()) + 2)

    def ended() -> float:
        return counted("Unary", "CANCELLED") + counted("Unary", "DEADLINE_EXCEEDED")

    before = {code: counted("Unary", code) for code in ("CANCELLED", "DEADLINE_EXCEEDED")}
    succeeded = counted("Unary", "OK")
    asyncio.run(walk())
    assert counted("Unary", "OK") == succeeded


def test_only_calls_with_one_response_are_timed() -> None:
    async def walk() -> None:
        async with running(Echo()) as port, connected(port) as (channel, peer):
            for shape in SHAPES:
                await call(channel, peer, shape, "hello")
                await eventually(lambda shape=shape: counted(shape, "OK") > before[shape])

    before = {shape: counted(shape, "OK") for shape in SHAPES}
    timed = {shape: measured(shape) for shape in SHAPES}
    asyncio.run(walk())
    assert {shape: measured(shape) - timed[shape] for shape in SHAPES} == {
        "Unary": 1,
        "Collect": 1,
        "Repeat": 0,
        "Talk": 0,
        "Write": 0,
    }


def test_open_streams_are_counted_until_their_caller_leaves() -> None:
    async def walk() -> None:
        echo = Echo()
        async with running(echo) as port, connected(port) as (channel, peer):
            streams: list[Any] = []
            for _ in range(5):
                stream: Any = channel.unary_stream(f"/{NAME}/Repeat")(b"for ever", metadata=peer.metadata())
                await anext(aiter(stream))
                streams.append(stream)
            assert open_streams("Repeat") == 5
            for stream in streams:
                stream.cancel()
            await eventually(lambda: open_streams("Repeat") == 0)
            assert echo.closed_in_own_task == [True] * 5

    asyncio.run(walk())


def test_a_generator_whose_caller_left_is_ended_at_once_and_in_its_own_task() -> None:
    """Whether it was cancelled while it waited, or while a response was being written."""

    async def leave(channel: grpc.aio.Channel, peer: Any, responses: int) -> None:
        stream: Any = channel.unary_stream(f"/{NAME}/Repeat")(b"for ever", metadata=peer.metadata())
        for _ in range(responses):
            await anext(aiter(stream))
        stream.cancel()

    async def walk() -> None:
        echo = Echo()
        async with running(echo) as port, connected(port) as (channel, peer):
            await asyncio.gather(*(leave(channel, peer, 1 + number % 7) for number in range(100)))
            await eventually(lambda: len(echo.closed_in_own_task) == 100)
        assert all(echo.closed_in_own_task)

    asyncio.run(walk())
