"""Starts launchers for tests, each with ports and a folder of its own, and leaves none behind."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

from local_stack.process_table import SERVICES
from tests.local_stack.waiting import eventually
from tests.ports import free_port
from tests.processes import is_alive

ROOT = Path(__file__).parents[2]
PORTS = ("POSTGRES_PORT", *(row.port_name.upper() for row in SERVICES))
OURS = re.compile(r"_PORT$|_ADDRESS$|_URL$|_FILE$|^SPUR_|^SERVICE_TOKEN$|^SESSION_SECRET$|^OPENAI_|^HOST$")


class Launcher:
    """One launcher in `folder`, where its `.env` is read; the data folder is `folder/data` unless told otherwise."""

    def __init__(self, folder: Path, command: list[str], **environment: str) -> None:
        self.data = folder / "data"
        self.stack_env = self.data / "stack.env"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not OURS.search(name)},
            **{name: str(free_port()) for name in PORTS},
            "SPUR_DATA_DIR": str(self.data),
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            **environment,
        }
        self._folder = folder
        self._command = command
        self._process: subprocess.Popen[str] | None = None
        self._output = folder / "output"

    def start(self) -> "Launcher":
        """Returns once everything is ready."""
        self.spawn()
        # Not by stack.env: a launcher that was killed has left its own.
        eventually(lambda: "Spur is ready" in self.output or not self.running(), 60)
        assert self.running(), self.output
        return self

    def spawn(self) -> None:
        with self._output.open("w") as output:
            self._process = subprocess.Popen(
                self._command,
                env=self.environment,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                text=True,
                process_group=0,
            )

    def fail(self) -> str:
        """Everything it said until it gave up."""
        self.spawn()
        assert self.wait() == 1
        return self.output

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def wait(self, seconds: float = 30) -> int:
        assert self._process is not None
        return self._process.wait(seconds)

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def press_ctrl_c(self) -> None:
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGINT)

    @property
    def output(self) -> str:
        return self._output.read_text()

    def published(self) -> Mapping[str, str | None]:
        return dotenv_values(self.stack_env)

    def family(self) -> list[int]:
        """The launcher, and every process that has its data folder in the environment or as working directory."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and is_alive(int(entry.name)) and self._owns(entry):
                found.append(int(entry.name))
        return found

    def _owns(self, process: Path) -> bool:
        try:
            mark = f"SPUR_DATA_DIR={self.data}\0".encode()
            return mark in (process / "environ").read_bytes() or self.data in (process / "cwd").resolve().parents
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            return False

    def end(self) -> None:
        """For the fixture: whatever happened, nothing stays."""
        if self.running():
            self.signal(signal.SIGKILL)
            self.wait()
        eventually(lambda: not self.family(), 30)


def stand_in_launcher(folder: Path, **environment: str) -> Launcher:
    return Launcher(folder, [sys.executable, "-m", "tests.local_stack.stand_in_stack"], **environment)
