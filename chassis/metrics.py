"""Prometheus metrics, served on a port of their own so that they never share an edge with customers."""

import os
import socketserver
import threading
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import REGISTRY, CollectorRegistry, make_wsgi_app, multiprocess


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _SharedServer(_Server):
    # Every worker process answers on the same port with the figures of all of them, so that no worker is special.
    allow_reuse_port = True


class _SilentHandler(WSGIRequestHandler):
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
    server = (_SharedServer if shared else _Server)((host, port), _SilentHandler)
    server.set_app(make_wsgi_app(registry))
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
