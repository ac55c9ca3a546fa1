"""The settings of the conversation service."""

import os
import socket
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from chassis.settings import ServiceSettings, Settings


class RecordingSettings(Settings):
    """What it takes to record events, which the commands for the person who runs it do as well as the server."""

    database_url: SecretStr = Field(description="postgresql://user:password@host:port/name of the migrated database.")
    durability_elsewhere: bool = Field(
        False,
        description="yes: Postgres may run with fsync or full_page_writes off, its storage keeps what is written.",
    )
    turn_deadline_seconds: float = Field(60, gt=0, le=3600, description="A turn gets the safe text after that.")
    gather_seconds: float = Field(
        2, ge=0, le=60, description="Messaging channels: wait that long for a further message."
    )
    gather_limit_seconds: float = Field(
        8, ge=0, le=120, description="Messaging channels: wait no longer than that in all."
    )


_DAYS = 3650


class RetentionSettings(Settings):
    """For how many days what is kept."""

    retention_events_days: int = Field(
        30, ge=14, le=_DAYS, description="Days in which a repeated event is recognised; we promise 14."
    )
    retention_raw_days: int = Field(7, ge=1, le=_DAYS, description="Days for which a platform's own bytes are kept.")
    retention_conflicts_days: int = Field(30, ge=1, le=_DAYS, description="Days for which a conflict may be requeued.")
    retention_poison_days: int = Field(30, ge=1, le=_DAYS, description="Days for which poison may be requeued.")
    retention_attempts_days: int = Field(
        30, ge=1, le=_DAYS, description="Days for which the attempts of settled deliveries are kept."
    )
    retention_calls_days: int = Field(90, ge=1, le=_DAYS, description="Days for which calls to models are kept.")
    retention_conversations_days: int = Field(
        0, ge=0, le=_DAYS, description="Days after its last message that a conversation is forgotten; 0: never."
    )

    @model_validator(mode="after")
    def _nothing_outlives_its_conversation(self) -> Self:
        """An event that is repeated would bring it back, and conflicts and poison hold words of it."""
        longest = max(self.retention_events_days, self.retention_conflicts_days, self.retention_poison_days)
        if 0 < self.retention_conversations_days < longest:
            raise ValueError(
                f"RETENTION_CONVERSATIONS_DAYS: must be 0, or not less than the {longest} days for which "
                "RETENTION_EVENTS_DAYS, _CONFLICTS_DAYS or _POISON_DAYS keeps parts of conversations (see .env.example)"
            )
        return self


class ConversationSettings(RecordingSettings, RetentionSettings, ServiceSettings):
    """Read once, by `__main__`."""

    conversation_service_port: int = Field(9051, ge=1, le=65535, description="gRPC port of the conversation service.")
    conversation_service_metrics_port: int = Field(9151, ge=0, le=65535, description="Its /metrics; 0: none.")
    conversation_service_advertise: str = Field(
        "", description="host:port where other replicas reach this one; empty: this host's name and the gRPC port."
    )
    llm_service_address: str = Field("127.0.0.1:9052", description="Where the LLM service listens (a gRPC target).")
    grpc_reflection: bool = Field(False, description="Let tools such as grpcurl list the services' methods.")
    database_connections: int = Field(8, ge=2, le=100, description="Connections to Postgres of one process.")
    answering_concurrency: int = Field(1000, ge=1, le=10_000, description="Turns in flight in one process.")
    llm_history_limit: int = Field(20, ge=1, le=200, description="Messages of history given to the model.")
    llm_timeout_ms: int = Field(15_000, ge=100, le=120_000, description="The model's time for one reply, in all.")
    turn_lease_seconds: float = Field(
        15, gt=0.5, le=300, description="A silent worker's turns are free again after that."
    )
    llm_unavailable_seconds: float = Field(
        10, gt=0, le=60, description="The safe text is given when the LLM service is out of reach for so long."
    )
    handback_hours: float = Field(
        12,
        ge=0,
        le=8760,
        description="Hours after a person's last message, then the assistant answers again; 0: never.",
    )
    unknown_deliveries: Literal["resend", "park"] = Field(
        "resend", description="What is done with a send that may have got lost: send it once more, or ask a person."
    )
    delivery_proof_seconds: float = Field(
        120, gt=0, le=86_400, description="Such a send waits that long for proof while later ones are proven."
    )
    delivery_silence_seconds: float = Field(
        600, gt=0, le=86_400, description="And that long where the platform proves nothing at all."
    )
    automatic_notice: str = Field(
        "",
        max_length=500,
        description="Begins the first reply on a platform; empty: that of texts/automatic_notice.txt; -: nothing does.",
    )
    replies_per_hour: int = Field(
        60, ge=0, le=10_000, description="Messaging channels: replies to one customer in an hour; 0: no limit."
    )
    overload_seconds: float = Field(
        15, gt=0, le=300, description="Refuse browsers while the oldest due turn has waited longer than that."
    )

    def worker_address(self) -> str:
        """The address that other replicas find in a turn that this one answers."""
        return self.conversation_service_advertise or f"{socket.gethostname()}:{self.conversation_service_port}"

    def notice(self) -> str:
        """What begins the first reply on a messaging platform."""
        if not self.automatic_notice:
            return (Path(__file__).parent / "texts" / "automatic_notice.txt").read_text(encoding="utf-8").strip()
        return "" if self.automatic_notice == "-" else self.automatic_notice

    def worker_name(self) -> str:
        """Tells this process apart in logs of the database."""
        return f"spur-conversation-{os.getpid()}"
