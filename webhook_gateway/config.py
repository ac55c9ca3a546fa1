"""The webhook gateway's settings; the accounts at the platforms are in accounts.py."""

from pydantic import Field

from chassis.settings import ServiceSettings, Settings


class PublicSettings(Settings):
    """What the command `check` needs; read once, in `__main__`."""

    public_base_url: str = Field(
        "",
        pattern=r"^(https?://[^\s/?#@]+/?)?$",
        description="Where platforms reach this gateway, as https://chat.example.com; some sign it.",
    )


class WebhookGatewaySettings(PublicSettings, ServiceSettings):
    """Read once, in `__main__`."""

    webhook_gateway_port: int = Field(8081, ge=1, le=65535, description="Where platforms, or their proxy, connect.")
    webhook_gateway_metrics_port: int = Field(9181, ge=0, le=65535, description="Prometheus metrics; 0 for none.")
    webhook_gateway_workers: int = Field(2, ge=1, le=64, description="Worker processes; about one for each core.")
    webhook_gateway_threads: int = Field(16, ge=1, le=256, description="Webhooks that one worker takes at once.")
    conversation_service_address: str = Field(
        "127.0.0.1:9051", min_length=1, description="host:port, dns:///name:port or ipv4:a:1,b:2."
    )
