"""The chat's views: they check what comes in and hand over what has to be waited for."""

import re
import uuid

from flask import Flask, Response, request

from protos import conversation_pb2 as pb
from web_gateway.addresses import charged_address
from web_gateway.bodies import SessionBody, dump
from web_gateway.config import Network
from web_gateway.errors import ApiError, retry_later
from web_gateway.followers import Followers
from web_gateway.handover import FollowConversation, ListMessages, PostMessage, hand_over
from web_gateway.limits import Limits
from web_gateway.message_body import read_message
from web_gateway.messages import event_key, moment
from web_gateway.sessions import Session, Sessions

_JSON, _EVENTS = "application/json", "text/event-stream"
_REVISION = re.compile(r"[0-9]{1,18}")


class Chat:
    """The views under /chat."""

    def __init__(
        self, sessions: Sessions, limits: Limits, followers: Followers, trusted_proxies: tuple[Network, ...]
    ) -> None:
        self._sessions = sessions
        self._limits = limits
        self._followers = followers
        self._trusted_proxies = trusted_proxies

    def register(self, app: Flask) -> None:
        """Put the views where browsers find them."""
        app.add_url_rule("/chat/session", view_func=self.open_session, methods=["POST"])
        app.add_url_rule("/chat/message", view_func=self.post_message, methods=["POST"])
        app.add_url_rule("/chat/messages", view_func=self.list_messages, methods=["GET"])
        app.add_url_rule("/chat/events", view_func=self.follow, methods=["GET"])

    def open_session(self) -> Response:
        """A new session, or the caller's own with a new expiry. Nothing is written."""
        token = _bearer()
        session = self._sessions.open(None if token is None else self._sessions.find(token).id)
        body: SessionBody = {"sessionId": session.token, "expiresAt": moment(session.expires_at)}
        return Response(dump(body), mimetype=_JSON)

    def post_message(self) -> Response:
        """A message to be stored once and answered."""
        _require_json()
        body = read_message(request.get_data())
        token = _bearer()
        token = body.session_id if token is None else token
        session = self._sessions.open() if token is None else self._sessions.find(token)
        streamed = request.accept_mimetypes.best_match([_JSON, _EVENTS]) == _EVENTS
        if streamed and self._followers.full:
            raise retry_later("too_many_streams")  # before the message is written
        event = _event(session, body.message, body.client_message_id or str(uuid.uuid4()))
        limits = self._limits.charged(session.id, self._address())
        post = PostMessage(session.token, event, limits, streamed, _prefers_not_to_wait())
        return hand_over(post, _EVENTS if streamed else _JSON)

    def list_messages(self) -> Response:
        """A page of the session's history."""
        session = self._sessions.find(_bearer())
        return hand_over(ListMessages(session.id, _revision(request.args.get("after"))))

    def follow(self) -> Response:
        """Everything of the session's conversation from a revision on, as it happens."""
        session = self._sessions.find(_bearer())
        after = _revision(request.headers.get("Last-Event-ID") or request.args.get("after"))
        if self._followers.full:
            raise retry_later("too_many_streams")
        if request.method == "HEAD":
            return Response(mimetype=_EVENTS)
        return hand_over(FollowConversation(session.id, after, session.expires_at), _EVENTS)

    def _address(self) -> str:
        peer, forwarded_for = request.environ["REMOTE_ADDR"], request.headers.get("X-Forwarded-For", "")
        return charged_address(peer, forwarded_for, self._trusted_proxies)


def _event(session: Session, text: str, client_message_id: str) -> pb.Event:
    event = pb.Event(
        event_key=event_key(session.id, client_message_id.lower()),
        thread_key=session.id,
        conversation_id=session.id,
        surface=pb.SURFACE_LIVE,
        sender=pb.Sender(external_id=session.id),
        message=pb.MessageContent(text=text),
    )
    event.received_at.GetCurrentTime()
    return event


def _bearer() -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _prefers_not_to_wait() -> bool:
    return "respond-async" in request.headers.get("Prefer", "").lower()  # RFC 7240


def _require_json() -> None:
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype != _JSON or charset != "utf-8" or "Content-Encoding" in request.headers:
        raise ApiError(415, "content_type_invalid", "Send the body as Content-Type: application/json, not compressed.")


def _revision(text: str | None) -> int:
    if text is None:
        return 0
    if not _REVISION.fullmatch(text):
        raise ApiError(422, "after_invalid", '"after" must be a whole number from 0 on: the last "rev" that you saw.')
    return int(text)
