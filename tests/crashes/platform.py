"""A messaging platform's gateway in small: hands batches of events to the conversation service until it takes them."""

import time
from collections.abc import Sequence

import grpc

from protos import conversation_pb2 as pb
from protos.conversation_pb2_grpc import ConversationServiceStub
from tests.fleet import Fleet

CHANNEL, ACCOUNT = "whatsapp", "shop"
_UNKNOWN = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}
_PATIENCE_SECONDS = 60


def message(thread: str, key: str, text: str) -> pb.Event:
    return pb.Event(
        channel=CHANNEL,
        account=ACCOUNT,
        event_key=key,
        thread_key=thread,
        surface=pb.SURFACE_MESSAGING,
        sender=pb.Sender(external_id=thread),
        message=pb.MessageContent(text=text),
    )


def reaction(thread: str, key: str) -> pb.Event:
    return pb.Event(
        channel=CHANNEL,
        account=ACCOUNT,
        event_key=key,
        thread_key=thread,
        reaction=pb.Reaction(target_key="m", emoji="+"),
    )


def poison(key: str) -> pb.Event:
    return pb.Event(channel=CHANNEL, account=ACCOUNT, event_key=key, poison=pb.Poison(reason="no JSON"))


class Platform:
    """Calls one conversation service after the other; any number of callers at a time."""

    def __init__(self, fleet: Fleet) -> None:
        self._metadata = (("authorization", f"Bearer {fleet.conversation[0].environment['SERVICE_TOKEN']}"),)
        self._channels = [
            grpc.insecure_channel(f"127.0.0.1:{member.port}", [("grpc.max_reconnect_backoff_ms", 500)])
            for member in fleet.conversation
        ]
        self._calls = 0

    def send(self, events: Sequence[pb.Event]) -> list[pb.Receipt]:
        """One call. Raises grpc.RpcError where it is not known what was stored."""
        self._calls += 1
        stub = ConversationServiceStub(self._channels[self._calls % len(self._channels)])
        request = pb.ReceiveRequest(events=events)
        return list(stub.Receive(request, timeout=5, metadata=self._metadata).receipts)

    def deliver(self, events: Sequence[pb.Event]) -> list[pb.Receipt]:
        """Call until there are receipts."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                return self.send(events)
            except grpc.RpcError as error:
                assert error.code() in _UNKNOWN, error
                assert time.monotonic() < deadline, error
            time.sleep(0.1)

    def close(self) -> None:
        for channel in self._channels:
            channel.close()
