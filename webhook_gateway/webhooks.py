"""GET and POST /webhooks/<channel>: the platforms' way in. A webhook is acknowledged once all of it is committed."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog
from flask import Flask, Response, request
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]

from chassis import context, traces
from chassis.faultpoints import faultpoint
from protos import conversation_pb2 as pb
from webhook_gateway import intake, metrics
from webhook_gateway.channels.channel import Channel, WebhookRequest
from webhook_gateway.errors import NotRecorded
from webhook_gateway.worker import QUEUED_KEY

_logger = structlog.get_logger()

BODY_LIMIT = 4 * 1024 * 1024
# After this it is answered, so that with all else the platform has its answer within 3 s.
_RECORD_SECONDS = 2.5
_RETRY_SECONDS = 5


class _Unacceptable(Exception):
    """The request is refused as HTTP, whoever sent it."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Webhooks:
    """The views of the channels that are configured."""

    def __init__(self, channels: Mapping[str, Channel], record: Callable[[Sequence[pb.Event], float], None]) -> None:
        """`record(events, deadline)` returns once they are committed, or raises NotRecorded."""
        self._channels = channels
        self._record = record

    def register(self, app: Flask) -> None:
        app.add_url_rule("/webhooks/<name>", "handshake", self._greet, methods=["GET"])
        app.add_url_rule("/webhooks/<name>", "webhook", self._receive, methods=["POST"])

    def _greet(self, name: str) -> Response:
        channel = self._channels.get(name)
        if channel is None:
            return Response(status=404)
        _bind()
        answer = channel.handshake(request.args)
        if answer is None:
            _logger.warning("handshake refused", channel=name)
            return Response(status=403)
        return Response(answer, mimetype="text/plain")

    def _receive(self, name: str) -> Response:
        channel = self._channels.get(name)
        if channel is None:
            return _closing(404)
        _bind()
        with traces.span(f"webhook {name}", "server", request.environ.get("HTTP_TRACEPARENT")):
            response = self._answer(channel)
        metrics.requests.labels(name, str(response.status_code)).inc()
        return response

    def _answer(self, channel: Channel) -> Response:
        started = time.monotonic()
        try:
            body = _read_body(request.environ)
        except _Unacceptable as error:
            _logger.warning("webhook not read", channel=channel.name, status=error.status)
            return _closing(error.status, str(error))
        deadline = time.monotonic() + _RECORD_SECONDS - request.environ.get(QUEUED_KEY, 0.0)
        webhook = WebhookRequest(_headers(request.environ), body, _query(request.environ))
        proven = channel.proven(webhook)
        if not proven:
            _logger.warning("webhook refused", channel=channel.name)
            return Response(status=403)
        faultpoint("webhook.received")
        try:
            self._record(intake.read(channel, webhook, proven, deadline), deadline)
        except NotRecorded as error:
            _logger.warning("webhook not recorded", channel=channel.name, reason=str(error))
            return Response(status=503, headers={"Retry-After": str(_RETRY_SECONDS)})
        faultpoint("webhook.recorded")
        metrics.seconds.labels(channel.name).observe(time.monotonic() - started)
        text, media_type = channel.acknowledgement(webhook)
        return Response(text, mimetype=media_type)


def _bind() -> None:
    """Log lines name this request, and not the one before it of the same thread."""
    context.bind(request.environ.get("HTTP_X_REQUEST_ID"))


def _read_body(environ: Mapping[str, Any]) -> bytes:
    """The bytes as they came over the wire. Raises _Unacceptable."""
    if environ.get("HTTP_CONTENT_ENCODING", "").lower() not in ("", "identity"):
        raise _Unacceptable(415, "Send the body without Content-Encoding: its bytes are what is signed.")
    declared = int(environ.get("CONTENT_LENGTH") or 0)  # gunicorn has checked that it is a number
    if declared > BODY_LIMIT:
        raise _Unacceptable(413, f"The body is larger than {BODY_LIMIT} bytes.")
    try:
        body: bytes = environ["wsgi.input"].read(BODY_LIMIT + 1)
    except (OSError, ParseException):
        raise _Unacceptable(400, "The body is cut off or malformed.") from None
    if len(body) > BODY_LIMIT:
        raise _Unacceptable(413, f"The body is larger than {BODY_LIMIT} bytes.")
    if len(body) < declared:
        raise _Unacceptable(400, "The body ended before its declared length.")
    return body


def _headers(environ: Mapping[str, Any]) -> dict[str, str]:
    headers = {key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")}
    headers["content-type"] = environ.get("CONTENT_TYPE", "")
    return headers


def _query(environ: Mapping[str, Any]) -> str:
    query = environ.get("QUERY_STRING", "")
    return f"?{query}" if query else ""


def _closing(status: int, text: str = "") -> Response:
    """An answer to a request whose body was not read to its end."""
    return Response(text, status=status, mimetype="text/plain", headers={"Connection": "close"})
