"""The echo service as a process of its own, for what only a process shows: signals, exit codes, lines of the log."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chassis import health
from tests.chassis.echo import TOKEN
from tests.ports import free_port

ROOT = Path(__file__).parents[2]


@dataclass
class Process:
    """A running service."""

    popen: "subprocess.Popen[bytes]"
    port: int
    output: Path

    def terminate(self) -> None:
        self.popen.send_signal(signal.SIGTERM)

    def ended(self, seconds: float = 15) -> int:
        """The exit code."""
        return self.popen.wait(seconds)

    async def has_ended(self, seconds: float = 15) -> int:
        return await asyncio.to_thread(self.ended, seconds)

    def lines(self) -> list[str]:
        """What it wrote, to standard output and standard error."""
        return self.output.read_text().splitlines()

    def log(self) -> list[dict[str, Any]]:
        """The lines that are events of the log."""
        return [json.loads(line) for line in self.lines() if line.startswith("{")]

    def wait_for_event(self, event: str, seconds: float = 10) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while True:
            for line in self.log():
                if line["event"] == event:
                    return line
            assert time.monotonic() < deadline, f"no {event!r} in {self.lines()}"
            time.sleep(0.02)


@contextmanager
def process(folder: Path, *arguments: str, port: int | None = None, **environment: str) -> Iterator[Process]:
    """Starts `tests.chassis.echo_process`; killed at the end of the block where it still runs."""
    port = port or free_port()
    output = folder / f"{port}.log"
    with output.open("ab") as file:
        popen = subprocess.Popen(
            [sys.executable, "-m", "tests.chassis.echo_process", str(port), *arguments],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "SERVICE_TOKEN": TOKEN, **environment},
            stdout=file,
            stderr=file,
        )
    try:
        yield Process(popen, port, output)
    finally:
        popen.kill()
        popen.wait()


@contextmanager
def ready_process(folder: Path, *arguments: str, port: int | None = None, **environment: str) -> Iterator[Process]:
    """The same, once it is ready."""
    with process(folder, *arguments, port=port, **environment) as started:
        deadline = time.monotonic() + 20
        while not health.check(f"127.0.0.1:{started.port}", seconds=0.5):
            assert started.popen.poll() is None, started.lines()
            assert time.monotonic() < deadline, started.lines()
            time.sleep(0.05)
        yield started
