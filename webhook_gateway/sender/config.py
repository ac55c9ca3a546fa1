"""The sender's settings; the accounts at the platforms are those of the webhook gateway."""

import os
import socket

from pydantic import Field

from chassis.settings import ServiceSettings


class SenderSettings(ServiceSettings):
    """Read once, in `__main__`."""

    webhook_sender_metrics_port: int = Field(9182, ge=0, le=65535, description="The sender's /metrics; 0: none.")
    webhook_sender_concurrency: int = Field(16, ge=1, le=256, description="Replies of one channel sent at once.")
    public_base_url: str = Field(
        "",
        pattern=r"^(https?://[^\s/?#@]+/?)?$",
        description="Where platforms reach this gateway, as https://chat.example.com; some sign it.",
    )
    conversation_service_address: str = Field(
        "127.0.0.1:9051", min_length=1, description="host:port, dns:///name:port or ipv4:a:1,b:2."
    )

    def worker_name(self) -> str:
        """Tells this process apart for operators."""
        return f"{socket.gethostname()}:{os.getpid()}"
