"""Relays the previews of turns that another replica answers to the followers of this one."""

import asyncio

import grpc.aio
import structlog

from chassis.channel import Peer
from chassis.credentials import Credentials
from conversation_service.followers import Thread
from conversation_service.previews import Previews
from protos import conversation_pb2 as pb
from protos import conversation_pb2_grpc

_logger = structlog.get_logger()

_SECONDS = 120  # longer than any turn


class Replicas:
    """Calls `Preview` on whoever answers a followed turn."""

    def __init__(self, own_address: str, credentials: Credentials) -> None:
        self._own_address = own_address
        self._credentials = credentials
        self._peers: dict[str, tuple[Peer, conversation_pb2_grpc.ConversationServiceStub]] = {}
        self._relays: dict[Thread, asyncio.Task[None]] = {}

    def follow(self, previews: Previews, thread: Thread, turn_no: int, fence: int, worker: str) -> None:
        """Relay this turn's preview, unless it is written here or relayed already."""
        if worker == self._own_address or previews.knows(thread, turn_no, fence):
            return
        if (running := self._relays.get(thread)) and not running.done():
            running.cancel()
        relay = asyncio.create_task(self._relay(previews, thread, turn_no, fence, worker))
        self._relays[thread] = relay
        relay.add_done_callback(
            lambda done: self._relays.pop(thread, None) if self._relays.get(thread) is done else None
        )

    async def _relay(self, previews: Previews, thread: Thread, turn_no: int, fence: int, worker: str) -> None:
        peer, stub = self._peer(worker)
        request = pb.PreviewRequest(conversation_id=thread[0], turn_no=turn_no, fence=fence)
        previews.begin(thread, turn_no, fence)
        try:
            async for response in stub.Preview(request, timeout=_SECONDS, metadata=peer.metadata()):
                if response.WhichOneof("event") == "reset" or response.delta.replace:
                    previews.void(thread)
                if response.HasField("delta"):
                    previews.extend(thread, response.delta.text)
        except grpc.aio.AioRpcError as error:
            _logger.info("preview of another replica ended", worker=worker, code=error.code().name)
        finally:
            if previews.knows(thread, turn_no, fence):
                previews.end(thread)

    def _peer(self, address: str) -> tuple[Peer, conversation_pb2_grpc.ConversationServiceStub]:
        if address not in self._peers:
            peer = Peer(address, self._credentials)
            self._peers[address] = peer, conversation_pb2_grpc.ConversationServiceStub(peer.connect_async())
        return self._peers[address]
