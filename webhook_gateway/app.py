"""The composition root of a worker process: settings and accounts in, one WSGI application out."""

from collections.abc import Mapping

import structlog
from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from chassis import logs, metrics, traces
from chassis.channel import Peer
from chassis.credentials import Credentials
from webhook_gateway.channels.channel import Channel
from webhook_gateway.config import WebhookGatewaySettings
from webhook_gateway.conversations import KEYED_METHODS, Conversations
from webhook_gateway.webhooks import Webhooks

_logger = structlog.get_logger()


def create_app(settings: WebhookGatewaySettings, channels: Mapping[str, Channel]) -> Flask:
    """Call it in the worker, after the fork: gRPC channels and threads do not survive one."""
    logs.configure("webhook_gateway", settings.log_level)
    traces.configure("webhook_gateway", settings.otel_exporter_otlp_endpoint)
    metrics.serve(settings.host, settings.webhook_gateway_metrics_port)
    peer = Peer(settings.conversation_service_address, Credentials(settings), KEYED_METHODS)
    conversations = Conversations(peer)
    app = Flask(__name__, static_folder=None)
    Webhooks(channels, conversations.record).register(app)
    app.add_url_rule("/healthz", "healthz", lambda: Response("alive", mimetype="text/plain"))
    app.add_url_rule("/readyz", "readyz", lambda: _readiness(conversations))
    app.register_error_handler(HTTPException, _refuse)
    app.register_error_handler(Exception, _refuse_defect)
    app.after_request(_complete)
    return app


def _readiness(conversations: Conversations) -> Response:
    if conversations.ready():
        return Response("ready", mimetype="text/plain")
    return Response("not ready", status=503, mimetype="text/plain", headers={"Retry-After": "1"})


def _refuse(error: HTTPException) -> Response:
    """What Flask itself refuses: no such address, no such method."""
    allowed = {name: value for name, value in error.get_headers() if name == "Allow"}
    return Response(status=error.code or 500, headers={**allowed, "Connection": "close"})


def _refuse_defect(_error: Exception) -> Response:
    _logger.exception("request failed")  # noqa: LOG004 - Flask calls this within its handler
    return Response(status=500)


def _complete(response: Response) -> Response:
    """Headers that every answer has."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response
