"""A webhook gateway's calls of `Receive`, one message each, straight to the conversation service."""

import asyncio
import time
import uuid

import grpc.aio

from benchmarks.load.plan import Outcome, Plan
from chassis.channel import Peer
from chassis.credentials import Credentials
from chassis.settings import ServiceSettings, load
from protos import conversation_pb2 as pb
from protos.conversation_pb2_grpc import ConversationServiceStub

_TEXT = "Can I return shoes that I bought two weeks ago, and how long does it take?"


class Receive:
    """`in_flight` calls over one channel, each for a new conversation."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        credentials = Credentials(load(ServiceSettings, service_token=plan.token))
        self._peer = Peer(f"127.0.0.1:{plan.port}", credentials)
        self._outcome = Outcome()

    async def prepare(self) -> None:
        self._channel = self._peer.connect_async()
        self._stub = ConversationServiceStub(self._channel)
        await self._channel.channel_ready()

    async def run(self) -> Outcome:
        began = time.perf_counter()
        until = began + self._plan.seconds
        await asyncio.gather(*(self._caller(until) for _ in range(self._plan.in_flight)))
        self._outcome.seconds = time.perf_counter() - began
        await self._channel.close()
        return self._outcome

    async def _caller(self, until: float) -> None:
        metadata = self._peer.metadata()
        while (began := time.perf_counter()) < until:
            request = pb.ReceiveRequest(events=[webhook_event()])
            try:
                response = await self._stub.Receive(request, timeout=10, metadata=metadata)
            except grpc.aio.AioRpcError as error:
                self._outcome.failures.append(f"{error.code().name} {error.details()}")
                return
            if response.receipts[0].outcome != pb.Receipt.OUTCOME_RECORDED:
                self._outcome.failures.append(pb.Receipt.Outcome.Name(response.receipts[0].outcome))
            self._outcome.latencies.append(time.perf_counter() - began)


def webhook_event() -> pb.Event:
    """A first message of somebody new."""
    return pb.Event(
        channel="whatsapp",
        account="default",
        event_key=str(uuid.uuid4()),
        thread_key=str(uuid.uuid4()),
        surface=pb.SURFACE_MESSAGING,
        message=pb.MessageContent(text=_TEXT),
    )
