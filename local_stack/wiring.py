"""Says who listens where and what everybody is told: the ports, the children's environment, and stack.env."""

from collections.abc import Mapping
from dataclasses import dataclass

from local_stack.config import StackSettings
from local_stack.platforms import wire_platforms
from local_stack.ports import choose_port
from local_stack.process_table import SERVICES
from migrations.addresses import Addresses

# What a metrics port is above its service's, where nobody chose it.
METRICS_OFFSET = 100
URLS = ("web_gateway", "webhook_gateway", "simulator")
ADDRESSES = ("conversation_service", "llm_service")


@dataclass(frozen=True)
class Secrets:
    """Given by the user, or made once for this data folder."""

    service_token: str
    session_secret: str
    # From which those of the simulated platforms are made.
    platforms_secret: str


@dataclass(frozen=True)
class Wiring:
    """Everything that the stack decides for its services."""

    database_url: str
    # The address for the owner of the tables, which no service gets.
    migrations_database_url: str
    service_token: str
    session_secret: str
    urls: Mapping[str, str]
    addresses: Mapping[str, str]
    ports: Mapping[str, str]
    # What gateway and simulator are told about the platforms: accounts that are played, and those of the user.
    platforms: Mapping[str, str]

    def for_services(self) -> dict[str, str]:
        """To be laid over the launcher's own environment."""
        secrets = {"SERVICE_TOKEN": self.service_token, "SESSION_SECRET": self.session_secret}
        return {"DATABASE_URL": self.database_url, **self.addresses, **self.ports, **self.platforms, **secrets}

    def for_tools(self) -> dict[str, str]:
        """What stack.env holds."""
        metrics = {name: port for name, port in self.ports.items() if name.endswith("_METRICS_PORT")}
        played = {name: value for name, value in self.platforms.items() if not name.startswith("SIMULATOR_")}
        return {
            "DATABASE_URL": self.database_url,
            "MIGRATIONS_DATABASE_URL": self.migrations_database_url,
            **self.urls,
            **self.addresses,
            "SERVICE_TOKEN": self.service_token,
            **played,
            **metrics,
        }


def settled(settings: StackSettings) -> StackSettings:
    """With a port for the sender, which listens nowhere but for its metrics and is asked there whether it is ready."""
    if settings.webhook_sender_metrics_port is not None:
        return settings
    wish = settings.webhook_gateway_port + METRICS_OFFSET + 1  # beside the gateway's own
    reserved = {*listening_ports(settings).values(), settings.webhook_gateway_port + METRICS_OFFSET}
    return settings.model_copy(update={"webhook_sender_metrics_port": choose_port(settings.host, wish, reserved)})


def listening_ports(settings: StackSettings) -> dict[str, int]:
    """What the stack is going to listen on because somebody said so, by the name of the setting."""
    ports = {} if settings.database_url else {"POSTGRES_PORT": settings.postgres_port}
    for row in SERVICES:
        if getattr(settings, row.port_name) is not None:  # the sender's may have to be chosen yet
            ports[row.port_name.upper()] = row.port(settings)
        if row.metrics and (chosen := getattr(settings, f"{row.name}_metrics_port")):
            ports[f"{row.name.upper()}_METRICS_PORT"] = chosen
    return ports


def wire(
    settings: StackSettings,
    database: Addresses,
    secrets: Secrets,
    environment: Mapping[str, str],
) -> Wiring:
    """`settings` are settled, `environment` is what the user has said."""
    host = settings.local_host()
    urls = {f"{name.upper()}_URL": f"http://{host}:{settings.port(name)}" for name in URLS}
    return Wiring(
        database.service or database.owner,
        database.owner,
        secrets.service_token,
        secrets.session_secret,
        urls=urls,
        addresses={f"{name.upper()}_ADDRESS": f"{host}:{settings.port(name)}" for name in ADDRESSES},
        ports={name: str(port) for name, port in {**_all_ports(settings), **_metrics_ports(settings)}.items()},
        platforms=wire_platforms(
            environment, secrets.platforms_secret, urls["SIMULATOR_URL"], urls["WEBHOOK_GATEWAY_URL"]
        ),
    )


def _all_ports(settings: StackSettings) -> dict[str, int]:
    ports = {f"{name.upper()}_PORT": settings.port(name) for name in (*URLS, *ADDRESSES)}
    return ports | {row.port_name.upper(): row.port(settings) for row in SERVICES}


def _metrics_ports(settings: StackSettings) -> dict[str, int]:
    reserved = {*_all_ports(settings).values(), *listening_ports(settings).values()}
    chosen = {}
    for row in SERVICES:
        if not row.metrics:
            continue
        port: int | None = getattr(settings, f"{row.name}_metrics_port")
        if port is None:
            port = choose_port(settings.host, settings.port(row.name) + METRICS_OFFSET, reserved)
            reserved.add(port)
        chosen[f"{row.name.upper()}_METRICS_PORT"] = port
    return chosen
