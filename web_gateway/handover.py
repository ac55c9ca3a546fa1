"""What a Flask view hands over to be waited for: notes, left in the request's environ.

Views check and decide; they never wait, so they run in the event loop itself, without a thread of their own.
"""

from dataclasses import dataclass
from typing import TypeAlias

from flask import Response, request

from protos.conversation_pb2 import Event, RateLimit

KEY = "web_gateway.handover"


@dataclass(frozen=True, slots=True)
class PostMessage:
    """Record a message, then answer with its reply, or stream the way to it, or do not wait."""

    token: str  # of the session, for the answer
    event: Event
    limits: list[RateLimit]
    streamed: bool
    respond_async: bool


@dataclass(frozen=True, slots=True)
class ListMessages:
    """Answer with a page of the history."""

    conversation_id: str
    after_rev: int


@dataclass(frozen=True, slots=True)
class FollowConversation:
    """Stream everything after a revision, as long as the session lasts."""

    conversation_id: str
    after_rev: int
    expires_at: int  # in seconds since 1970


@dataclass(frozen=True, slots=True)
class CheckReadiness:
    """Answer when the conversation service has."""


Handover: TypeAlias = PostMessage | ListMessages | FollowConversation | CheckReadiness


def hand_over(what: Handover, mimetype: str = "application/json") -> Response:
    """A response whose headers count; what it says comes from whoever takes over."""
    request.environ[KEY] = what
    return Response(mimetype=mimetype)
