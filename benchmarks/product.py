"""Spur's side: its three services as `make up` runs them, rate limits off, the model being the stub."""

import secrets
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.processes import BenchmarkError, Child, environment
from chassis.credentials import Credentials
from chassis.settings import ServiceSettings, load
from local_stack.ports import choose_port
from local_stack.process_table import visible_to
from local_stack.readiness import grpc_ready, http_ready

ROOT = Path(__file__).parents[1]
HOST = "127.0.0.1"
_GRPC = ("llm_service", "conversation_service")
_SERVICES = (*_GRPC, "web_gateway")
_SENDER = "webhook_gateway.sender"


def migrate(database_url: str) -> None:
    """Give an empty database the tables of all migrations."""
    done = subprocess.run(
        [sys.executable, "-m", "migrations", "up"],
        env=environment(DATABASE_URL=database_url),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchmarkError(f"the migrations failed: {done.stderr.strip()[-300:]}")


class Product:
    """The running services. Settings that are not named here have their defaults."""

    def __init__(self, database_url: str, model_port: int, folder: Path, **settings: str) -> None:
        self._folder = folder
        self.children: list[Child] = []
        self.token, self.session_secret = secrets.token_hex(24), secrets.token_hex(24)
        self._ports: dict[str, int] = {}
        for name in (*(served := (*_SERVICES, "webhook_gateway")), *(f"{name}_metrics" for name in served)):
            self._ports[name] = choose_port(HOST, 18_080, self._ports.values())
        self._environment = environment(
            **{f"{name.upper()}_PORT": str(port) for name, port in self._ports.items()},
            **{f"{name.upper()}_ADDRESS": self._address(name) for name in _GRPC},
            # Not this host's name, which need not lead anywhere.
            CONVERSATION_SERVICE_ADVERTISE=self._address("conversation_service"),
            DATABASE_URL=database_url,
            WEBHOOK_SENDER_METRICS_PORT="0",
            SERVICE_TOKEN=self.token,
            SESSION_SECRET=self.session_secret,
            OPENAI_API_KEY="none",
            OPENAI_BASE_URL=f"http://{HOST}:{model_port}/v1",
            # One customer after the other from one address is what rate limits are there to stop.
            SESSION_MESSAGES_PER_MINUTE="0",
            ADDRESS_MESSAGES_PER_MINUTE="0",
            **settings,
        )

    def start(self, names: Sequence[str] = _SERVICES) -> None:
        """Returns when all of them are ready."""
        credentials = Credentials(load(ServiceSettings, service_token=self.token))
        for name in names:
            child = Child(
                name,
                [sys.executable, "-m", name],
                visible_to(name, self._environment),
                ROOT,
                self._folder / f"{name}.log",
            )
            self.children.append(child)
            if name in _GRPC:
                child.wait_until(grpc_ready(self._address(name), credentials))
            elif name != _SENDER:  # which listens nowhere
                child.wait_until(http_ready(HOST, self._ports[name]))

    @property
    def port(self) -> int:
        """Where browsers connect."""
        return self._ports["web_gateway"]

    @property
    def webhook_port(self) -> int:
        """Where messaging platforms connect."""
        return self._ports["webhook_gateway"]

    @property
    def receive_port(self) -> int:
        """Where gateways connect."""
        return self._ports["conversation_service"]

    def _address(self, name: str) -> str:
        return f"{HOST}:{self._ports[name]}"
