"""One service as a child process: started tethered to the launcher, its output in a log file, ended as a group."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local_stack.log_files import open_log, read_from
from local_stack.tether import tethered


@dataclass(frozen=True)
class Service:
    """What to start, and how to tell that it is ready."""

    name: str
    # What the line of progress says.
    label: str
    command: Sequence[str]
    # Answers within two seconds.
    ready: Callable[[], bool]


class ServiceProcess:
    """The running side of a service. `spawn` may be called again after the process has ended."""

    def __init__(self, service: Service, environment: Mapping[str, str], log_path: Path, folder: Path) -> None:
        self.service = service
        self.log_path = log_path
        self.began = 0.0
        self._environment = environment
        self._folder = folder
        self._log_offset = 0
        self._process: subprocess.Popen[bytes] | None = None

    def spawn(self) -> None:
        """Starts the process; it must not be running."""
        with open_log(self.log_path) as log:
            self._log_offset = log.tell()
            self.began = time.monotonic()
            self._process = subprocess.Popen(
                tethered(self.service.command, signal.SIGTERM),
                env=self._environment,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C reaches the launcher only, which then stops its children in order.
                start_new_session=True,
            )

    def running(self) -> bool:
        process = self._process
        if process is None or process.returncode is not None:
            return False
        if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return True
        # The group bears the number of its first process: end what is left of it before that number is free again.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return False

    def exit_code(self) -> int | None:
        """Of a process that is not running any more; negative for the signal that ended it."""
        return self._process.returncode if self._process else None

    def terminate(self) -> None:
        if self._process and self.running():
            self._process.terminate()

    def kill(self) -> None:
        """Ends the process and everything it started."""
        if self._process and self.running():
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def last_lines(self, count: int = 12) -> list[str]:
        """The end of what this process, not an earlier one, has logged."""
        return read_from(self.log_path, self._log_offset).splitlines()[-count:]
