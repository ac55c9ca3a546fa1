"""The settings of the local stack; the services read their own."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator

from chassis.settings import Settings
from migrations.addresses import Addresses


class StackSettings(Settings):
    """Read once, by `__main__`."""

    spur_data_dir: Path = Field(Path(".spur"), description="Where `make up` keeps the database, secrets and logs.")
    host: str = Field("127.0.0.1", description="The address to listen on; 0.0.0.0 in a container.")
    database_url: SecretStr | None = Field(
        None, description="postgresql://user:password@host:port/name; with `make up`, empty starts an embedded server."
    )
    migrations_database_url: SecretStr | None = Field(
        None, description="The same for the role that owns the tables; empty: DATABASE_URL's role owns them."
    )
    postgres_port: int = Field(5433, ge=1, le=65535, description="The embedded Postgres that `make up` starts.")
    web_gateway_port: int = Field(8080, ge=1, le=65535, description="HTTP port of the web gateway.")
    webhook_gateway_port: int = Field(8081, ge=1, le=65535, description="HTTP port of the webhook gateway.")
    conversation_service_port: int = Field(9051, ge=1, le=65535, description="gRPC port of the conversation service.")
    llm_service_port: int = Field(9052, ge=1, le=65535, description="gRPC port of the LLM service.")
    simulator_port: int = Field(8090, ge=1, le=65535, description="HTTP port of the simulator.")
    web_gateway_metrics_port: int | None = Field(None, ge=0, le=65535, description="Its /metrics; 0: none.")
    webhook_gateway_metrics_port: int | None = Field(None, ge=0, le=65535, description="Its /metrics; 0: none.")
    webhook_sender_metrics_port: int | None = Field(None, ge=1, le=65535, description="The sender's /metrics.")
    conversation_service_metrics_port: int | None = Field(None, ge=0, le=65535, description="Its /metrics; 0: none.")
    llm_service_metrics_port: int | None = Field(None, ge=0, le=65535, description="Its /metrics; 0: none.")
    service_token: SecretStr | None = Field(
        None, min_length=16, description="Shared by all services; `make up` makes one where it is empty."
    )
    session_secret: SecretStr | None = Field(
        None, min_length=32, description="Signs browser sessions; `make up` makes one where it is empty."
    )

    @model_validator(mode="after")
    def _knows_whom_the_owner_serves(self) -> Self:
        if self.migrations_database_url and not self.database_url:
            raise ValueError("MIGRATIONS_DATABASE_URL: set DATABASE_URL too, which the service is to use")
        return self

    def port(self, service: str) -> int:
        """The port of the service called `service`."""
        return int(getattr(self, f"{service}_port"))

    def given_database(self) -> Addresses | None:
        """DATABASE_URL and MIGRATIONS_DATABASE_URL; None where `make up` is to run a Postgres of its own."""
        if not self.database_url:
            return None
        service = self.database_url.get_secret_value()
        if not self.migrations_database_url:
            return Addresses(service)
        return Addresses(self.migrations_database_url.get_secret_value(), service, setting="MIGRATIONS_DATABASE_URL")

    def local_host(self) -> str:
        """Where we reach what listens on HOST, as it is written in an address."""
        reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - compared, not bound
        return f"[{reached}]" if ":" in reached else reached
