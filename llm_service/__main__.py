"""`python -m llm_service`: starts the LLM service."""

import uvloop

from chassis import faultpoints, logs, memory, traces
from chassis.server import serve_metrics
from chassis.settings import load
from llm_service.app import App
from llm_service.config import LlmSettings

_NAME = "llm_service"


async def serve(settings: LlmSettings) -> None:
    """Run until SIGTERM."""
    app = App(settings)
    await app.start()
    await app.server.run_until_stopped(app.drain)
    await app.stop()


def main() -> None:
    """Read the settings and serve."""
    faultpoints.configure()
    memory.bound_heaps()
    settings = load(LlmSettings)
    logs.configure(_NAME, settings.log_level)
    traces.configure(_NAME, settings.otel_exporter_otlp_endpoint)
    serve_metrics(settings, settings.llm_service_metrics_port)
    uvloop.run(serve(settings))


if __name__ == "__main__":
    main()
