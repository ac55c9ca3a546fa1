"""The services of the stack, in the order in which they need one another. A new one is one more line in `SERVICES`."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from chassis.credentials import Credentials
from local_stack.config import StackSettings
from local_stack.platforms import CHANNELS
from local_stack.readiness import grpc_ready, http_ready
from local_stack.service_process import Service

Probe: TypeAlias = Callable[[], bool]


def _grpc(settings: StackSettings, port: int, credentials: Credentials) -> Probe:
    return grpc_ready(f"{settings.local_host()}:{port}", credentials)


def _http(settings: StackSettings, port: int, _credentials: Credentials) -> Probe:
    return http_ready(settings.local_host(), port)


@dataclass(frozen=True)
class Row:
    """One service: `python -m <name>` on the port of <NAME>_PORT, ready when its probe says so."""

    name: str
    probe: Callable[[StackSettings, int, Credentials], Probe]
    # What only it, and others that name it too, may know, each possibly as a file (NAME_FILE); with a _ at its end
    # everything that begins so.
    secrets: tuple[str, ...] = ()
    # Its /metrics, on <NAME>_METRICS_PORT.
    metrics: bool = True
    # What is run, where that is not its name.
    module: str = ""
    # The setting that holds its port, where that is not <NAME>_PORT.
    port_setting: str = ""

    @property
    def port_name(self) -> str:
        """Of its port in the settings."""
        return self.port_setting or f"{self.name}_port"

    def port(self, settings: StackSettings) -> int:
        return int(getattr(settings, self.port_name))


# The accounts at messaging platforms.
_PLATFORMS = tuple(f"{channel.upper()}_" for channel in CHANNELS)

SERVICES = (
    Row("llm_service", _grpc, secrets=("OPENAI_API_KEY",)),
    Row("conversation_service", _grpc, secrets=("DATABASE_URL",)),
    Row("web_gateway", _http, secrets=("SESSION_SECRET", "SESSION_SECRET_PREVIOUS")),
    Row("webhook_gateway", _http, secrets=_PLATFORMS),
    Row(
        "webhook_sender",
        _http,
        secrets=_PLATFORMS,
        metrics=False,
        module="webhook_gateway.sender",
        port_setting="webhook_sender_metrics_port",  # it listens nowhere else
    ),
    Row("simulator", _http, secrets=("SIMULATOR_",), metrics=False),
)


# Who holds them may do everything with the database, or make itself a way in. No service does.
OPERATORS_SECRETS = {"MIGRATIONS_DATABASE_URL", "DATABASE_PASSWORD", "POSTGRES_PASSWORD"}


def visible_to(service: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without the secrets of others, as it is when each service runs in a container of its own."""
    own = {secret for row in SERVICES if row.name == service for secret in row.secrets}
    foreign = (OPERATORS_SECRETS | {secret for row in SERVICES for secret in row.secrets}) - own
    families = tuple(secret for secret in foreign if secret.endswith("_"))
    return {
        name: value
        for name, value in environment.items()
        if name.removesuffix("_FILE") not in foreign and not name.startswith(families)
    }


def services(settings: StackSettings, credentials: Credentials) -> list[Service]:
    """What to run under these settings."""
    return [
        Service(
            name=row.name,
            label=f"{row.name} on port {row.port(settings)}",
            command=(sys.executable, "-m", row.module or row.name),
            ready=row.probe(settings, row.port(settings), credentials),
        )
        for row in SERVICES
    ]
