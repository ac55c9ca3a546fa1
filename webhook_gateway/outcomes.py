"""What became of a send, as a channel reads it from the platform's answer."""

from dataclasses import dataclass
from typing import TypeAlias

from protos import conversation_pb2 as pb

Scope = pb.SettleDeliveryRequest.NotAccepted


@dataclass(frozen=True)
class Accepted:
    """The platform took it."""

    provider_id: str


@dataclass(frozen=True)
class NotAccepted:
    """Surely not accepted, to be tried again; who has to wait, and for how long (0: the usual backoff)."""

    code: str
    retry_after_seconds: float = 0
    scope: "pb.SettleDeliveryRequest.NotAccepted.Scope" = Scope.SCOPE_UNSPECIFIED


@dataclass(frozen=True)
class Rejected:
    """Surely not accepted, and never will be. `reason` is window_closed, opted_out, recipient, content or account."""

    code: str
    reason: str


@dataclass(frozen=True)
class Unknown:
    """It may have been accepted."""

    code: str


Outcome: TypeAlias = Accepted | NotAccepted | Rejected | Unknown
