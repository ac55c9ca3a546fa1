"""The composition root of a worker process: settings in, one ASGI application out."""

from pathlib import Path

import grpc.aio
import structlog
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from chassis import logs, metrics, traces
from chassis.channel import Peer
from chassis.credentials import Credentials
from web_gateway import openapi, page
from web_gateway.asgi import Gateway
from web_gateway.bodies import dump
from web_gateway.chat import Chat
from web_gateway.config import WebGatewaySettings
from web_gateway.conversations import KEYED_METHODS, Conversations
from web_gateway.errors import ApiError, internal
from web_gateway.flask_call import ROUTE_KEY
from web_gateway.followers import Followers
from web_gateway.handover import CheckReadiness, hand_over
from web_gateway.limits import Allowance, Limits
from web_gateway.sessions import Sessions
from web_gateway.waiting import Waiting

_logger = structlog.get_logger()


def create_app(settings: WebGatewaySettings) -> Gateway:
    """Call it in the worker, after the fork: gRPC channels and threads do not survive one."""
    logs.configure("web_gateway", settings.log_level)
    traces.configure("web_gateway", settings.otel_exporter_otlp_endpoint)
    metrics.serve(settings.host, settings.web_gateway_metrics_port)
    peer = Peer(settings.conversation_service_address, Credentials(settings), KEYED_METHODS)
    followers = Followers(
        peer, settings.web_account, settings.web_gateway_heartbeat_seconds, settings.web_gateway_max_streams
    )

    def wait_with(channel: grpc.aio.Channel) -> Waiting:
        conversations = Conversations(peer, channel, settings.web_account)
        return Waiting(conversations, followers, channel, settings.web_gateway_reply_seconds)

    flask = create_flask(_create_chat(settings, followers))
    return Gateway(flask, followers, peer, wait_with, settings.web_gateway_read_seconds)


def _create_chat(settings: WebGatewaySettings, followers: Followers) -> Chat:
    secrets = [settings.session_secret, settings.session_secret_previous]
    keys = [secret.get_secret_value().encode() for secret in secrets if secret]
    limits = Limits(
        keys[0],
        session=Allowance(settings.session_messages_per_minute, settings.session_messages_burst),
        address=Allowance(settings.address_messages_per_minute, settings.address_messages_burst),
    )
    sessions = Sessions(keys, settings.session_days * 86_400)
    return Chat(sessions, limits, followers, settings.trusted_proxies)


def create_flask(chat: Chat) -> Flask:
    """Everything that is answered at once, and the views that hand over."""
    app = Flask(__name__, static_folder=str(Path(__file__).parent / "static"), static_url_path="/static")
    document = dump(openapi.document())
    chat.register(app)
    page.register(app)
    app.add_url_rule("/healthz", "healthz", lambda: Response(dump({"status": "alive"}), mimetype="application/json"))
    app.add_url_rule("/readyz", "readyz", lambda: hand_over(CheckReadiness()))
    app.add_url_rule("/openapi.json", "openapi", lambda: Response(document, mimetype="application/json"))
    app.register_error_handler(ApiError, _refuse)
    app.register_error_handler(HTTPException, _refuse_http)
    app.register_error_handler(Exception, _refuse_defect)
    app.after_request(_complete)
    return app


def _refuse(error: ApiError) -> Response:
    return Response(error.body(), error.status, error.headers, mimetype="application/json")


def _refuse_http(error: HTTPException) -> Response:
    """What Flask itself refuses: no such address, no such method."""
    status = error.code or 500
    if status < 400:
        return Response(status=status, headers=error.get_headers(request.environ))
    name = error.name.lower().replace(" ", "_")
    kept = {key: value for key, value in error.get_headers(request.environ) if key == "Allow"}
    return _refuse(ApiError(status, name, f"{error.name}: see /openapi.json for what there is.", kept))


def _refuse_defect(_error: Exception) -> Response:
    _logger.exception("request failed")  # noqa: LOG004 - Flask calls this within its handler
    return _refuse(internal())


def _complete(response: Response) -> Response:
    """Headers that every answer has."""
    for name, value in page.SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    if response.mimetype == "text/event-stream":
        response.headers["X-Accel-Buffering"] = "no"  # nginx would hold events back
    if request.url_rule:
        request.environ[ROUTE_KEY] = request.url_rule.rule
    return response
