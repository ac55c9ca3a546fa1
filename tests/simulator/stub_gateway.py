"""A gateway that keeps what it is told, and answers as a test wants."""

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl


@dataclass(frozen=True)
class Webhook:
    """One request that came, as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def channel(self) -> str:
        return self.path.partition("?")[0].rpartition("/")[2]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


class StubGateway:
    """`statuses` are the answers to the next webhooks; then comes 200. Status 0 closes the connection."""

    def __init__(self) -> None:
        self.url = ""
        self.webhooks: list[Webhook] = []
        self.statuses: deque[int] = deque()
        self.handshake: Callable[[str], tuple[int, str]] = lambda _: (404, "")
        # Called with each webhook, before it is answered.
        self.on_webhook: Callable[[Webhook], None] = lambda _: None
        self._came = threading.Condition()

    def take(self, webhook: Webhook) -> int:
        with self._came:
            self.webhooks.append(webhook)
            self._came.notify_all()
            status = self.statuses.popleft() if self.statuses else 200
        if webhook.method == "POST":
            self.on_webhook(webhook)
        return status

    def wait_for(self, count: int, seconds: float = 10) -> list[Webhook]:
        """The webhooks, once there are so many."""
        with self._came:
            came = self._came.wait_for(lambda: len(self.webhooks) >= count, seconds)
        assert came, f"{len(self.webhooks)} of {count} webhooks came"
        return list(self.webhooks)

    def forget(self) -> None:
        self.webhooks.clear()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 30
    server: "_Server"

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.server.gateway.take(Webhook("GET", self.path, dict(self.headers), b""))
        self._answer(*self.server.gateway.handshake(self.path))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status = self.server.gateway.take(Webhook("POST", self.path, dict(self.headers), body))
        if not status:
            self.close_connection = True
            return
        self._answer(status, "")

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, gateway: StubGateway) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.gateway = gateway

    def handle_error(self, *_: Any) -> None:
        """The simulator closes connections when a test ends."""


@contextmanager
def running_stub() -> Iterator[StubGateway]:
    gateway = StubGateway()
    with _Server(gateway) as server:
        gateway.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield gateway
        server.shutdown()
        thread.join()


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)
