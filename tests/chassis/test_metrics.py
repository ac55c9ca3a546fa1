"""Metrics on a port of their own."""

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client import Counter

from chassis import metrics
from chassis.server import serve_metrics
from tests.chassis.echo import settings
from tests.chassis.processes import ROOT
from tests.ports import free_port

_samples = Counter("chassis_samples_total", "For the tests of metrics.")

# A worker of a gateway: it counts once, opens the common port, says so, and stays until its standard input ends.
_WORKER = """
import os, sys
from prometheus_client import Counter
from chassis import metrics
Counter("shared_samples_total", "Test.").inc()
metrics.serve("127.0.0.1", int(sys.argv[1]))
print("serving", flush=True)
sys.stdin.read()
"""


def scraped(port: int, host: str = "127.0.0.1") -> str:
    with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=5) as response:
        return response.read().decode()


@contextmanager
def worker(port: int, folder: Path) -> Iterator[None]:
    with subprocess.Popen(
        [sys.executable, "-c", _WORKER, str(port)],
        cwd=ROOT,
        env={"PYTHONPATH": ".", "PROMETHEUS_MULTIPROC_DIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"serving\n"
        yield


@contextmanager
def taken(port: int) -> Iterator[None]:
    with socket.create_server(("127.0.0.1", port)):
        yield


def test_figures_are_served_on_their_own_port() -> None:
    port = free_port()
    metrics.serve("127.0.0.1", port)
    _samples.inc()
    assert "chassis_samples_total 1.0" in scraped(port)


def test_figures_are_served_over_ipv6() -> None:
    port = free_port()
    try:
        metrics.serve("::1", port)
    except OSError as error:
        pytest.skip(f"this machine has no IPv6: {error}")
    assert "python_info" in scraped(port, "[::1]")


def test_port_0_turns_them_off() -> None:
    before = threading.enumerate()
    metrics.serve("127.0.0.1", 0)
    assert threading.enumerate() == before


def test_worker_processes_share_a_port_and_each_answers_with_the_figures_of_all(tmp_path: Path) -> None:
    port = free_port()
    with worker(port, tmp_path), worker(port, tmp_path):
        # The kernel spreads connections over both.
        assert all("shared_samples_total 2.0" in scraped(port) for _ in range(20))


def test_the_port_stays_open_while_one_worker_is_left(tmp_path: Path) -> None:
    port = free_port()
    with worker(port, tmp_path):
        with worker(port, tmp_path):
            pass
        assert "shared_samples_total 2.0" in scraped(port)


def test_a_taken_port_ends_the_process_with_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    with taken(port), pytest.raises(SystemExit) as ended:
        serve_metrics(settings(), port)
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        f"The metrics port 127.0.0.1:{port} cannot be opened (Address already in use): "
        "choose another …_METRICS_PORT, or 0 for none.\n"
    )


def test_a_scraper_that_hangs_up_costs_nothing() -> None:
    port = free_port()
    metrics.serve("127.0.0.1", port)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names are enough
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET /metrics HTTP/1.1\r\n")
    deadline = time.monotonic() + 5
    while len(os.listdir("/proc/self/fd")) > before:  # noqa: PTH208
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert "python_info" in scraped(port)


def test_a_scraper_that_says_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics._SilentHandler, "timeout", metrics._SilentHandler.timeout / 50)
    port = free_port()
    metrics.serve("127.0.0.1", port)
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(b"GET /metr")
        assert client.recv(1) == b""
