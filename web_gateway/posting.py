"""What becomes of a posted message: recorded, and answered with its reply, the way to it, or the promise of it."""

from chassis.faultpoints import faultpoint
from protos import conversation_pb2 as pb
from web_gateway import metrics
from web_gateway.bodies import AcceptedBody, dump
from web_gateway.conversations import Conversations
from web_gateway.errors import ApiError
from web_gateway.events import encode
from web_gateway.exchange import Exchange, Headers
from web_gateway.follower import Follower
from web_gateway.followers import Followers
from web_gateway.handover import PostMessage
from web_gateway.replies import ReplyView, pending
from web_gateway.streams import Streams

_STREAMED_REPLY_SECONDS = 75.0  # the service ends every turn of a browser within 60


class Posting:
    """Carries one post from the call to the answer. Belongs to one event loop."""

    def __init__(
        self, conversations: Conversations, followers: Followers, streams: Streams, reply_seconds: float
    ) -> None:
        self._conversations = conversations
        self._followers = followers
        self._streams = streams
        self._reply_seconds = reply_seconds

    async def post(self, exchange: Exchange, headers: Headers, what: PostMessage) -> None:
        """Record it, and answer in the way that its poster asked for."""
        faultpoint("post.received")
        receipt = await self._conversations.record(what.event, what.limits)
        faultpoint("post.recorded")
        _refuse_if_not_stored(receipt)
        accepted: AcceptedBody = {
            "sessionId": what.token,
            "messageId": receipt.message_id,
            "seq": receipt.seq,
            "rev": receipt.rev,
        }
        view = ReplyView(accepted, receipt.turn_no, streamed=what.streamed)
        follower = Follower(what.event.conversation_id, receipt.rev, view, is_stream=what.streamed)
        if what.streamed:
            await self._stream_reply(exchange, headers, follower, accepted)
        elif what.respond_async:
            headers = [*headers, (b"preference-applied", b"respond-async")]
            await exchange.answer_json(202, headers, dump(pending(accepted)))
        elif self._followers.full:
            await exchange.answer_json(202, headers, dump(pending(accepted)))
        else:
            await self._await_reply(exchange, headers, follower, accepted)

    async def _stream_reply(
        self, exchange: Exchange, headers: Headers, follower: Follower, accepted: AcceptedBody
    ) -> None:
        follower.end_after(_STREAMED_REPLY_SECONDS, "late")
        async with self._streams.stream(exchange, headers, follower, encode("accepted", pending(accepted))):
            while data := await follower.next():
                await exchange.write(data)
            if follower.ended == "late":
                await exchange.write(b"event: error\ndata: %s\n\n" % _late().body())
            elif follower.ended != "done":
                await exchange.write(encode("reconnect", {"reason": follower.ended}))

    async def _await_reply(
        self, exchange: Exchange, headers: Headers, follower: Follower, accepted: AcceptedBody
    ) -> None:
        follower.end_after(self._reply_seconds, "late")
        async with self._streams.following(exchange, follower):
            with metrics.waiting_replies.track_inprogress():
                reply = await follower.next()
        if reply:
            await exchange.answer_json(200, headers, reply)
        else:
            await exchange.answer_json(202, headers, dump(pending(accepted)))


def _refuse_if_not_stored(receipt: pb.Receipt) -> None:
    if receipt.outcome == pb.Receipt.OUTCOME_CONFLICT:
        raise ApiError(409, "message_conflict", "This clientMessageId was used for another text: take a new one.")
    if receipt.outcome == pb.Receipt.OUTCOME_POISON:
        raise ApiError(422, "message_invalid", "The message cannot be understood: write it differently.")


def _late() -> ApiError:
    return ApiError(504, "reply_late", "The answer takes longer than usual: it will appear in GET /chat/events.")
