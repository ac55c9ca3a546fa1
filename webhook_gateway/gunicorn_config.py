"""How gunicorn runs the webhook gateway."""

from typing import Any

from chassis import workers
from webhook_gateway.config import WebhookGatewaySettings

_CONNECTIONS = 1000  # of one worker, most of them idle between two webhooks


def options(settings: WebhookGatewaySettings, listener: int, metrics_dir: str) -> dict[str, Any]:
    """gunicorn's settings and hooks; `listener` is an open socket's descriptor."""
    return {
        **workers.options(listener, settings.host, settings.webhook_gateway_port, metrics_dir),
        "workers": settings.webhook_gateway_workers,
        "threads": settings.webhook_gateway_threads,
        "worker_class": "webhook_gateway.worker.Worker",
        "worker_connections": _CONNECTIONS + settings.webhook_gateway_threads,
        "logger_class": "webhook_gateway.worker.Logger",
        "worker_exit": _flush_traces,
    }


def _flush_traces(_arbiter: Any, _worker: Any) -> None:
    from chassis import traces  # noqa: PLC0415 - belongs to the worker

    traces.flush()
