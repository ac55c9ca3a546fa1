"""`python -m web_gateway`: opens the port and runs the workers under gunicorn."""

import os
import tempfile
from typing import Any

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from chassis import faultpoints, logs, memory, workers
from chassis.settings import load
from web_gateway.config import WebGatewaySettings
from web_gateway.gunicorn_config import options


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    def __init__(self, settings: WebGatewaySettings, listener: int, metrics_dir: str) -> None:
        self.settings = settings
        self._options = options(settings, listener, metrics_dir)
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        from web_gateway.app import create_app  # noqa: PLC0415 - not before the folder for metrics has its name

        return create_app(self.settings)


def _share() -> None:
    """Load before the fork what all workers need: they share its memory. gRPC begins with its first channel only."""
    import web_gateway.app  # noqa: F401, PLC0415 - not before the folder for metrics has its name

    memory.settle()


def main() -> None:
    faultpoints.configure()
    memory.bound_heaps()
    settings = load(WebGatewaySettings)
    logs.configure("web_gateway", settings.log_level)
    if settings.web_gateway_metrics_port:
        # Every worker opens it, and one that cannot would be started again and again: better to know it now.
        workers.listen(settings.host, settings.web_gateway_metrics_port, "WEB_GATEWAY_METRICS_PORT").close()
    listener = workers.listen(settings.host, settings.web_gateway_port, "WEB_GATEWAY_PORT")
    workers.raise_file_limit()
    # prometheus_client asks for this when it is imported, which is why nothing above imports it.
    metrics_dir = os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="spur-web-metrics-")
    _share()
    _Server(settings, listener.detach(), metrics_dir).run()


if __name__ == "__main__":
    main()
