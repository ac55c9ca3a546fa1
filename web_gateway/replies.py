"""The reply to one message, as its poster is shown it: as JSON once it is there, or as events on the way."""

from protos import conversation_pb2 as pb
from web_gateway.bodies import AcceptedBody, PendingBody, ReplyBody, SilentBody, dump
from web_gateway.events import encode
from web_gateway.messages import meta_to_json


class ReplyView:
    """Shows of a conversation's events only those of one turn; the last one is its outcome."""

    def __init__(self, accepted: AcceptedBody, turn_no: int, *, streamed: bool) -> None:
        self._accepted = accepted
        self._turn_no = turn_no
        self._streamed = streamed

    def __call__(self, event: pb.FollowEvent) -> tuple[bytes, bool]:
        kind = event.WhichOneof("event")
        if kind == "message" and event.message.author == pb.AUTHOR_ASSISTANT:
            if event.message.turn_no == self._turn_no:
                return self._outcome(_answered(self._accepted, event.message)), True
        elif kind == "turn_silent":
            if event.turn_silent.turn_no == self._turn_no:
                return self._outcome(_silent(self._accepted, event.turn_silent.reason)), True
        elif self._streamed and kind == "delta":
            if event.delta.turn_no == self._turn_no:
                return encode("delta", {"turn": self._turn_no, "text": event.delta.text}), False
        elif self._streamed and kind == "reset" and event.reset.turn_no == self._turn_no:
            return encode("reset", {"turn": self._turn_no}), False
        return b"", False

    def _outcome(self, body: ReplyBody | SilentBody) -> bytes:
        return encode("reply", body) if self._streamed else dump(body)


def pending(accepted: AcceptedBody) -> PendingBody:
    """Stored, not yet answered."""
    return {"pending": True, **accepted}


def _silent(accepted: AcceptedBody, reason: str) -> SilentBody:
    """Stored, and nobody will answer."""
    return {"reply": None, "silent": reason, **accepted}


def _answered(accepted: AcceptedBody, reply: pb.Message) -> ReplyBody:
    return {
        "reply": reply.text,
        "meta": meta_to_json(reply.meta),
        "replyId": reply.id,
        "replySeq": reply.seq,
        **accepted,
    }
