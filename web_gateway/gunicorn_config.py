"""How gunicorn runs the web gateway."""

from typing import Any

from chassis import workers
from web_gateway.config import WebGatewaySettings


def options(settings: WebGatewaySettings, listener: int, metrics_dir: str) -> dict[str, Any]:
    """gunicorn's settings and hooks; `listener` is an open socket's descriptor."""
    return {
        **workers.options(listener, settings.host, settings.web_gateway_port, metrics_dir),
        "workers": settings.web_gateway_workers,
        "worker_class": "web_gateway.worker.Worker",
        "logger_class": "web_gateway.worker.Logger",
        "asgi_loop": "uvloop",
        "asgi_lifespan": "on",
    }
