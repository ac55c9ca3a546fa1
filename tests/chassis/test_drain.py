"""SIGTERM: calls in flight end, clients go elsewhere, and the process is gone in time, whatever the drain does."""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.chassis.echo import NAME, call, connected
from tests.chassis.processes import Process, ready_process

# Between SIGTERM and SIGKILL a container has ten.
IN_TIME = 9.5


@contextmanager
def within(seconds: float) -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < seconds


def events(service: Process) -> list[str]:
    return [line["event"] for line in service.log()]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_service_ends_at_once(number: signal.Signals, tmp_path: Path) -> None:
    with ready_process(tmp_path) as service, within(6):
        service.popen.send_signal(number)
        assert service.ended() == 0
    assert events(service) == ["draining", "drain called", "stopped"]
    assert len(service.lines()) == 3


def test_calls_in_flight_are_finished_and_new_ones_are_refused(tmp_path: Path) -> None:
    async def walk() -> None:
        async with connected(service.port) as (channel, peer):
            slow = [asyncio.create_task(call(channel, peer, shape, "sleep 1.5")) for shape in ("Unary", "Collect")]
            await asyncio.sleep(0.5)
            service.terminate()
            await asyncio.to_thread(service.wait_for_event, "draining")
            await asyncio.sleep(0.3)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await call(channel, peer, "Talk", "hello")
            assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
            assert await asyncio.gather(*slow) == ["sleep 1.5"] * 2
            assert await service.has_ended() == 0

    with ready_process(tmp_path) as service, within(6):
        asyncio.run(walk())


@pytest.mark.parametrize("drain", ["0", "60"])
def test_a_stream_that_does_not_end_by_itself_is_ended(drain: str, tmp_path: Path) -> None:
    async def walk() -> None:
        async with connected(service.port) as (channel, peer):
            stream: Any = channel.unary_stream(f"/{NAME}/Repeat")(b"for ever", metadata=peer.metadata())
            await anext(aiter(stream))
            service.terminate()
            with pytest.raises(grpc.aio.AioRpcError):
                async for _ in stream:
                    pass
            assert await service.has_ended() == 0

    with ready_process(tmp_path, "--drain", drain) as service, within(IN_TIME):
        asyncio.run(walk())


def test_a_drain_that_hangs_is_left_behind(tmp_path: Path) -> None:
    with ready_process(tmp_path, "--drain", "60") as service, within(IN_TIME):
        service.terminate()
        assert service.ended() == 0
    assert events(service) == ["draining", "drain called", "drain took too long", "stopped"]


def test_a_drain_that_ignores_being_cancelled_is_left_behind_too(tmp_path: Path) -> None:
    with ready_process(tmp_path, "--drain", "ignores-cancel") as service, within(IN_TIME):
        service.terminate()
        assert service.ended() == 0


def test_a_drain_that_fails_costs_no_call(tmp_path: Path) -> None:
    async def walk() -> None:
        async with connected(service.port) as (channel, peer):
            slow = asyncio.create_task(call(channel, peer, "Unary", "sleep 1"))
            await asyncio.sleep(0.5)
            service.terminate()
            assert await slow == "sleep 1"
            assert await service.has_ended() == 0

    with ready_process(tmp_path, "--drain", "fails") as service:
        asyncio.run(walk())
    failure = next(line for line in service.log() if line["event"] == "drain failed")
    assert failure["exception"].endswith("ConnectionError: the database is gone")


def test_watchers_of_its_health_are_told_before_anything_else_happens(tmp_path: Path) -> None:
    async def walk() -> list[int]:
        seen = []
        async with grpc.aio.insecure_channel(f"127.0.0.1:{service.port}") as channel:
            watch: Any = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=10)
            async for response in watch:
                seen.append(response.status)
                if len(seen) == 1:
                    service.terminate()
                else:
                    # The drain still runs, for two seconds.
                    assert "stopped" not in events(service)
                    break
        return seen

    with ready_process(tmp_path, "--drain", "2") as service:
        assert asyncio.run(walk()) == [
            health_pb2.HealthCheckResponse.SERVING,
            health_pb2.HealthCheckResponse.NOT_SERVING,
        ]
        assert service.ended() == 0


def test_a_client_that_watches_leaves_while_the_drain_runs(tmp_path: Path) -> None:
    """And does not keep the process up: its watch of the health is a stream too."""

    async def walk() -> None:
        async with connected(leaving.port, staying.port) as (channel, peer):
            await _until(lambda: _answers_by(channel, peer), lambda answers: len(answers) == 2)
            leaving.terminate()
            await asyncio.to_thread(leaving.wait_for_event, "drain called")
            await asyncio.sleep(0.3)
            assert await _answers_by(channel, peer) == {"staying": 20}
            assert await leaving.has_ended() == 0

    with ready_process(tmp_path, "--name", "leaving", "--drain", "2") as leaving:
        with ready_process(tmp_path, "--name", "staying") as staying:
            with within(6):
                asyncio.run(walk())


def test_a_restart_of_one_of_two_replicas_loses_no_call(tmp_path: Path) -> None:
    outcomes: Counter[str] = Counter()

    async def client(channel: grpc.aio.Channel, peer: Any, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                outcomes[await call(channel, peer, "Collect", "hello")] += 1
            except grpc.aio.AioRpcError as error:
                outcomes[f"{error.code().name}: {error.details()}"] += 1

    async def walk() -> None:
        stop = asyncio.Event()
        async with connected(leaving.port, staying.port) as (channel, peer):
            clients = [asyncio.create_task(client(channel, peer, stop)) for _ in range(100)]
            await asyncio.sleep(1)
            leaving.terminate()
            assert await leaving.has_ended() == 0
            await asyncio.sleep(0.5)
            stop.set()
            await asyncio.gather(*clients)

    with ready_process(tmp_path) as leaving, ready_process(tmp_path) as staying:
        asyncio.run(walk())
    assert outcomes["hello"] > 100
    assert len(outcomes) == 1, outcomes


async def _answers_by(channel: grpc.aio.Channel, peer: Any) -> Counter[str]:
    """Who answers twenty calls."""
    return Counter([await call(channel, peer, "Unary", "name") for _ in range(20)])


async def _until(look: Any, enough: Any, seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while True:
            with suppress(grpc.aio.AioRpcError):
                if enough(await look()):
                    return
            await asyncio.sleep(0.02)
