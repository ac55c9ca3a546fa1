"""All followers of this process, carried by one gRPC stream: subscriptions, reconnects, heartbeats, drain."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator

import grpc
import grpc.aio
import structlog

from chassis.channel import Peer
from protos.conversation_pb2 import FollowEvent, FollowRequest, Subscribe, Unsubscribe
from protos.conversation_pb2_grpc import ConversationServiceStub
from web_gateway.conversations import CHANNEL
from web_gateway.follower import Follower

_logger = structlog.get_logger()

_FIRST_BACKOFF, _LAST_BACKOFF = 0.05, 2.0  # seconds
_BEAT_PARTS = 10  # heartbeats go out in so many parts of the interval, not to everybody at once

# Seconds. The drain of a process has to end before its container is killed, after 10.
_DRAIN_REPLIES = 4.0  # a request that waits for its reply may still get it
_DRAIN_STREAMS = 2.0  # at most, over which clients are sent elsewhere, so that they do not all arrive at once


class Followers:
    """The table of subscriptions and the stream that feeds it. Belongs to one event loop."""

    def __init__(self, peer: Peer, account: str, heartbeat_seconds: float, limit: int) -> None:
        self._peer = peer
        self._account = account
        self._heartbeat_seconds = heartbeat_seconds
        self._limit = limit
        self._table: dict[int, Follower] = {}
        self._ids = itertools.count(1)
        self._commands: asyncio.Queue[FollowRequest] | None = None  # of the open stream
        self._wanted = asyncio.Event()
        self._drain_ends: float | None = None  # by the loop's clock

    @property
    def full(self) -> bool:
        """No room for another one."""
        return len(self._table) >= self._limit

    def join(self, follower: Follower) -> None:
        """Feed it from now on, beginning after its last revision."""
        follower.subscription_id = next(self._ids)
        self._table[follower.subscription_id] = follower
        if self._commands:
            self._commands.put_nowait(self._subscribe(follower))
        if self._drain_ends:
            self._send_away(follower, spread=0)
        self._wanted.set()

    def leave(self, follower: Follower) -> None:
        """Feed it no more."""
        follower.close()
        del self._table[follower.subscription_id]
        if self._commands:
            unsubscribe = Unsubscribe(subscription_id=follower.subscription_id)
            self._commands.put_nowait(FollowRequest(unsubscribe=unsubscribe))

    @property
    def draining(self) -> bool:
        """No stream stays open any more."""
        return self._drain_ends is not None

    def drain(self) -> None:
        """Send the streams elsewhere and let the waiting requests end."""
        self._drain_ends = asyncio.get_running_loop().time() + _DRAIN_REPLIES
        spread = min(_DRAIN_STREAMS, len(self._table) / 500)
        for follower in self._table.values():
            self._send_away(follower, spread)

    def _send_away(self, follower: Follower, spread: float) -> None:
        loop = asyncio.get_running_loop()
        if follower.is_stream:
            loop.call_later(random.uniform(0, spread), follower.end, "draining")  # noqa: S311 - spreads load
        elif self._drain_ends:
            loop.call_at(self._drain_ends, follower.end, "draining")

    async def beat(self) -> None:
        """Keep quiet streams open: one timer for all of them. Runs until cancelled."""
        for part in itertools.cycle(range(_BEAT_PARTS)):
            await asyncio.sleep(self._heartbeat_seconds / _BEAT_PARTS)
            for number, follower in self._table.items():
                if number % _BEAT_PARTS == part:
                    follower.beat()

    async def run(self, channel: grpc.aio.Channel) -> None:
        """Hold the stream open as long as somebody follows. Runs until cancelled."""
        stub = ConversationServiceStub(channel)
        backoff = _FIRST_BACKOFF
        while True:
            if not self._table:
                self._wanted.clear()
                await self._wanted.wait()
            try:
                alive = await self._carry(stub)
            except Exception:  # a defect must not leave every client of this process without news
                _logger.exception("follow stream failed")
                alive = False
            if alive:
                backoff = _FIRST_BACKOFF
            await asyncio.sleep(random.uniform(backoff / 2, backoff))  # noqa: S311 - spreads load
            backoff = min(backoff * 2, _LAST_BACKOFF)

    async def _carry(self, stub: ConversationServiceStub) -> bool:
        """One stream from its opening to its end; whether anything came through it."""
        commands: asyncio.Queue[FollowRequest] = asyncio.Queue()
        self._commands = commands
        for follower in self._table.values():
            commands.put_nowait(self._subscribe(follower))
        call = stub.Follow(_requests(commands), metadata=self._peer.metadata())
        alive = False
        try:
            async for batch in call:
                alive = True
                for event in batch.events:
                    self._dispatch(event)
        except grpc.aio.AioRpcError as error:
            _logger.warning("follow stream lost", code=error.code().name, details=error.details())
        finally:
            self._commands = None
            call.cancel()
        for follower in self._table.values():
            follower.void_preview()
        return alive

    def _dispatch(self, event: FollowEvent) -> None:
        for number in event.subscription_ids:
            if follower := self._table.get(number):
                if event.HasField("ended"):
                    self._renew(follower, event.ended.reason)
                else:
                    follower.take(event)

    def _renew(self, follower: Follower, reason: str) -> None:
        """The service ended a subscription: where it was only behind with us, the client need not notice."""
        if reason != "slow_consumer":
            follower.end(reason or "refused")
            return
        follower.void_preview()
        del self._table[follower.subscription_id]
        self.join(follower)

    def _subscribe(self, follower: Follower) -> FollowRequest:
        return FollowRequest(
            subscribe=Subscribe(
                subscription_id=follower.subscription_id,
                conversation_id=follower.conversation_id,
                channel=CHANNEL,
                account=self._account,
                after_rev=follower.after_rev,
                without_previews=not follower.is_stream,
            )
        )


async def _requests(commands: asyncio.Queue[FollowRequest]) -> AsyncIterator[FollowRequest]:
    while True:
        yield await commands.get()
