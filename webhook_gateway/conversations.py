"""The conversation service as the webhook gateway calls it: short calls, each with a deadline."""

import time
from collections.abc import Sequence

import grpc
import structlog
from grpc_health.v1 import health_pb2, health_pb2_grpc

from chassis.channel import Peer
from protos import conversation_pb2 as pb
from protos.conversation_pb2_grpc import ConversationServiceStub
from webhook_gateway.errors import NotRecorded
from webhook_gateway.parts import split

_logger = structlog.get_logger()

KEYED_METHODS = ("spur.conversation.v1.ConversationService/Receive",)

_READY_SECONDS = 1.0


class Conversations:
    """Calls over one channel that all threads share. Make it after the fork."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        channel = peer.connect()
        self._stub = ConversationServiceStub(channel)
        self._health = health_pb2_grpc.HealthStub(channel)

    def record(self, events: Sequence[pb.Event], deadline: float) -> None:
        """Store them, in the order of each thread; returns once all are committed.

        Raises NotRecorded, at `deadline` of the monotonic clock at the latest; what was committed is recognised then.
        """
        for part in split(events):
            self._receive(part, deadline)

    def _receive(self, events: Sequence[pb.Event], deadline: float) -> None:
        seconds = deadline - time.monotonic()
        if seconds <= 0:
            raise NotRecorded("no time was left")
        request = pb.ReceiveRequest(events=events)
        try:
            # Waiting for a connection: right after one replica came back, and before it is found, the last one may go.
            response = self._stub.Receive(request, timeout=seconds, metadata=self._peer.metadata(), wait_for_ready=True)
        except grpc.RpcError as error:
            code = error.code()
            _logger.warning("call failed", method="Receive", code=code.name, details=error.details())
            raise NotRecorded(code.name) from error
        if len(response.receipts) != len(events):
            raise NotRecorded("a receipt is missing")

    def ready(self) -> bool:
        """Whether the service says that it serves."""
        try:
            answer = self._health.Check(health_pb2.HealthCheckRequest(), timeout=_READY_SECONDS)
        except grpc.RpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)
