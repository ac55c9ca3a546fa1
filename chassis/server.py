"""A gRPC server process: health, reflection, limits, and a drain on SIGTERM that loses no call."""

import asyncio
import signal
from collections.abc import Awaitable, Callable

import grpc
import grpc.aio
import structlog
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health_aio
from grpc_reflection.v1alpha import reflection

from chassis import memory, metrics, traces
from chassis.credentials import Credentials
from chassis.interceptor import Interceptor
from chassis.settings import ServiceSettings, stop

_logger = structlog.get_logger()

_OPTIONS = (
    ("grpc.so_reuseport", 0),  # otherwise a second server shares the port without a word
    ("grpc.max_receive_message_length", 1 << 20),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.ping_timeout_ms", 5_000),  # as in chassis/channel.py
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.http2.max_ping_strikes", 0),
)

# A container gets 10 s between SIGTERM and SIGKILL; the rest is for the process to end.
DRAIN_SECONDS = 4.0
GRACE_SECONDS = 4.0
# Looks in a row, not a time: each lets a busy event loop begin the calls that wait for it.
_QUIET_LOOKS, _LOOK_SECONDS = 6, 0.05


class Server:
    """One gRPC server with its health; `ready` follows the service's own dependencies."""

    def __init__(self, settings: ServiceSettings, port: int, credentials: Credentials) -> None:
        self._address = f"[{settings.host}]:{port}" if ":" in settings.host else f"{settings.host}:{port}"
        self._credentials = credentials
        self._health = health_aio.HealthServicer()
        self._interceptor = Interceptor(credentials)
        self.grpc = grpc.aio.server(interceptors=[self._interceptor], options=_OPTIONS)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self.grpc)

    async def start(self, service_names: list[str], reflect: bool = False) -> None:
        """Listen. The services are not yet ready: say so with `ready(True)`."""
        if reflect:
            reflection.enable_server_reflection(
                [*service_names, reflection.SERVICE_NAME, "grpc.health.v1.Health"], self.grpc
            )
        await self.ready(False)
        try:
            if credentials := self._credentials.for_server():
                self.grpc.add_secure_port(self._address, credentials)
            else:
                self.grpc.add_insecure_port(self._address)
        except RuntimeError:
            stop(
                f"{self._address} is taken, or no address of this machine: stop what listens there, "
                "or choose another port or HOST."
            )
        await self.grpc.start()

    async def ready(self, ready: bool) -> None:
        """Tell balancers and probes whether to send calls here."""
        status = health_pb2.HealthCheckResponse
        await self._health.set("", status.SERVING if ready else status.NOT_SERVING)

    async def run_until_stopped(self, drain: Callable[[], Awaitable[None]]) -> None:
        """On SIGTERM or SIGINT take no new calls, let `drain` hand work back, and end the calls in flight."""
        loop, stopped = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopped.set)
        memory.settle()
        await stopped.wait()
        _logger.info("draining")
        await self._health.enter_graceful_shutdown()
        await self._hand_over(drain())
        await self.grpc.stop(GRACE_SECONDS)
        traces.flush()
        _logger.info("stopped")

    async def _hand_over(self, drain: Awaitable[None]) -> None:
        """Whatever becomes of the drain, the calls in flight are still ended in order."""
        draining, leaving = asyncio.ensure_future(drain), asyncio.ensure_future(self._clients_left())
        await asyncio.wait([draining, leaving], timeout=DRAIN_SECONDS)
        leaving.cancel()
        if not draining.done():
            draining.cancel()
            _logger.warning("drain took too long", seconds=DRAIN_SECONDS)
        elif error := draining.exception():
            _logger.error("drain failed", exc_info=error)

    async def _clients_left(self) -> None:
        """Until no call arrives any more: one that has arrived and was not yet begun would be cancelled by `stop`."""
        quiet_looks = 0
        while quiet_looks < _QUIET_LOOKS:
            before = self._interceptor.calls
            await asyncio.sleep(_LOOK_SECONDS)
            quiet_looks = quiet_looks + 1 if self._interceptor.calls == before else 0


def serve_metrics(settings: ServiceSettings, port: int) -> None:
    """Answer /metrics, or end the process with a clear line where the port is taken."""
    try:
        metrics.serve(settings.host, port)
    except OSError as error:
        stop(
            f"The metrics port {settings.host}:{port} cannot be opened ({error.strerror}): "
            "choose another …_METRICS_PORT, or 0 for none."
        )
