"""`python -m webhook_gateway`: opens the port and runs the workers under gunicorn."""

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from chassis import faultpoints, logs, memory, workers
from chassis.settings import load
from webhook_gateway import commands
from webhook_gateway.accounts import configured
from webhook_gateway.channels import CHANNELS
from webhook_gateway.config import PublicSettings, WebhookGatewaySettings
from webhook_gateway.gunicorn_config import options

if TYPE_CHECKING:
    from webhook_gateway.channels.channel import Channel


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    def __init__(
        self, settings: WebhookGatewaySettings, channels: Mapping[str, "Channel"], listener: int, metrics_dir: str
    ) -> None:
        self._settings = settings
        self._channels = channels
        self._options = options(settings, listener, metrics_dir)
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        from webhook_gateway.app import create_app  # noqa: PLC0415 - loads gRPC, which belongs behind the fork

        return create_app(self._settings, self._channels)


def _share() -> None:
    """Load before the fork what all workers need and what, unlike gRPC, does not mind one: they share its memory."""
    import webhook_gateway.webhooks  # noqa: F401, PLC0415 - not before the folder for metrics has its name

    memory.settle()


def run_command(arguments: argparse.Namespace) -> int:
    """Its end is one line, whatever the reason."""
    from webhook_gateway import checking, parked  # noqa: PLC0415 - gRPC belongs behind the fork

    logs.configure("webhook_gateway", "critical")
    try:
        if arguments.kind == "check":
            found = configured({arguments.channel: CHANNELS[arguments.channel]}, load(PublicSettings).public_base_url)
            return checking.check(arguments, CHANNELS, found, print)
        settings = load(WebhookGatewaySettings)
        return parked.Parked(settings, settings.conversation_service_address, print).run(arguments)
    except commands.CommandError as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def main() -> None:
    faultpoints.configure()
    memory.bound_heaps()
    arguments = commands.parse(CHANNELS)
    if arguments.kind:
        sys.exit(run_command(arguments))
    settings = load(WebhookGatewaySettings)
    channels = configured(CHANNELS, settings.public_base_url)
    logs.configure("webhook_gateway", settings.log_level)
    if settings.webhook_gateway_metrics_port:
        # Every worker opens it, and one that cannot would be started again and again: better to know it now.
        workers.listen(settings.host, settings.webhook_gateway_metrics_port, "WEBHOOK_GATEWAY_METRICS_PORT").close()
    listener = workers.listen(settings.host, settings.webhook_gateway_port, "WEBHOOK_GATEWAY_PORT")
    workers.raise_file_limit()
    # prometheus_client asks for this when it is imported, which is why nothing above imports it.
    metrics_dir = os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="spur-webhook-metrics-")
    _share()
    _Server(settings, channels, listener.detach(), metrics_dir).run()


if __name__ == "__main__":
    main()
