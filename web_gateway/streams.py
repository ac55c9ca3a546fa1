"""Keeps a client and its follower together: what it reads, how it leaves, how it is let go."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from web_gateway import metrics
from web_gateway.events import COMMENT, encode, of_conversation
from web_gateway.exchange import Exchange, Headers
from web_gateway.follower import Follower
from web_gateway.followers import Followers
from web_gateway.handover import FollowConversation


class Streams:
    """Event streams, and the waits that are none. Belongs to one event loop."""

    def __init__(self, followers: Followers) -> None:
        self._followers = followers

    async def follow(self, exchange: Exchange, headers: Headers, what: FollowConversation) -> None:
        """Stream a conversation until somebody ends it."""
        follower = Follower(
            what.conversation_id, what.after_rev, lambda event: (of_conversation(event), False), is_stream=True
        )
        # A little later, so that who comes back with the same session surely finds it expired.
        follower.end_after(what.expires_at - time.time() + 0.2, "expired")
        async with self.stream(exchange, headers, follower, COMMENT):
            while data := await follower.next():
                await exchange.write(data)
            await exchange.write(encode("reconnect", {"reason": follower.ended}))

    @asynccontextmanager
    async def stream(
        self, exchange: Exchange, headers: Headers, follower: Follower, first: bytes
    ) -> AsyncIterator[None]:
        """An event stream around the block; its first bytes go out at once, so that proxies pass the headers on."""
        exchange.stream_end = "failed"
        try:
            with metrics.open_streams.track_inprogress():
                async with self.following(exchange, follower):
                    await exchange.start(200, headers)
                    await exchange.write(first)
                    yield
                    await exchange.write(b"", more=False)
        finally:
            exchange.stream_end = follower.ended or "failed"

    @asynccontextmanager
    async def following(self, exchange: Exchange, follower: Follower) -> AsyncIterator[None]:
        """Feed the follower during the block, and break the block off when its client leaves."""
        watch = asyncio.create_task(_cut_when_left(exchange, follower))
        self._followers.join(follower)
        try:
            yield
        finally:
            self._followers.leave(follower)
            watch.cancel()


async def _cut_when_left(exchange: Exchange, follower: Follower) -> None:
    await exchange.left()
    follower.cut("left")
