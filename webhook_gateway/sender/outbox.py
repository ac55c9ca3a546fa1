"""The conversation service's outbox as a sender calls it: claimed, cut into parts, settled, all with deadlines."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import grpc
import structlog

from chassis.channel import Peer
from protos import conversation_pb2 as pb
from protos.conversation_pb2_grpc import ConversationServiceStub
from webhook_gateway.channels.channel import Capabilities
from webhook_gateway.outcomes import Accepted, NotAccepted, Outcome, Rejected, Unknown

_logger = structlog.get_logger()

_SERVICE = "spur.conversation.v1.ConversationService"
KEYED_METHODS = (f"{_SERVICE}/SettleDelivery", f"{_SERVICE}/SplitDelivery")
_SECONDS = 3.0
MOST_AT_ONCE = 100  # deliveries that one claim gives, by the contract
# The outcome of a send is worth waiting for: it counts until the delivery is given up for lost, which is long after its
# lease, and while the service cannot be asked there is nothing else to send.
_SETTLE_SECONDS = 100.0
_AGAIN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)


class Unavailable(Exception):
    """The outbox cannot be asked at present; the text says why."""


class TakenOver(Exception):
    """The claim is no longer ours."""


class TooManyParts(Exception):
    """The delivery would become more parts than the contract allows."""


class Outbox:
    """Calls over one channel, from any thread."""

    def __init__(self, peer: Peer, channel: grpc.Channel, worker: str) -> None:
        """`worker` names this process for operators."""
        self._peer = peer
        self._stub = ConversationServiceStub(channel)
        self._worker = worker
        self._closing = threading.Event()

    def close(self) -> None:
        """What is not recorded with the next call is not waited for any more."""
        self._closing.set()

    def claim(self, channel: str, capabilities: Capabilities, limit: int) -> pb.ClaimDeliveriesResponse:
        """Up to `limit` deliveries of a channel, and who is to see that somebody writes. Raises Unavailable."""
        terms = pb.ChannelTerms(
            channel=channel,
            account_per_minute=capabilities.account_per_minute,
            recipient_interval_ms=capabilities.recipient_interval_ms,
            recipient_burst=capabilities.recipient_burst,
            typing_refresh_ms=capabilities.typing_refresh_ms,
        )
        request = pb.ClaimDeliveriesRequest(worker=self._worker, channels=[channel], limit=limit, terms=[terms])
        try:
            response: pb.ClaimDeliveriesResponse = self._call(self._stub.ClaimDeliveries, request)
        except grpc.RpcError as error:
            raise Unavailable(error.code().name) from error
        return response

    def split(self, delivery: pb.Delivery, texts: Sequence[str]) -> None:
        """Cut a claimed delivery. Raises Unavailable, TakenOver or TooManyParts."""
        request = pb.SplitDeliveryRequest(delivery_id=delivery.id, fence=delivery.fence, texts=texts)
        try:
            self._call(self._stub.SplitDelivery, request)
        except grpc.RpcError as error:
            raise _REFUSALS.get(error.code(), Unavailable)(error.code().name) from error

    def settle(self, delivery: pb.Delivery, outcome: Outcome, http_status: int) -> None:
        """Say what became of a claimed delivery, through an outage of the service as long as it counts."""
        request = pb.SettleDeliveryRequest(delivery_id=delivery.id, fence=delivery.fence, http_status=http_status)
        _FILL[type(outcome)](request, outcome)
        until = time.monotonic() + _SETTLE_SECONDS
        while True:
            try:
                self._call(self._stub.SettleDelivery, request)
            except grpc.RpcError as error:
                if error.code() in _AGAIN and time.monotonic() < until:
                    jitter = random.uniform(0.2, 0.6)  # noqa: S311
                    if not self._closing.wait(jitter):
                        continue
                # Its claim runs out, and it is unknown.
                _logger.error("an outcome could not be recorded", delivery=delivery.id, code=error.code().name)
            return

    def _call(self, method: Callable[..., Any], request: Any) -> Any:
        return method(request, timeout=_SECONDS, metadata=self._peer.metadata())


def _accepted(request: pb.SettleDeliveryRequest, outcome: Accepted) -> None:
    request.accepted.provider_id = outcome.provider_id


def _not_accepted(request: pb.SettleDeliveryRequest, outcome: NotAccepted) -> None:
    request.not_accepted.error_code = outcome.code
    request.not_accepted.retry_after_ms = round(outcome.retry_after_seconds * 1000)
    request.not_accepted.scope = outcome.scope


def _rejected(request: pb.SettleDeliveryRequest, outcome: Rejected) -> None:
    request.rejected.error_code, request.rejected.reason = outcome.code, outcome.reason


def _unknown(request: pb.SettleDeliveryRequest, outcome: Unknown) -> None:
    request.unknown.error_code = outcome.code


_REFUSALS: dict[grpc.StatusCode, type[Exception]] = {
    grpc.StatusCode.FAILED_PRECONDITION: TakenOver,
    grpc.StatusCode.NOT_FOUND: TakenOver,
    grpc.StatusCode.INVALID_ARGUMENT: TooManyParts,
}
_FILL: dict[type[Any], Callable[[pb.SettleDeliveryRequest, Any], None]] = {
    Accepted: _accepted,
    NotAccepted: _not_accepted,
    Rejected: _rejected,
    Unknown: _unknown,
}
