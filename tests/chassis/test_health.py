"""`python -m chassis.health`, which containers ask whether their service is ready."""

import asyncio
import subprocess
import sys

import pytest

from chassis.credentials import Credentials
from chassis.server import Server
from tests.chassis.echo import NAME, TOKEN, Echo, running, settings
from tests.chassis.processes import ROOT
from tests.ports import free_port


def asked(port: int, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "chassis.health", f"127.0.0.1:{port}"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("ready", [True, False])
def test_the_exit_code_says_whether_the_service_is_ready(ready: bool) -> None:
    async def walk() -> int:
        configured, port = settings(), free_port()
        server = Server(configured, port, Credentials(configured))
        await server.start([NAME])
        await server.ready(ready)
        try:
            return (await asyncio.to_thread(asked, port, SERVICE_TOKEN=TOKEN)).returncode
        finally:
            await server.grpc.stop(0)

    assert asyncio.run(walk()) == (0 if ready else 1)


def test_a_proxy_for_the_way_out_is_not_asked() -> None:
    async def walk() -> int:
        async with running(Echo()) as port:
            proxied = {"SERVICE_TOKEN": TOKEN, "http_proxy": f"http://127.0.0.1:{free_port()}"}
            return (await asyncio.to_thread(asked, port, **proxied)).returncode

    assert asyncio.run(walk()) == 0


def test_nothing_there_is_not_ready_and_is_told_in_time() -> None:
    assert asked(free_port(), SERVICE_TOKEN=TOKEN).returncode == 1


def test_a_wrong_setting_is_named() -> None:
    said = asked(free_port())
    assert (said.returncode, said.stderr) == (2, "SERVICE_TOKEN: is not set (see .env.example)\n")
