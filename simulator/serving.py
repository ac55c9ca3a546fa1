"""The HTTP server: a thread a request, and connections that are closed without an answer when that is wanted."""

import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from simulator.accounts import Account
from simulator.app import Simulator

_BACKLOG = 512


class _Handler(WSGIRequestHandler):
    """Without a line in the log for each request: they hold tokens."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        """Also where we are the one who drops it."""
        self.close_connection = True


def server(simulator: Simulator, listener: socket.socket) -> BaseWSGIServer:
    """Serves on a listening socket, which it closes in the end."""
    host, port = listener.getsockname()[:2]
    app = simulator.flask.wsgi_app

    def application(environ: Any, start_response: Any) -> Any:
        answer = app(environ, start_response)
        if environ.get("simulator.close"):
            raise ConnectionAbortedError
        return answer

    made = make_server(host, port, application, threaded=True, request_handler=_Handler, fd=listener.detach())
    made.daemon_threads = True  # type: ignore[attr-defined]
    return made


def listen(host: str, port: int) -> socket.socket:
    """Raises OSError where the port is taken."""
    family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    return socket.create_server(address[:2], family=family, backlog=_BACKLOG)


@contextmanager
def running(accounts: Iterable[Account], gateway_url: str, public_url: str = "", port: int = 0) -> Iterator[Simulator]:
    """A simulator that is served while the context is open; for tests and load drivers."""
    listener = listen("127.0.0.1", port)
    simulator = Simulator(accounts, gateway_url, f"http://127.0.0.1:{listener.getsockname()[1]}", public_url)
    serving = server(simulator, listener)
    thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield simulator
    finally:
        simulator.close()
        serving.shutdown()
        thread.join()
        serving.server_close()
