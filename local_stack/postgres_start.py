"""Brings one Postgres process up on a cluster, whatever the last one left behind, or says why it cannot."""

import contextlib
import errno
import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from local_stack.errors import StackError, disk_full
from local_stack.log_files import open_log, read_from

# A large crash recovery takes this long at most before we would rather hear about it.
READY_WITHIN = 60.0
# A server whose launcher was killed shuts down by itself; it may have a checkpoint to write.
ORPHAN_ENDS_WITHIN = 10.0
# What the last server's remaining processes say for the second or so that they outlive its kill -9.
TRANSIENT = ("pre-existing shared memory block", 'lock file "postmaster.pid" already exists')


def start_postgres(command: Sequence[str], cluster: Path, port: int, log_path: Path) -> subprocess.Popen[bytes]:
    """Returns the server process once it takes connections."""
    _leave_no_stale_pid_file(cluster)
    deadline = time.monotonic() + READY_WITHIN
    while True:
        with open_log(log_path) as log:
            offset = log.tell()
            # In a session of its own: Ctrl-C is for the launcher, which stops the database last.
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True
            )
        if _becomes_ready(process, cluster, deadline):
            return process
        output = read_from(log_path, offset)
        if not any(reason in output for reason in TRANSIENT) or time.monotonic() > deadline:
            raise _explained(output, cluster, port, log_path)
        time.sleep(0.2)


def _becomes_ready(process: subprocess.Popen[bytes], cluster: Path, deadline: float) -> bool:
    """False when the process ended, or had to be ended, before it was ready.

    Readiness is read from the last line of postmaster.pid, as pg_ctl does: something else may answer at the port.
    """
    pid_file = cluster / "postmaster.pid"
    while process.poll() is None:
        with contextlib.suppress(FileNotFoundError):
            lines = pid_file.read_text().splitlines()
            if len(lines) >= 8 and lines[0] == str(process.pid) and lines[7].strip() == "ready":
                return True
        if time.monotonic() > deadline:
            process.kill()
            process.wait()
        time.sleep(0.02)
    return False


def _leave_no_stale_pid_file(cluster: Path) -> None:
    """Removes a postmaster.pid whose number now belongs to something else, which Postgres itself would believe.

    A server that still runs there is one whose launcher was killed: it is shutting down, so it gets a moment.
    """
    pid_file = cluster / "postmaster.pid"
    deadline = time.monotonic() + ORPHAN_ENDS_WITHIN
    while (pid := _first_number(pid_file)) and _works_in(pid, cluster):
        if time.monotonic() > deadline:
            raise StackError(f"Another Postgres (process {pid}) runs on {cluster}: stop it, or set SPUR_DATA_DIR.")
        time.sleep(0.1)
    if pid:
        pid_file.unlink(missing_ok=True)


def _first_number(pid_file: Path) -> int:
    try:
        return int(pid_file.read_text().split("\n", maxsplit=1)[0])
    except (FileNotFoundError, ValueError):
        return 0


def _works_in(pid: int, cluster: Path) -> bool:
    """A server's working directory is its cluster; where that cannot be seen, a living process counts as one."""
    try:
        return Path(f"/proc/{pid}/cwd").resolve(strict=True) == cluster.resolve()
    except (FileNotFoundError, ProcessLookupError):
        return not Path("/proc/self").exists() and _lives(pid)
    except PermissionError:
        return False  # another user's process, so not our server


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _explained(output: str, cluster: Path, port: int, log_path: Path) -> StackError:
    if os.strerror(errno.EADDRINUSE) in output:
        return StackError(f"Port {port} is taken: stop what listens there, or set POSTGRES_PORT to a free one.")
    if os.strerror(errno.ENOSPC) in output:
        return disk_full(cluster)
    reasons = [line.split("FATAL:")[1].strip() for line in output.splitlines() if "FATAL:" in line]
    return StackError(f"Postgres did not start ({reasons[-1] if reasons else 'no reason given'}): see {log_path}.")
