"""What a gateway is beneath gunicorn: its open socket, its room for open files, and the hooks of its workers' life."""

import os
import resource
import shutil
import signal
import socket
from pathlib import Path
from typing import Any

import structlog

from chassis.settings import stop

_logger = structlog.get_logger()

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
_OPEN_FILES = 65_536  # a worker holds thousands of connections; the usual soft limit is 1,024
_BACKLOG = 2048


def listen(host: str, port: int, setting: str) -> socket.socket:
    """An open port; where there is none to be had, ends the process and names the `setting`."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except OSError as error:
        stop(f"{host}:{port} cannot be opened ({error.strerror}): choose another {setting} or HOST, or free it.")


def raise_file_limit() -> None:
    """As far as it is allowed; workers inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def let_signals_through() -> None:
    """In a worker, once it can hear the word to stop; until then it is held."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)


def options(listener: int, host: str, port: int, metrics_dir: str) -> dict[str, Any]:
    """gunicorn's settings and hooks; `listener` is an open socket's descriptor."""

    def when_ready(_arbiter: Any) -> None:
        _logger.info("listening", host=host, port=port)

    def on_exit(_arbiter: Any) -> None:
        shutil.rmtree(metrics_dir, ignore_errors=True)
        _logger.info("stopped")

    return {
        "bind": f"fd://{listener}",
        # Longer than the idle timeout of common balancers (60 s), so that it is they who close a connection: the
        # other way round they may send a request into a connection that is being closed.
        "keepalive": 75,
        # Either gateway has answered before; a container is killed after 10.
        "graceful_timeout": 7,
        "timeout": 30,
        # Its heartbeat must not wait for a disk.
        "worker_tmp_dir": "/dev/shm" if Path("/dev/shm").is_dir() else None,  # noqa: S108 - memory, not a fixed file
        # On by default, at one path for all gunicorns of a user.
        "control_socket_disable": True,
        "when_ready": when_ready,
        "post_fork": _hold_signals,
        "child_exit": _forget_figures,
        "on_exit": on_exit,
    }


def _hold_signals(arbiter: Any, _worker: Any) -> None:
    """Right after the fork: keep the word to stop until the worker can hear it; it would be lost, and work taken on."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
    while not arbiter.SIG_QUEUE.empty():  # came since the fork, while the arbiter's own handlers were in place
        if (number := arbiter.SIG_QUEUE.get_nowait()) in _STOP_SIGNALS:
            os.kill(os.getpid(), number)


def _forget_figures(_arbiter: Any, worker: Any) -> None:
    from prometheus_client import multiprocess  # noqa: PLC0415 - it reads the folder's name when imported

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
