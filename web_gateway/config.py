"""The web gateway's settings."""

import ipaddress
from typing import Annotated, TypeAlias

from pydantic import BeforeValidator, Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from chassis.settings import ServiceSettings

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

# Words of the examples that people copy; a secret that holds one of them is known to everybody.
_EXAMPLES = ("change", "example", "secret", "password", "your-", "replace", "placeholder", "insecure", "12345678")


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class WebGatewaySettings(ServiceSettings):
    """Read once, in `__main__`."""

    web_gateway_port: int = Field(8080, ge=1, le=65535, description="Where browsers and balancers connect.")
    web_gateway_metrics_port: int = Field(9180, ge=0, le=65535, description="Prometheus metrics; 0 for none.")
    web_gateway_workers: int = Field(2, ge=1, le=64, description="Worker processes; about one for each core.")
    web_gateway_max_streams: int = Field(
        2000, ge=1, description="Open event streams and waiting requests of a worker; above it 503 with Retry-After."
    )
    web_gateway_heartbeat_seconds: float = Field(
        15, gt=0, le=300, description="Between two comments on a quiet event stream; below the proxies' idle timeout."
    )
    web_gateway_reply_seconds: float = Field(
        25, gt=0, le=110, description="How long a posted message waits for its reply before 202."
    )
    web_gateway_read_seconds: float = Field(
        10, gt=0, le=60, description="How long a client may take to send the headers, and again the body."
    )
    web_account: str = Field("default", min_length=1, max_length=255, description="The account that browsers reach.")

    conversation_service_address: str = Field(
        "127.0.0.1:9051", min_length=1, description="host:port, dns:///name:port or ipv4:a:1,b:2."
    )

    session_secret: SecretStr = Field(
        min_length=32, description="Signs the browsers' sessions. Make one: openssl rand -hex 32."
    )
    session_secret_previous: SecretStr | None = Field(
        None, min_length=32, description="The secret before the last change: its sessions stay valid."
    )
    session_days: int = Field(30, ge=1, le=3650, description="Days until a session expires.")

    session_messages_per_minute: int = Field(30, ge=0, description="Messages of a session; 0 for no limit.")
    session_messages_burst: int = Field(30, ge=1, description="Messages of a session that may come at once.")
    address_messages_per_minute: int = Field(
        600, ge=0, description="Messages of an address, IPv6 by /64; 0 for no limit."
    )
    address_messages_burst: int = Field(600, ge=1, description="Messages of an address that may come at once.")
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_split)] = Field(
        (), description="Networks (CIDR, comma-separated) whose X-Forwarded-For is believed."
    )

    @field_validator("session_secret", "session_secret_previous")
    @classmethod
    def _is_a_secret(cls, value: SecretStr | None) -> SecretStr | None:
        shown = value.get_secret_value().lower() if value else ""
        if value and (len(set(shown)) < 8 or any(word in shown for word in _EXAMPLES)):
            raise ValueError("looks like an example; make one: openssl rand -hex 32")
        return value
