"""The way to other services: what is tried again and what never, which replica is called, when a call is given up."""

import asyncio
import socket
import time
from collections import Counter
from contextlib import suppress
from typing import Any

import grpc
import grpc.aio
import pytest

from chassis.channel import Peer
from chassis.credentials import Credentials
from chassis.server import Server
from tests.chassis.echo import NAME, Echo, call, connected, peer_of, running, settings
from tests.ports import free_port


async def status(work: Any) -> str:
    """The answer, or the status in its place."""
    try:
        return str(await work)
    except grpc.aio.AioRpcError as error:
        return error.code().name


def test_a_keyed_call_is_tried_again_when_the_service_is_unavailable() -> None:
    async def walk() -> None:
        echo = Echo()
        async with running(echo) as port, connected(port) as (channel, peer):
            echo.failures = 2
            assert await call(channel, peer, "Unary", "hello") == "hello"
            assert len(echo.requests) == 3

    asyncio.run(walk())


def test_a_keyed_call_is_given_up_after_three_attempts() -> None:
    async def walk() -> None:
        echo = Echo()
        async with running(echo) as port, connected(port) as (channel, peer):
            echo.failures = 100
            assert await status(call(channel, peer, "Unary", "hello")) == "UNAVAILABLE"
            assert len(echo.requests) == 3

    asyncio.run(walk())


@pytest.mark.parametrize("shape", ["Repeat", "Collect", "Talk", "Write"])
def test_a_call_that_is_not_keyed_is_never_tried_again(shape: str) -> None:
    async def walk() -> None:
        echo = Echo()
        async with running(echo) as port, connected(port) as (channel, peer):
            echo.failures = 1
            assert await status(call(channel, peer, shape, "hello")) == "UNAVAILABLE"
            assert len(echo.requests) == 1

    asyncio.run(walk())


def test_without_keyed_methods_nothing_is_tried_again() -> None:
    async def walk() -> None:
        echo = Echo()
        async with running(echo) as port:
            peer = Peer(f"127.0.0.1:{port}", Credentials(settings()))
            async with peer.connect_async() as channel:
                echo.failures = 1
                assert await status(call(channel, peer, "Unary", "hello")) == "UNAVAILABLE"
                assert len(echo.requests) == 1

    asyncio.run(walk())


@pytest.mark.parametrize(
    "code",
    ["INTERNAL", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED", "ABORTED", "UNKNOWN", "INVALID_ARGUMENT", "NOT_FOUND"],
)
def test_no_other_status_is_a_reason_to_try_again(code: str) -> None:
    async def walk() -> None:
        echo = Echo()
        async with running(echo) as port, connected(port) as (channel, peer):
            assert await status(call(channel, peer, "Unary", f"refuse {code}")) == code
            assert len(echo.requests) == 1

    asyncio.run(walk())


def test_repeats_end_with_the_callers_deadline() -> None:
    async def walk() -> None:
        echo = Echo()
        async with running(echo) as port, connected(port) as (channel, peer):
            await call(channel, peer, "Unary", "hello")
            echo.failures = 1
            started = time.monotonic()
            assert await status(call(channel, peer, "Unary", "sleep 5", seconds=0.5)) == "DEADLINE_EXCEEDED"
            assert time.monotonic() - started < 3
            assert echo.requests.count("sleep 5") == 2

    asyncio.run(walk())


@pytest.mark.parametrize("shape", ["Unary", "Repeat", "Collect", "Talk"])
def test_a_peer_that_takes_the_connection_and_never_answers_is_left_at_the_deadline(shape: str) -> None:
    async def walk(port: int) -> None:
        async with connected(port) as (channel, peer):
            started = time.monotonic()
            assert await status(call(channel, peer, shape, "hello", seconds=0.5)) == "DEADLINE_EXCEEDED"
            assert 0.4 < time.monotonic() - started < 3

    with socket.create_server(("127.0.0.1", 0)) as mute:
        asyncio.run(walk(mute.getsockname()[1]))


def test_a_service_that_is_not_there_is_told_at_once() -> None:
    async def walk() -> None:
        async with connected(free_port()) as (channel, peer):
            started = time.monotonic()
            assert await status(call(channel, peer, "Collect", "hello", seconds=10)) == "UNAVAILABLE"
            assert time.monotonic() - started < 3

    asyncio.run(walk())


def test_replicas_are_called_in_turn() -> None:
    async def walk() -> None:
        async with running(Echo(name="one")) as one, running(Echo(name="two")) as two:
            async with connected(one, two) as (channel, peer):
                await _until_both(channel, peer)
                answers = Counter([await call(channel, peer, "Unary", "name") for _ in range(20)])
        assert answers == {"one": 10, "two": 10}

    asyncio.run(walk())


def test_a_replica_that_is_not_ready_gets_no_new_calls_until_it_is() -> None:
    async def walk() -> None:
        configured, port = settings(), free_port()
        server = Server(configured, port, Credentials(configured))
        server.grpc.add_generic_rpc_handlers((Echo(name="wavering").handler(),))
        await server.start([NAME])
        await server.ready(True)
        async with running(Echo(name="steady")) as steady, connected(port, steady) as (channel, peer):
            await _until_both(channel, peer)
            await server.ready(False)
            await asyncio.sleep(0.3)
            answers = Counter([await call(channel, peer, "Unary", "name") for _ in range(20)])
            assert answers == {"steady": 20}
            await server.ready(True)
            await _until_both(channel, peer)
        await server.grpc.stop(0)

    asyncio.run(walk())


@pytest.mark.parametrize("absence", [0.5, 5])
def test_a_service_that_comes_back_is_called_again_within_a_few_seconds(absence: float) -> None:
    async def walk() -> None:
        port = free_port()
        async with connected(port) as (channel, peer):
            async with running(Echo(), port):
                assert await call(channel, peer, "Collect", "hello") == "hello"
            gone = time.monotonic()
            while time.monotonic() < gone + absence:
                assert await status(call(channel, peer, "Collect", "hello", seconds=1)) == "UNAVAILABLE"
                await asyncio.sleep(0.1)
            async with running(Echo(), port):
                async with asyncio.timeout(4):
                    while await status(call(channel, peer, "Collect", "hello", seconds=1)) != "hello":  # noqa: ASYNC110
                        await asyncio.sleep(0.05)

    asyncio.run(walk())


@pytest.mark.parametrize("target", ["127.0.0.1:{}", "localhost:{}", "dns:///localhost:{}", "ipv4:127.0.0.1:{}"])
def test_an_address_may_be_written_in_any_way_that_grpc_knows(target: str) -> None:
    async def walk() -> None:
        async with running(Echo()) as port:
            peer = Peer(target.format(port), Credentials(settings()))
            async with peer.connect_async() as channel:
                assert await call(channel, peer, "Unary", "hello") == "hello"

    asyncio.run(walk())


def test_a_proxy_for_the_way_out_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async def walk() -> None:
        async with running(Echo()) as port, connected(port) as (channel, peer):
            assert await call(channel, peer, "Unary", "hello") == "hello"

    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    asyncio.run(walk())


def test_a_peer_carries_the_proof_and_the_request_id() -> None:
    assert [key for key, _ in peer_of(1).metadata()] == ["authorization", "x-request-id"]


async def _until_both(channel: grpc.aio.Channel, peer: Any) -> None:
    """A channel begins with the replica that it reached first."""
    async with asyncio.timeout(5):
        while True:
            with suppress(grpc.aio.AioRpcError):
                if len({await call(channel, peer, "Unary", "name") for _ in range(4)}) == 2:
                    return
            await asyncio.sleep(0.02)
