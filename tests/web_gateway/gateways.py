"""Real gateways in processes of their own, and what their clients, logs and metrics say."""

import json
import os
import signal
import socket
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.fork_server import fork_server
from tests.ports import free_port
from tests.web_gateway.stand_in import TOKEN

ROOT = Path(__file__).parents[2]
SECRET = "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c"


def environment(address: str, **settings: object) -> dict[str, str]:
    """The settings of a gateway before the conversation service at `address`."""
    base = {
        "PATH": os.environ["PATH"],
        "SERVICE_TOKEN": TOKEN,
        "SESSION_SECRET": SECRET,
        "CONVERSATION_SERVICE_ADDRESS": address,
        "WEB_GATEWAY_PORT": str(free_port()),
        "WEB_GATEWAY_METRICS_PORT": str(free_port()),
        "SESSION_MESSAGES_PER_MINUTE": "0",
        "ADDRESS_MESSAGES_PER_MINUTE": "0",
    }
    return base | {name.upper(): str(value) for name, value in settings.items()}


class Gateway:
    """A running gateway."""

    def __init__(self, env: dict[str, str]) -> None:
        self.port = int(env["WEB_GATEWAY_PORT"])
        self.url = f"http://127.0.0.1:{self.port}"
        self.metrics_url = f"http://127.0.0.1:{env['WEB_GATEWAY_METRICS_PORT']}/metrics"
        self._log = tempfile.NamedTemporaryFile()  # noqa: SIM115 - closed in `close`
        self._folder = tempfile.TemporaryDirectory()  # a gateway that is killed leaves its metrics behind
        self.process = fork_server().start("web_gateway", env | {"TMPDIR": self._folder.name}, Path(self._log.name))

    def answers(self) -> bool:
        """Whether somebody answers at its port."""
        try:
            return requests.get(f"{self.url}/healthz", timeout=1).ok
        except requests.RequestException:
            return False

    def log(self) -> str:
        return Path(self._log.name).read_text()

    def log_of(self, request_id: str) -> list[dict[str, Any]]:
        """The lines about one request."""
        lines = [json.loads(line) for line in self.log().splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("request_id") == request_id]

    def metric(self, name: str) -> float:
        """A figure as Prometheus sees it; 0 where nothing was counted yet."""
        for line in requests.get(self.metrics_url, timeout=5).text.splitlines():
            if line.startswith(f"{name} "):
                return float(line.split()[-1])
        return 0.0

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        self._log.close()
        self._folder.cleanup()

    def session(self) -> str:
        """A new session's token."""
        token: str = self.post("/chat/session").json()["sessionId"]
        return token

    def post(self, path: str, **named: Any) -> requests.Response:
        return requests.post(f"{self.url}{path}", **({"timeout": 30} | named))

    def get(self, path: str, token: str | None = None, **named: Any) -> requests.Response:
        return requests.get(f"{self.url}{path}", **({"timeout": 30, "headers": bearer(token)} | named))

    def say(self, text: str, token: str | None = None, **named: Any) -> requests.Response:
        """Post a message as JSON."""
        key = named.pop("key", None) or str(uuid.uuid4())
        headers = bearer(token) | named.pop("headers", {})
        return self.post("/chat/message", json={"message": text, "clientMessageId": key}, headers=headers, **named)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def raw(self, *parts: bytes) -> bytes:
        """Send bytes as they are and read until the server closes."""
        with self.connect() as connection:
            for part in parts:
                connection.sendall(part)
            return read_to_end(connection)


@contextmanager
def running(address: str, **settings: object) -> Iterator[Gateway]:
    gateway = _started(environment(address, **settings))
    if "cannot be opened" in gateway.log():  # somebody else took a port that was free
        gateway.close()
        gateway = _started(environment(address, **settings))
    try:
        yield gateway
    finally:
        gateway.close()


def _started(env: dict[str, str]) -> Gateway:
    gateway = Gateway(env)
    try:
        wait_until(lambda: gateway.answers() or gateway.process.poll() == 2, 30)
    except BaseException:
        gateway.close()
        raise
    return gateway


def bearer(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def conversation_of(token: str) -> str:
    """The conversation that a session's token names."""
    return str(uuid.UUID(token.split(".")[1]))


def read_to_end(connection: socket.socket) -> bytes:
    received = b""
    try:
        while part := connection.recv(65536):
            received += part
    except ConnectionResetError:
        pass
    return received


def wait_until(happened: Callable[[], bool], seconds: float = 5) -> None:
    """Return as soon as it has."""
    limit = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < limit, f"not within {seconds} s"
        time.sleep(0.02)
