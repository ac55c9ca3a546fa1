"""Relays the previews of turns that another replica answers to the followers of this one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

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
_PAUSE_SECONDS = 2.0  # before a replica that could not be read is asked again about the same turn


class Replicas:
    """Calls `Preview` on whoever answers a followed turn."""

    def __init__(self, own_address: str, credentials: Credentials) -> None:
        self._own_address = own_address
        self._credentials = credentials
        self._neighbours: dict[str, _Neighbour] = {}
        self._relays: dict[Thread, _Relay] = {}

    def follow(self, previews: Previews, thread: Thread, turn_no: int, fence: int, worker: str) -> None:
        """Relay this turn's preview, unless it is written here, relayed already, or old news."""
        known, attempt = previews.current(thread), (turn_no, fence)
        if worker == self._own_address or (known and known.attempt >= attempt):
            return
        if relay := self._relays.get(thread):
            if relay.attempt >= attempt:
                return
            relay.task.cancel()  # whoever took the turn over need not wait until the last one is given up
        preview = previews.begin(thread, turn_no, fence)
        task = asyncio.create_task(self._relay(preview, worker))
        relay = self._relays[thread] = _Relay(attempt, task)
        task.add_done_callback(lambda _done: self._forget(thread, relay))

    def close(self) -> None:
        """Stop relaying."""
        for relay in self._relays.values():
            relay.task.cancel()

    def _forget(self, thread: Thread, relay: "_Relay") -> None:
        if self._relays.get(thread) is relay:
            del self._relays[thread]

    async def _relay(self, preview: Preview, worker: str) -> None:
        try:
            async with self._reaching(worker) as neighbour:
                await _read(preview, neighbour)
        except grpc.aio.AioRpcError as error:
            _logger.info("a preview of another replica ended", worker=worker, code=error.code().name)
            preview.end(committed=False)
            await asyncio.sleep(_PAUSE_SECONDS)
        finally:
            preview.end(committed=True)  # the other replica says itself where something became void

    @asynccontextmanager
    async def _reaching(self, address: str) -> AsyncIterator["_Neighbour"]:
        """A connection that all relays from there share, closed with the last of them: replicas come and go."""
        neighbour = self._neighbours.get(address)
        if neighbour is None:
            neighbour = self._neighbours[address] = _Neighbour(Peer(address, self._credentials))
        neighbour.relays += 1
        try:
            yield neighbour
        finally:
            neighbour.relays -= 1
            if not neighbour.relays:
                del self._neighbours[address]
                await neighbour.channel.close()


@dataclass(frozen=True)
class _Relay:
    """Of which attempt, and the task that does it."""

    attempt: tuple[int, int]
    task: "asyncio.Task[None]"


class _Neighbour:
    """Another replica, as long as something is relayed from it."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.channel = peer.connect_async()
        self.stub = conversation_pb2_grpc.ConversationServiceStub(self.channel)
        self.relays = 0


async def _read(preview: Preview, neighbour: _Neighbour) -> None:
    channel, account = preview.thread[1:]
    turn_no, fence = preview.attempt
    request = pb.PreviewRequest(
        conversation_id=preview.thread[0], channel=channel, account=account, turn_no=turn_no, fence=fence
    )
    call = neighbour.stub.Preview(request, timeout=_SECONDS, metadata=neighbour.peer.metadata())
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
