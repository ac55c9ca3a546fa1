"""Prometheus metrics, served on a port of their own so that they never share an edge with customers."""

import os
import socket
import socketserver
import threading
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import structlog
from prometheus_client import REGISTRY, CollectorRegistry, make_wsgi_app, multiprocess

_logger = structlog.get_logger()


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def __init__(self, host: str, port: int) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _SilentHandler)

    def server_bind(self) -> None:
        # HTTPServer's own asks DNS for the host's name, which may take seconds where it does not answer.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]
        self.setup_environ()

    def handle_error(self, request: Any, client_address: Any) -> None:
        _logger.warning("a metrics request was cut off", exc_info=True)  # noqa: LOG014 - called within an except


class _SharedServer(_Server):
    # Every worker process answers on the same port with the figures of all of them, so that no worker is special.
    allow_reuse_port = True


class _SilentHandler(WSGIRequestHandler):
    timeout = 10.0  # seconds: whoever says nothing for so long, or takes nothing, holds no thread any more

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        pass


def serve(host: str, port: int) -> None:
    """Answer GET /metrics in a daemon thread; port 0 turns it off. Knows prometheus_client's multiprocess mode."""
    if port == 0:
        return
    shared = bool(os.environ.get("PROMETHEUS_MULTIPROC_DIR"))
    registry = REGISTRY
    if shared:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    server = (_SharedServer if shared else _Server)(host, port)
    server.set_app(make_wsgi_app(registry))
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
