"""How gunicorn runs the web gateway."""

import shutil
from pathlib import Path
from typing import Any

import structlog

from web_gateway.config import WebGatewaySettings
from web_gateway.worker import hold_signals

_logger = structlog.get_logger()


def options(settings: WebGatewaySettings, listener: int, metrics_dir: str) -> dict[str, Any]:
    """gunicorn's settings and hooks; `listener` is an open socket's descriptor."""

    def when_ready(_arbiter: Any) -> None:
        _logger.info("listening", host=settings.host, port=settings.web_gateway_port)

    def post_fork(arbiter: Any, _worker: Any) -> None:
        hold_signals(arbiter)

    def child_exit(_arbiter: Any, worker: Any) -> None:
        from prometheus_client import multiprocess  # noqa: PLC0415 - it reads the folder's name when imported

        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]

    def on_exit(_arbiter: Any) -> None:
        shutil.rmtree(metrics_dir, ignore_errors=True)
        _logger.info("stopped")

    return {
        "bind": f"fd://{listener}",
        "workers": settings.web_gateway_workers,
        "worker_class": "web_gateway.worker.Worker",
        "logger_class": "web_gateway.worker.Logger",
        "asgi_loop": "uvloop",
        "asgi_lifespan": "on",
        # Longer than the idle timeout of common balancers (60 s), so that it is they who close a connection: the
        # other way round they may send a request into a connection that is being closed.
        "keepalive": 75,
        # Streams are over within 2 s of a SIGTERM and waiting requests within 4 s; a container is killed after 10.
        "graceful_timeout": 7,
        "timeout": 30,
        # Its heartbeat must not wait for a disk.
        "worker_tmp_dir": "/dev/shm" if Path("/dev/shm").is_dir() else None,  # noqa: S108 - memory, not a fixed file
        # On by default, at one path for all gunicorns of a user.
        "control_socket_disable": True,
        "when_ready": when_ready,
        "post_fork": post_fork,
        "child_exit": child_exit,
        "on_exit": on_exit,
    }
