"""Relays the previews of turns that another replica answers to the followers of this one."""

import asyncio

import grpc.aio
import structlog

from chassis.channel import Peer
from chassis.credentials import Credentials
from conversation_service.followers import Thread
from conversation_service.previews import Preview, Previews
from protos import conversation_pb2 as pb
from protos import conversation_pb2_grpc

_logger = structlog.get_logger()

_SECONDS = 120  # longer than any turn
_PAUSE_SECONDS = 2.0  # before a replica that could not be read is asked again about the same conversation


class Replicas:
    """Calls `Preview` on whoever answers a followed turn."""

    def __init__(self, own_address: str, credentials: Credentials) -> None:
        self._own_address = own_address
        self._credentials = credentials
        self._peers: dict[str, tuple[Peer, conversation_pb2_grpc.ConversationServiceStub]] = {}
        self._relays: dict[Thread, asyncio.Task[None]] = {}

    def follow(self, previews: Previews, thread: Thread, turn_no: int, fence: int, worker: str) -> None:
        """Relay this turn's preview, unless it is written here, relayed already, or old news."""
        known = previews.current(thread)
        if worker == self._own_address or thread in self._relays or (known and known.attempt >= (turn_no, fence)):
            return
        relay = asyncio.create_task(self._relay(previews.begin(thread, turn_no, fence), worker))
        self._relays[thread] = relay
        relay.add_done_callback(lambda _done: self._relays.pop(thread))

    def close(self) -> None:
        """Stop relaying."""
        for relay in self._relays.values():
            relay.cancel()

    async def _relay(self, preview: Preview, worker: str) -> None:
        try:
            await self._read(preview, worker)
        except grpc.aio.AioRpcError as error:
            _logger.info("a preview of another replica ended", worker=worker, code=error.code().name)
            preview.end(committed=False)
            await asyncio.sleep(_PAUSE_SECONDS)
        finally:
            preview.end(committed=True)  # the other replica says itself where something became void

    async def _read(self, preview: Preview, worker: str) -> None:
        peer, stub = self._peer(worker)
        channel, account = preview.thread[1:]
        turn_no, fence = preview.attempt
        request = pb.PreviewRequest(
            conversation_id=preview.thread[0], channel=channel, account=account, turn_no=turn_no, fence=fence
        )
        call = stub.Preview(request, timeout=_SECONDS, metadata=peer.metadata())
        try:
            async for response in call:
                if not preview.current:
                    return
                if response.WhichOneof("event") == "reset" or response.delta.replace:
                    preview.void()
                if response.HasField("delta"):
                    preview.extend(response.delta.text)
        finally:
            call.cancel()

    def _peer(self, address: str) -> tuple[Peer, conversation_pb2_grpc.ConversationServiceStub]:
        if address not in self._peers:
            peer = Peer(address, self._credentials)
            self._peers[address] = peer, conversation_pb2_grpc.ConversationServiceStub(peer.connect_async())
        return self._peers[address]
