"""The conversation service as the views call it: short, blocking calls, each with a deadline."""

import math
import time
from collections.abc import Sequence

import grpc
import structlog

from chassis.channel import Peer
from protos import conversation_pb2 as pb
from protos.conversation_pb2_grpc import ConversationServiceStub
from web_gateway.errors import ApiError, internal, retry_later

_logger = structlog.get_logger()

CHANNEL = "web"
_SERVICE = "spur.conversation.v1.ConversationService"
KEYED_METHODS = (f"{_SERVICE}/Receive", f"{_SERVICE}/ListMessages")

_LONGEST = 2.5  # seconds for one call

# The same call would fail again, so the client is not asked to repeat it.
_DEFECTS = (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNIMPLEMENTED)


class Conversations:
    """Calls over one channel that all threads share; deadlines by time.monotonic(). Make it after the fork."""

    def __init__(self, peer: Peer, account: str) -> None:
        self._peer = peer
        self._account = account
        self._stub = ConversationServiceStub(peer.connect())

    def record(self, event: pb.Event, limits: Sequence[pb.RateLimit], deadline: float) -> pb.Receipt:
        """Store what a browser posted; returns after COMMIT, or raises ApiError."""
        event.channel, event.account = CHANNEL, self._account
        request = pb.ReceiveRequest(events=[event], rate_limits=limits)
        try:
            response: pb.ReceiveResponse = self._stub.Receive(
                request, timeout=_seconds_until(deadline), metadata=self._peer.metadata()
            )
        except grpc.RpcError as error:
            raise _refusal("Receive", error) from error
        return response.receipts[0]

    def messages(self, conversation_id: str, after_rev: int, deadline: float) -> pb.ListMessagesResponse:
        """A page of the history."""
        request = pb.ListMessagesRequest(
            conversation_id=conversation_id, channel=CHANNEL, account=self._account, after_rev=after_rev
        )
        try:
            page: pb.ListMessagesResponse = self._stub.ListMessages(
                request, timeout=_seconds_until(deadline), metadata=self._peer.metadata()
            )
        except grpc.RpcError as error:
            raise _refusal("ListMessages", error) from error
        return page


def _seconds_until(deadline: float) -> float:
    return max(0.0, min(_LONGEST, deadline - time.monotonic()))


def _refusal(method: str, error: grpc.RpcError) -> ApiError:
    code, details = error.code(), error.details() or ""
    if code == grpc.StatusCode.RESOURCE_EXHAUSTED:
        limited = details.startswith("rate_limited")
        return retry_later("rate_limited" if limited else "overloaded", _retry_seconds(error))
    _logger.warning("call failed", method=method, code=code.name, details=details)
    return internal() if code in _DEFECTS else retry_later("unavailable")


def _retry_seconds(error: grpc.RpcError) -> int:
    for pair in error.trailing_metadata() or ():
        if pair.key == "retry-after-ms" and pair.value.isdigit():
            return max(1, math.ceil(int(pair.value) / 1000))
    return 1
