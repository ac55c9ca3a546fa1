"""Server-sent events: what a follower of a conversation is shown, as bytes of a text/event-stream."""

from collections.abc import Callable

from protos.conversation_pb2 import FollowEvent
from web_gateway.bodies import dump
from web_gateway.messages import author_name, to_json

COMMENT = b":\n\n"  # keeps proxies from closing a quiet stream


def encode(name: str, data: object, event_id: int | None = None) -> bytes:
    """One event; JSON has no line breaks of its own, so `data` is always one line."""
    mark = b"id: %d\n" % event_id if event_id is not None else b""
    return b"%sevent: %s\ndata: %s\n\n" % (mark, name.encode(), dump(data))


def of_conversation(event: FollowEvent) -> bytes:
    """What GET /chat/events shows of an event; nothing for kinds of a newer contract."""
    show = _SHOWN.get(event.WhichOneof("event") or "")
    return show(event) if show else b""


def _owner(event: FollowEvent) -> bytes:
    change = event.ownership
    return encode("owner", {"owner": author_name(change.owner), "rev": change.rev}, change.rev)


_SHOWN: dict[str, Callable[[FollowEvent], bytes]] = {
    "message": lambda event: encode("message", to_json(event.message), event.message.rev),
    "delta": lambda event: encode("delta", {"turn": event.delta.turn_no, "text": event.delta.text}),
    "reset": lambda event: encode("reset", {"turn": event.reset.turn_no}),
    "typing": lambda event: encode(
        "typing", {"author": author_name(event.typing.author), "active": event.typing.active}
    ),
    "ownership": _owner,
    "turn_silent": lambda event: encode(
        "silent", {"turn": event.turn_silent.turn_no, "reason": event.turn_silent.reason}
    ),
}
