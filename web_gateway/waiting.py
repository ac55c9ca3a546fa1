"""Carries on where a view hands over: whatever has to wait, waits here, as a coroutine."""

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from web_gateway.bodies import MessagesBody, dump
from web_gateway.conversations import Conversations
from web_gateway.errors import retry_later
from web_gateway.exchange import Exchange, Headers
from web_gateway.followers import Followers
from web_gateway.handover import CheckReadiness, FollowConversation, Handover, ListMessages, PostMessage
from web_gateway.messages import to_json
from web_gateway.posting import Posting
from web_gateway.streams import Streams

_READY_SECONDS = 1.0


class Waiting:
    """Everything that one process waits for, over one channel. Belongs to one event loop."""

    def __init__(
        self, conversations: Conversations, followers: Followers, channel: grpc.aio.Channel, reply_seconds: float
    ) -> None:
        self._conversations = conversations
        self._followers = followers
        self._health = health_pb2_grpc.HealthStub(channel)
        self._streams = Streams(followers)
        self._posting = Posting(conversations, followers, self._streams, reply_seconds)

    async def carry_on(self, exchange: Exchange, headers: Headers, what: Handover) -> None:
        """Answer the request, under the headers that Flask gave."""
        headers = [(name, value) for name, value in headers if name != b"content-length"]
        match what:
            case PostMessage():
                await self._posting.post(exchange, headers, what)
            case ListMessages():
                await self._list(exchange, headers, what)
            case FollowConversation():
                await self._streams.follow(exchange, headers, what)
            case CheckReadiness():
                await self._check_readiness(exchange, headers)

    async def _list(self, exchange: Exchange, headers: Headers, what: ListMessages) -> None:
        page = await self._conversations.messages(what.conversation_id, what.after_rev)
        messages = [to_json(message) for message in page.messages]
        body: MessagesBody = {"messages": messages, "rev": page.rev, "more": page.more}
        await exchange.answer_json(200, headers, dump(body))

    async def _check_readiness(self, exchange: Exchange, headers: Headers) -> None:
        try:
            answer = await self._health.Check(health_pb2.HealthCheckRequest(), timeout=_READY_SECONDS)
            ready = answer.status == health_pb2.HealthCheckResponse.SERVING and not self._followers.draining
        except grpc.aio.AioRpcError:
            ready = False
        if not ready:
            raise retry_later("not_ready")
        await exchange.answer_json(200, headers, dump({"status": "ready"}))
