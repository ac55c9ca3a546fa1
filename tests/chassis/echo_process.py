"""`python -m tests.chassis.echo_process PORT …`: the echo service, composed as the real ones are."""

import argparse
import asyncio
import warnings

import structlog
import uvloop

from chassis import logs, traces
from chassis.credentials import Credentials
from chassis.server import Server, serve_metrics
from chassis.settings import ServiceSettings, load
from tests.chassis.echo import NAME, Echo, peer_of

_logger = structlog.get_logger()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--next", type=int, help="where `forward …` goes")
    parser.add_argument("--drain", default="0", help="seconds that it takes; `fails` and `ignores-cancel` misbehave")
    parser.add_argument("--metrics-port", type=int, default=0)
    parser.add_argument("--reflect", action="store_true")
    parser.add_argument("--name", default="echo")
    return parser.parse_args()


async def _drain(how: str) -> None:
    _logger.info("drain called")
    if how == "fails":
        raise ConnectionError("the database is gone")
    if how == "ignores-cancel":
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(2)
    else:
        await asyncio.sleep(float(how))


async def _serve(settings: ServiceSettings, arguments: argparse.Namespace) -> None:
    server = Server(settings, arguments.port, Credentials(settings))
    echo = Echo(peer_of(arguments.next) if arguments.next else None, arguments.name)
    server.grpc.add_generic_rpc_handlers((echo.handler(),))
    await server.start([NAME], arguments.reflect)
    await server.ready(True)
    await server.run_until_stopped(lambda: _drain(arguments.drain))


def main() -> None:
    arguments = _arguments()
    settings = load(ServiceSettings)
    logs.configure(arguments.name, settings.log_level)
    traces.configure(arguments.name, settings.otel_exporter_otlp_endpoint)
    serve_metrics(settings, arguments.metrics_port)
    warnings.simplefilter("error")
    uvloop.run(_serve(settings, arguments))


if __name__ == "__main__":
    main()
