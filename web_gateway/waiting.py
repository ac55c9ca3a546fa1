"""Carries on without a thread where a request has to wait: for events, for a reply, for another service."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from protos.conversation_pb2 import FollowEvent
from web_gateway import metrics
from web_gateway.bodies import dump
from web_gateway.errors import ApiError, retry_later
from web_gateway.events import COMMENT, encode, of_conversation
from web_gateway.exchange import Exchange, Headers
from web_gateway.follower import Follower
from web_gateway.followers import Followers
from web_gateway.handover import AwaitReply, CheckReadiness, FollowConversation, Handover
from web_gateway.replies import ReplyView, pending

_STREAMED_REPLY_SECONDS = 75.0  # the service ends every turn of a browser within 60
_READY_SECONDS = 1.0


class Waiting:
    """Takes over what views hand over. Belongs to one event loop."""

    def __init__(self, followers: Followers, channel: grpc.aio.Channel, reply_seconds: float) -> None:
        self._followers = followers
        self._health = health_pb2_grpc.HealthStub(channel)
        self._reply_seconds = reply_seconds

    async def carry_on(self, exchange: Exchange, headers: Headers, what: Handover) -> None:
        """Answer the request, with the headers that Flask gave."""
        headers = [(name, value) for name, value in headers if name != b"content-length"]
        match what:
            case FollowConversation():
                await self._stream_events(exchange, headers, what)
            case AwaitReply(streamed=True):
                await self._stream_reply(exchange, headers, what)
            case AwaitReply():
                await self._await_reply(exchange, headers, what)
            case CheckReadiness():
                await self._check_readiness(exchange, headers)

    async def _stream_events(self, exchange: Exchange, headers: Headers, what: FollowConversation) -> None:
        follower = Follower(what.conversation_id, what.after_rev, _show_everything, is_stream=True)
        async with self._stream(exchange, headers, follower, COMMENT):
            while data := await follower.next():
                await exchange.write(data)
            await exchange.write(encode("reconnect", {"reason": follower.ended}))

    async def _stream_reply(self, exchange: Exchange, headers: Headers, what: AwaitReply) -> None:
        view = ReplyView(what.accepted, what.turn_no, streamed=True)
        follower = Follower(what.conversation_id, what.accepted["rev"], view, is_stream=True)
        timer = asyncio.get_running_loop().call_later(_STREAMED_REPLY_SECONDS, follower.end, "late")
        try:
            async with self._stream(exchange, headers, follower, encode("accepted", pending(what.accepted))):
                while data := await follower.next():
                    await exchange.write(data)
                if follower.ended == "late":
                    await exchange.write(b"event: error\ndata: %s\n\n" % _late().body())
                elif follower.ended != "done":
                    await exchange.write(encode("reconnect", {"reason": follower.ended}))
        finally:
            timer.cancel()

    async def _await_reply(self, exchange: Exchange, headers: Headers, what: AwaitReply) -> None:
        view = ReplyView(what.accepted, what.turn_no, streamed=False)
        follower = Follower(what.conversation_id, what.accepted["rev"], view, is_stream=False)
        timer = asyncio.get_running_loop().call_later(self._reply_seconds, follower.end, "late")
        try:
            async with self._following(exchange, follower):
                with metrics.waiting_replies.track_inprogress():
                    body = await follower.next()
        finally:
            timer.cancel()
        status, body = (200, body) if body else (202, dump(pending(what.accepted)))
        await exchange.answer(status, [*headers, (b"content-length", b"%d" % len(body))], body)

    async def _check_readiness(self, exchange: Exchange, headers: Headers) -> None:
        try:
            answer = await self._health.Check(health_pb2.HealthCheckRequest(), timeout=_READY_SECONDS)
            ready = answer.status == health_pb2.HealthCheckResponse.SERVING and not self._followers.draining
        except grpc.aio.AioRpcError:
            ready = False
        if not ready:
            raise retry_later("not_ready")
        body = dump({"status": "ready"})
        await exchange.answer(200, [*headers, (b"content-length", b"%d" % len(body))], body)

    @asynccontextmanager
    async def _stream(
        self, exchange: Exchange, headers: Headers, follower: Follower, first: bytes
    ) -> AsyncIterator[None]:
        """Event stream around the block; the first bytes go out at once, so that proxies pass the headers on."""
        exchange.stream_end = "failed"
        try:
            with metrics.open_streams.track_inprogress():
                async with self._following(exchange, follower):
                    await exchange.start(200, headers)
                    await exchange.write(first)
                    yield
                    await exchange.write(b"", more=False)
        finally:
            exchange.stream_end = follower.ended or "failed"

    @asynccontextmanager
    async def _following(self, exchange: Exchange, follower: Follower) -> AsyncIterator[None]:
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


def _show_everything(event: FollowEvent) -> tuple[bytes, bool]:
    return of_conversation(event), False


def _late() -> ApiError:
    return ApiError(504, "reply_late", "The answer takes longer than usual: it will appear in GET /chat/events.")
