"""`python -m conversation_service`: starts the conversation service."""

import os

import uvloop

from chassis import faultpoints, logs, traces
from chassis.server import serve_metrics
from chassis.settings import load
from conversation_service.app import App
from conversation_service.config import ConversationSettings

_NAME = "conversation_service"


async def serve(settings: ConversationSettings) -> None:
    """Run until SIGTERM."""
    app = App(settings)
    await app.start()
    await app.server.run_until_stopped(app.drain)
    await app.stop()


def main() -> None:
    """Read the settings and serve."""
    faultpoints.configure(os.environ)
    settings = load(ConversationSettings)
    logs.configure(_NAME, settings.log_level)
    traces.configure(_NAME, settings.otel_exporter_otlp_endpoint)
    serve_metrics(settings, settings.conversation_service_metrics_port)
    uvloop.run(serve(settings))


if __name__ == "__main__":
    main()
