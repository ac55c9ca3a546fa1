"""The settings of the local stack; the services read their own."""

from pathlib import Path

from pydantic import Field, SecretStr

from chassis.settings import Settings


class StackSettings(Settings):
    """Read once, by `__main__`."""

    spur_data_dir: Path = Field(Path(".spur"), description="Where `make up` keeps the database, secrets and logs.")
    host: str = Field("127.0.0.1", description="The address to listen on; 0.0.0.0 in a container.")
    database_url: SecretStr | None = Field(
        None, description="postgresql://user:password@host:port/name; with `make up`, empty starts an embedded server."
    )
    postgres_port: int = Field(5433, ge=1, le=65535, description="The embedded Postgres that `make up` starts.")
    web_gateway_port: int = Field(8080, ge=1, le=65535, description="HTTP port of the web gateway.")
    webhook_gateway_port: int = Field(8081, ge=1, le=65535, description="HTTP port of the webhook gateway.")
    conversation_service_port: int = Field(9051, ge=1, le=65535, description="gRPC port of the conversation service.")
    llm_service_port: int = Field(9052, ge=1, le=65535, description="gRPC port of the LLM service.")
    simulator_port: int = Field(8090, ge=1, le=65535, description="HTTP port of the simulator.")
    web_gateway_metrics_port: int | None = Field(None, ge=0, le=65535, description="Its /metrics; 0: none.")
    conversation_service_metrics_port: int | None = Field(None, ge=0, le=65535, description="Its /metrics; 0: none.")
    llm_service_metrics_port: int | None = Field(None, ge=0, le=65535, description="Its /metrics; 0: none.")
    service_token: SecretStr | None = Field(
        None, min_length=16, description="Shared by all services; `make up` makes one where it is empty."
    )
    session_secret: SecretStr | None = Field(
        None, min_length=32, description="Signs browser sessions; `make up` makes one where it is empty."
    )

    def port(self, service: str) -> int:
        """The port of the service called `service`."""
        return int(getattr(self, f"{service}_port"))

    def local_host(self) -> str:
        """Where we reach what listens on HOST, as it is written in an address."""
        reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - compared, not bound
        return f"[{reached}]" if ":" in reached else reached
