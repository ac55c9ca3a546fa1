"""How gunicorn runs the webhook gateway."""

import shutil
from pathlib import Path
from typing import Any

import structlog

from webhook_gateway.config import WebhookGatewaySettings
from webhook_gateway.worker import hold_signals

_logger = structlog.get_logger()

_CONNECTIONS = 1000  # of one worker, most of them idle between two webhooks


def options(settings: WebhookGatewaySettings, listener: int, metrics_dir: str) -> dict[str, Any]:
    """gunicorn's settings and hooks; `listener` is an open socket's descriptor."""

    def when_ready(_arbiter: Any) -> None:
        _logger.info("listening", host=settings.host, port=settings.webhook_gateway_port)

    def post_fork(arbiter: Any, _worker: Any) -> None:
        hold_signals(arbiter)

    def worker_exit(_arbiter: Any, _worker: Any) -> None:
        from chassis import traces  # noqa: PLC0415 - belongs to the worker

        traces.flush()

    def child_exit(_arbiter: Any, worker: Any) -> None:
        from prometheus_client import multiprocess  # noqa: PLC0415 - it reads the folder's name when imported

        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]

    def on_exit(_arbiter: Any) -> None:
        shutil.rmtree(metrics_dir, ignore_errors=True)
        _logger.info("stopped")

    return {
        "bind": f"fd://{listener}",
        "workers": settings.webhook_gateway_workers,
        "threads": settings.webhook_gateway_threads,
        "worker_class": "webhook_gateway.worker.Worker",
        "worker_connections": _CONNECTIONS + settings.webhook_gateway_threads,
        "logger_class": "webhook_gateway.worker.Logger",
        # Platforms and proxies keep connections; longer than a proxy's idle timeout (60 s), so that it is the proxy
        # who closes one: the other way round it may send a webhook into a connection that is being closed.
        "keepalive": 75,
        # A webhook is answered within 3 s; a container is killed after 10.
        "graceful_timeout": 7,
        "timeout": 30,
        # Its heartbeat must not wait for a disk.
        "worker_tmp_dir": "/dev/shm" if Path("/dev/shm").is_dir() else None,  # noqa: S108 - memory, not a fixed file
        # On by default, at one path for all gunicorns of a user.
        "control_socket_disable": True,
        "when_ready": when_ready,
        "post_fork": post_fork,
        "worker_exit": worker_exit,
        "child_exit": child_exit,
        "on_exit": on_exit,
    }
