"""A gRPC server: its port, its health, what it shows of itself, and how it tells of a defect."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from chassis.credentials import Credentials
from chassis.server import Server
from tests.chassis.echo import NAME, Echo, call, connected, running, settings
from tests.chassis.processes import process, ready_process
from tests.ports import free_port

_Status = health_pb2.HealthCheckResponse


async def health(port: int) -> int:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        return int((await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)).status)


def made(port: int, **values: Any) -> Server:
    configured = settings(**values)
    return Server(configured, port, Credentials(configured))


def test_a_server_is_not_serving_until_it_is_said_to_be_ready() -> None:
    async def walk() -> None:
        port = free_port()
        server = made(port)
        await server.start([NAME])
        assert await health(port) == _Status.NOT_SERVING
        await server.ready(True)
        assert await health(port) == _Status.SERVING
        await server.ready(False)
        assert await health(port) == _Status.NOT_SERVING
        await server.grpc.stop(0)

    asyncio.run(walk())


def test_a_client_calls_only_once_the_server_is_ready() -> None:
    async def walk() -> None:
        port = free_port()
        server = made(port)
        server.grpc.add_generic_rpc_handlers((Echo().handler(),))
        await server.start([NAME])
        async with connected(port) as (channel, peer):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await call(channel, peer, "Unary", "hello")
            assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
            await server.ready(True)
            async with asyncio.timeout(2):
                await channel.channel_ready()
            assert await call(channel, peer, "Unary", "hello") == "hello"
        await server.grpc.stop(0)

    asyncio.run(walk())


@pytest.mark.parametrize("reflect", [False, True])
def test_the_methods_are_listed_only_where_that_is_set(reflect: bool) -> None:
    async def walk() -> list[str]:
        port = free_port()
        server = made(port)
        await server.start([NAME], reflect)
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            request = reflection_pb2.ServerReflectionRequest(list_services="")
            stub = reflection_pb2_grpc.ServerReflectionStub(channel)
            stream: Any = stub.ServerReflectionInfo(iter([request]), timeout=5)
            try:
                (response,) = [response async for response in stream]
                return [service.name for service in response.list_services_response.service]
            except grpc.aio.AioRpcError as error:
                return [error.code().name]
            finally:
                await server.grpc.stop(0)

    listed = asyncio.run(walk())
    assert (NAME in listed, "UNIMPLEMENTED" in listed) == (reflect, not reflect)


def test_a_taken_port_ends_the_process_with_one_clear_line(tmp_path: Path) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)), process(tmp_path, port=port) as service:
        assert service.ended() == 2
    ours = [line for line in service.lines() if not _is_of_grpc(line)]
    assert ours == [
        f"127.0.0.1:{port} is taken, or no address of this machine: stop what listens there, "
        "or choose another port or HOST."
    ]


def test_a_second_server_does_not_share_the_port_of_the_first(tmp_path: Path) -> None:
    with ready_process(tmp_path) as first, process(tmp_path, port=first.port) as second:
        assert second.ended() == 2
        assert first.popen.poll() is None


def test_a_taken_metrics_port_ends_the_process_too(tmp_path: Path) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)), process(tmp_path, "--metrics-port", str(port)) as service:
        assert service.ended() == 2
    assert service.lines()[0].startswith(f"The metrics port 127.0.0.1:{port} cannot be opened")


def test_a_missing_token_ends_the_process_with_one_line(tmp_path: Path) -> None:
    with process(tmp_path, SERVICE_TOKEN="") as service:
        assert service.ended() == 2
    assert service.lines() == ["SERVICE_TOKEN: is not set (see .env.example)"]


def test_a_server_listens_on_ipv6() -> None:
    async def walk() -> None:
        port = free_port()
        server = made(port, host="::1")
        await server.start([NAME])
        await server.ready(True)
        async with grpc.aio.insecure_channel(f"[::1]:{port}") as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            assert (await stub.Check(health_pb2.HealthCheckRequest(), timeout=5)).status == _Status.SERVING
        await server.grpc.stop(0)

    if not _has_ipv6():
        pytest.skip("this machine has no IPv6")
    asyncio.run(walk())


def test_a_defect_is_logged_with_the_request_id_and_told_without_what_is_inside(tmp_path: Path) -> None:
    shapes = ["Unary", "Repeat", "Collect", "Talk", "Write"]

    async def walk() -> None:
        async with connected(service.port) as (channel, peer):
            for shape in shapes:
                caller = WithRequestId(peer.metadata(), f"req-{shape}")
                with pytest.raises(grpc.aio.AioRpcError) as failed:
                    await call(channel, caller, shape, "raise hunter2")  # type: ignore[arg-type]
                assert failed.value.code() is grpc.StatusCode.INTERNAL
                assert failed.value.details() == "a defect of this service; see its log"
        service.terminate()
        assert await service.has_ended() == 0

    with ready_process(tmp_path) as service:
        asyncio.run(walk())
    defects = [line for line in service.log() if line["event"] == "rpc handler failed"]
    assert [(line["method"], line["request_id"]) for line in defects] == [
        (f"/{NAME}/{shape}", f"req-{shape}") for shape in shapes
    ]
    assert all(line["exception"].endswith("RuntimeError: an inner matter: hunter2") for line in defects)
    # Once by us, and not once more by grpc.aio in its own form.
    assert sum("hunter2" in line for line in service.lines()) == len(shapes)


def test_a_message_above_a_mebibyte_is_refused() -> None:
    async def walk() -> None:
        async with running(Echo()) as port, connected(port) as (channel, peer):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await call(channel, peer, "Unary", "x" * (1 << 20) + "x")
            assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED

    asyncio.run(walk())


class WithRequestId:
    """A caller's metadata under a request id that the test knows."""

    def __init__(self, metadata: tuple[tuple[str, str], ...], request_id: str) -> None:
        self._metadata = [(key, request_id if key == "x-request-id" else value) for key, value in metadata]

    def metadata(self) -> Any:
        return self._metadata


def _is_of_grpc(line: str) -> bool:
    """gRPC's C core writes why it cannot bind, in glog's form."""
    return line[:1] in "EWI" and line[1:5].isdigit()


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False
