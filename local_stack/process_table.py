"""The services of the stack, in the order in which they need one another. A new one is one more line in `SERVICES`."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from chassis.credentials import Credentials
from local_stack.config import StackSettings
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
    # What it alone may know, each possibly as a file (NAME_FILE).
    secrets: tuple[str, ...] = ()
    # Its /metrics, on <NAME>_METRICS_PORT.
    metrics: bool = True


SERVICES = (
    Row("llm_service", _grpc, secrets=("OPENAI_API_KEY",)),
    Row("conversation_service", _grpc, secrets=("DATABASE_URL",)),
    Row("web_gateway", _http, secrets=("SESSION_SECRET", "SESSION_SECRET_PREVIOUS")),
)


# Who holds them may do everything with the database, or make itself a way in. No service does.
OPERATORS_SECRETS = {"MIGRATIONS_DATABASE_URL", "DATABASE_PASSWORD", "POSTGRES_PASSWORD"}


def visible_to(service: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without the secrets of others, as it is when each service runs in a container of its own."""
    foreign = OPERATORS_SECRETS | {secret for row in SERVICES if row.name != service for secret in row.secrets}
    return {name: value for name, value in environment.items() if name.removesuffix("_FILE") not in foreign}


def services(settings: StackSettings, credentials: Credentials) -> list[Service]:
    """What to run under these settings."""
    return [
        Service(
            name=row.name,
            label=f"{row.name} on port {settings.port(row.name)}",
            command=(sys.executable, "-m", row.name),
            ready=row.probe(settings, settings.port(row.name), credentials),
        )
        for row in SERVICES
    ]
