"""A stand-in of the conversation service's outbox, over real gRPC, and a channel to send for."""

import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
from pydantic import SecretStr

from chassis.channel import Peer
from chassis.credentials import Credentials
from chassis.settings import ServiceSettings
from protos import conversation_pb2 as pb
from protos.conversation_pb2_grpc import ConversationServiceServicer, add_ConversationServiceServicer_to_server
from tests.ports import free_port
from webhook_gateway.channels.channel import Account, Answer, Call, Capabilities, Channel, Entry, WebhookRequest
from webhook_gateway.outcomes import Accepted, Outcome, Rejected, Unknown
from webhook_gateway.sender.outbox import KEYED_METHODS, Outbox


class PostcardAccount(Account):
    id_field = "office"
    office: str
    address: str


class Postcards(Channel):
    """Forty characters a card."""

    name = "postcards"
    title = "Postcards"
    capabilities = Capabilities(text_limit=40, reply_window_seconds=0, bold="*", typing_refresh_ms=1000)
    account_type = PostcardAccount

    def proven(self, request: WebhookRequest) -> list[str]:
        raise NotImplementedError

    def entries(self, request: WebhookRequest) -> Iterator[Entry]:
        raise NotImplementedError

    def events(self, entry: Entry) -> Iterator[pb.Event]:
        raise NotImplementedError

    def compose(self, account: PostcardAccount, delivery: pb.Delivery) -> Call:
        if delivery.thread_key == "nowhere":
            raise LookupError("no address")
        return Call("POST", account.address, json={"to": delivery.thread_key, "text": delivery.text, "id": delivery.id})

    def interpret(self, answer: Answer, delivery: pb.Delivery) -> Outcome:
        if answer.status == 200:
            return Accepted(answer.body["id"])
        return Rejected(str(answer.status), "content") if answer.status == 400 else Unknown(f"{answer.status}")

    def compose_seen(self, account: PostcardAccount, signal: pb.TypingSignal) -> Call:
        return Call("POST", account.address, json={"seen": signal.thread_key})

    def compose_typing(self, account: PostcardAccount, signal: pb.TypingSignal) -> Call:
        return Call("POST", account.address, json={"typing": signal.thread_key})


class StandIn(ConversationServiceServicer):
    """Hands out `queued` once each, and keeps what it is told."""

    def __init__(self) -> None:
        self.queued: deque[pb.Delivery] = deque()
        self.typing: deque[pb.TypingSignal] = deque()
        self.claims: list[pb.ClaimDeliveriesRequest] = []
        self.splits: list[pb.SplitDeliveryRequest] = []
        self.settled: dict[str, pb.SettleDeliveryRequest] = {}
        self.refusals: deque[grpc.StatusCode] = deque()  # of the next calls that settle or cut
        self._lock = threading.Lock()

    def ClaimDeliveries(self, request: pb.ClaimDeliveriesRequest, rpc: Any) -> pb.ClaimDeliveriesResponse:
        with self._lock:
            self.claims.append(request)
            taken = [self.queued.popleft() for _ in range(min(request.limit, len(self.queued)))]
            typing = [self.typing.popleft() for _ in range(len(self.typing))]
        return pb.ClaimDeliveriesResponse(deliveries=taken, typing=typing)

    def SplitDelivery(self, request: pb.SplitDeliveryRequest, rpc: Any) -> pb.SplitDeliveryResponse:
        self._refuse(rpc)
        self.splits.append(request)
        return pb.SplitDeliveryResponse()

    def SettleDelivery(self, request: pb.SettleDeliveryRequest, rpc: Any) -> pb.SettleDeliveryResponse:
        self._refuse(rpc)
        self.settled[request.delivery_id] = request
        return pb.SettleDeliveryResponse(applied=True)

    def _refuse(self, rpc: Any) -> None:
        if self.refusals:
            rpc.abort(self.refusals.popleft(), "as told")


@contextmanager
def running_stand_in() -> Iterator[tuple[StandIn, Outbox]]:
    service, port = StandIn(), free_port()
    server = grpc.server(ThreadPoolExecutor(8))
    add_ConversationServiceServicer_to_server(service, server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    settings = ServiceSettings(service_token=SecretStr("a-token-of-the-tests"))
    peer = Peer(f"127.0.0.1:{port}", Credentials(settings), KEYED_METHODS)
    with peer.connect() as channel:
        yield service, Outbox(peer, channel, "tests")
    server.stop(0).wait()
