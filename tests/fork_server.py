"""Starts processes from one that has loaded their libraries, which is most of what the start of a service takes."""

import atexit
import functools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


class ForkServer:
    """The process behind it, `tests.forking`, and with it all that it started, ends with ours."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.forking", str(theirs.fileno())],
                cwd=ROOT,
                env={"PATH": os.environ["PATH"]},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the tests, which end it
            )
        self._answers = self._socket.makefile("r")
        self._lock = threading.Lock()

    def start(self, module: str, environment: Mapping[str, str], log: Path) -> "Forked":
        """`python -m module` in a session of its own; what it writes is appended to `log`."""
        return Forked(self, int(self.ask(module=module, environment=dict(environment), log=str(log))))

    def ask(self, **request: Any) -> Any:
        """One request, one answer."""
        with self._lock:
            self._socket.sendall(json.dumps(request).encode() + b"\n")
            answer = self._answers.readline()
        assert answer, "the fork server is gone: see above what it said"
        return json.loads(answer)

    def close(self) -> None:
        """End it and all that it started."""
        self._answers.close()
        self._socket.close()
        self._process.wait(10)


class Forked:
    """A process, with as much of `subprocess.Popen` as is asked for. Its number is its own until it is seen dead."""

    def __init__(self, server: ForkServer, pid: int) -> None:
        self.pid = pid
        self._server = server
        self._descriptor = os.pidfd_open(pid)  # can be read from once it has ended
        self._exit_code: int | None = None
        self._lock = threading.Lock()

    def __del__(self) -> None:
        os.close(self._descriptor)

    def poll(self) -> int | None:
        return self._look(0)

    def wait(self, seconds: float) -> int:
        exit_code = self._look(seconds)
        if exit_code is None:
            how = Path(f"/proc/{self.pid}/status").read_text(errors="replace").partition("State:")[2].split("\n")[0]
            raise subprocess.TimeoutExpired(f"process {self.pid}, which is {how.strip()}", seconds)
        return exit_code

    def _look(self, seconds: float) -> int | None:
        end = select.poll()
        end.register(self._descriptor, select.POLLIN)
        if self._exit_code is None and end.poll(seconds * 1000):
            with self._lock:
                if self._exit_code is None:
                    self._exit_code = int(self._server.ask(collect=self.pid))
        return self._exit_code

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


@functools.cache
def fork_server() -> ForkServer:
    """One for all tests of this process."""
    server = ForkServer()
    atexit.register(server.close)
    return server
