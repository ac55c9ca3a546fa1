"""The conversation service as it is called for one request: short calls, each with a deadline."""

import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import grpc
import grpc.aio
import structlog
from google.protobuf.message import Message

from chassis.channel import Peer
from protos import conversation_pb2 as pb
from protos.conversation_pb2_grpc import ConversationServiceStub
from web_gateway.errors import ApiError, internal, retry_later

_logger = structlog.get_logger()

CHANNEL = "web"
_SERVICE = "spur.conversation.v1.ConversationService"
KEYED_METHODS = (f"{_SERVICE}/Receive", f"{_SERVICE}/ListMessages")

_SECONDS = 2.5  # for one call, retries included
_CALLS_LIMIT = 1000  # at once; more than that would not be answered in time

# The same call would fail again, so the client is not asked to repeat it.
_DEFECTS = (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNIMPLEMENTED)


class Conversations:
    """Calls over one channel. Belongs to one event loop."""

    def __init__(self, peer: Peer, channel: grpc.aio.Channel, account: str) -> None:
        self._peer = peer
        self._account = account
        self._stub = ConversationServiceStub(channel)
        self._calls = 0

    async def record(self, event: pb.Event, limits: Sequence[pb.RateLimit]) -> pb.Receipt:
        """Store what a browser posted; returns after COMMIT, or raises ApiError."""
        event.channel, event.account = CHANNEL, self._account
        request = pb.ReceiveRequest(events=[event], rate_limits=limits)
        response: pb.ReceiveResponse = await self._call("Receive", self._stub.Receive, request)
        return response.receipts[0]

    async def messages(self, conversation_id: str, after_rev: int) -> pb.ListMessagesResponse:
        """A page of the history; raises ApiError."""
        request = pb.ListMessagesRequest(
            conversation_id=conversation_id, channel=CHANNEL, account=self._account, after_rev=after_rev
        )
        page: pb.ListMessagesResponse = await self._call("ListMessages", self._stub.ListMessages, request)
        return page

    async def _call(self, name: str, method: Callable[..., Awaitable[Any]], request: Message) -> Any:
        if self._calls >= _CALLS_LIMIT:
            raise retry_later("overloaded")
        self._calls += 1
        try:
            # Waiting for a connection: right after one replica came back, and before it is found, the last one may go.
            return await method(request, timeout=_SECONDS, metadata=self._peer.metadata(), wait_for_ready=True)
        except grpc.aio.AioRpcError as error:
            raise _refusal(name, error) from error
        finally:
            self._calls -= 1


def _refusal(method: str, error: grpc.aio.AioRpcError) -> ApiError:
    code, details = error.code(), error.details() or ""
    if code == grpc.StatusCode.RESOURCE_EXHAUSTED:
        limited = details.startswith("rate_limited")
        return retry_later("rate_limited" if limited else "overloaded", _retry_seconds(error))
    _logger.warning("call failed", method=method, code=code.name, details=details)
    return internal() if code in _DEFECTS else retry_later("unavailable")


def _retry_seconds(error: grpc.aio.AioRpcError) -> int:
    for key, value in error.trailing_metadata():
        if key == "retry-after-ms" and value.isdigit():
            return max(1, math.ceil(int(value) / 1000))
    return 1
