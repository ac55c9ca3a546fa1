"""One process of one service."""

import json
import os
import re
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import requests

from tests.fork_server import Forked, fork_server
from tests.local_stack.waiting import eventually

_FIGURE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'(\w+)="([^"]*)"')


class Member:
    """A service under its own settings. It may be started again and again; its log goes on."""

    def __init__(
        self, service: str, environment: Mapping[str, str], ready: Callable[[], bool], log: Path, module: str = ""
    ) -> None:
        """`module` is run in place of the service's own."""
        self.service = service
        self._module = module or service
        self.environment = dict(environment)
        self.port = int(environment[f"{service.upper()}_PORT"])
        self.log_path = log
        self._ready = ready
        self._metrics = f"http://127.0.0.1:{environment[f'{service.upper()}_METRICS_PORT']}/metrics"
        self._process: Forked | None = None

    def __repr__(self) -> str:
        return f"{self.service}:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self, wait: bool = True, **changes: str) -> None:
        """Start it, with settings changed from now on; returns once it is ready."""
        self.environment |= changes
        self._process = fork_server().start(self._module, self.environment, self.log_path)
        if wait:
            self.wait_ready()

    def wait_ready(self, seconds: float = 30) -> None:
        eventually(lambda: self._ready() or not self.running(), seconds)
        assert self.running(), self.log()

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def ended(self, seconds: float = 30) -> int:
        """Wait for its end; the exit code, negative where a signal ended it."""
        assert self._process is not None
        return self._process.wait(seconds)

    def signal(self, number: signal.Signals) -> None:
        """To it and its children, as when a machine is lost or stands still."""
        os.killpg(self.pid, number)

    def kill(self) -> None:
        if self.running():
            self.signal(signal.SIGKILL)
            self.ended()

    def terminate(self) -> float:
        """Ask it to end as an orchestrator does; the seconds that it took."""
        assert self._process is not None
        started = time.monotonic()
        self._process.terminate()
        assert self.ended() == 0, self.log()
        return time.monotonic() - started

    def restart(self) -> float:
        """Ask it to end and start it again; the seconds that it took to end."""
        seconds = self.terminate()
        self.start()
        return seconds

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def events(self, event: str) -> list[dict[str, Any]]:
        """Lines of the log."""
        lines = [json.loads(line) for line in self.log().splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("event") == event]

    def metric(self, name: str, **labels: str) -> float:
        """A figure as Prometheus sees it, summed over the labels that are not given; 0 where nothing was counted."""
        total = 0.0
        for line in requests.get(self._metrics, timeout=5).text.splitlines():
            found = _FIGURE.fullmatch(line)
            if found and found[1] == name and labels.items() <= dict(_LABEL.findall(found[2] or "")).items():
                total += float(found[3])
        return total
