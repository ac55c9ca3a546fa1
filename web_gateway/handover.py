"""What a Flask view hands over to be waited for without a thread: notes, left in the request's environ."""

from dataclasses import dataclass
from typing import TypeAlias

from flask import Response, request

from web_gateway.bodies import AcceptedBody

KEY = "web_gateway.handover"


@dataclass(frozen=True, slots=True)
class FollowConversation:
    """Stream everything after a revision."""

    conversation_id: str
    after_rev: int


@dataclass(frozen=True, slots=True)
class AwaitReply:
    """Answer with the reply to an accepted message, or stream the way to it."""

    conversation_id: str
    turn_no: int
    accepted: AcceptedBody
    streamed: bool


@dataclass(frozen=True, slots=True)
class CheckReadiness:
    """Answer when the conversation service has."""


Handover: TypeAlias = FollowConversation | AwaitReply | CheckReadiness


def hand_over(what: Handover, mimetype: str) -> Response:
    """A response whose status and headers count; what it says comes from whoever takes over."""
    request.environ[KEY] = what
    return Response(mimetype=mimetype)
