"""Processes that the benchmarks start: tied to this one, logged to files, ended as groups, whatever happens."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from local_stack.log_files import read_from
from local_stack.tether import tethered

READY_WITHIN = 60.0
ENDS_WITHIN = 12.0


class BenchmarkError(Exception):
    """One sentence that says what is in the way of a figure; shown without a traceback."""


class Child:
    """A running process with a name. Make it in the main thread: it ends with the thread that made it."""

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path, log_path: Path
    ) -> None:
        self.name = name
        self._log_path = log_path
        with log_path.open("ab") as log:
            self._process = subprocess.Popen(
                tethered(command, signal.SIGTERM),
                env=dict(environment),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C reaches the driver only, which then ends its children in order.
                start_new_session=True,
            )
        self.pid = self._process.pid

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Return when `ready` says so; raise BenchmarkError where the process ends first, or takes too long."""
        deadline = time.monotonic() + READY_WITHIN
        while not ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                tail = "".join(f"\n    {line}" for line in read_from(self._log_path, 0).splitlines()[-12:])
                raise BenchmarkError(f"{self.name} did not become ready; the last lines of its log:{tail}")
            time.sleep(0.05)

    def terminate(self) -> None:
        """Ask it to end."""
        if self._process.poll() is None:
            self._process.terminate()

    def end(self, seconds: float = ENDS_WITHIN) -> None:
        """Wait for its end, and kill it and everything that it started after `seconds`."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()


def end_all(children: Sequence[Child]) -> None:
    """End them in the reverse order of their start."""
    for child in reversed(children):
        child.terminate()
    deadline = time.monotonic() + ENDS_WITHIN
    for child in children:
        child.end(max(0.1, deadline - time.monotonic()))


def environment(**settings: str) -> dict[str, str]:
    """Nothing of the caller's own settings, so that every run measures the same."""
    kept = {name: value for name in ("PATH", "HOME", "LANG") if (value := os.environ.get(name))}
    return {**kept, **settings}
