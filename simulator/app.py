"""The composition root: all of the simulator's parts in one Flask application."""

from collections.abc import Iterable
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from simulator import control, page
from simulator.accounts import Account, Accounts
from simulator.acting import Acting
from simulator.api import graph, telegram, twilio
from simulator.load import Driver
from simulator.misbehaviour import Script
from simulator.platforms import registry
from simulator.platforms.platform import Json, Platform, Refusal
from simulator.platforms.telegram import Telegram
from simulator.platforms.twilio import Twilio
from simulator.postman import Postman
from simulator.sending import Closing, Garbled, Sending
from simulator.world import World

_LARGEST_BODY = 16 * 1024 * 1024


class Simulator:
    """One run of all platforms; `flask` is what a server serves."""

    def __init__(self, accounts: Iterable[Account], gateway_url: str, url: str, public_url: str = "") -> None:
        self.url = url
        self.postman = Postman(gateway_url, public_url)
        self.world = World(Accounts(accounts), self.postman.public_url)
        self.script = Script()
        self.platforms = registry.create()
        self.acting = Acting(self.world, self.platforms, self.postman, url)
        self.sending = Sending(self.world, self.script, self.postman)
        self.flask = _create_flask(self)

    def close(self) -> None:
        """Nothing waits, and nothing is posted, any longer."""
        self.world.close()
        self.postman.close()


def _create_flask(simulator: Simulator) -> Flask:
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_BODY
    app.json.sort_keys = False  # type: ignore[attr-defined]
    world, sending, platforms = simulator.world, simulator.sending, simulator.platforms
    driver = Driver(world, platforms, simulator.postman, simulator.acting)
    app.register_blueprint(control.create(world, simulator.script, simulator.postman, simulator.acting, driver))
    app.register_blueprint(graph.create(world, platforms, sending))
    app.register_blueprint(telegram.create(world, _the(platforms, Telegram), sending))
    app.register_blueprint(twilio.create(world, _the(platforms, Twilio), sending))
    page.register(app)
    for probe in ("healthz", "readyz"):
        app.add_url_rule(f"/{probe}", probe, lambda: {"status": "ready"})
    app.register_error_handler(Refusal, _refuse)
    app.register_error_handler(Closing, _close)
    app.register_error_handler(Garbled, lambda _: Response("<html>Bad gateway</html>", mimetype="text/html"))
    app.register_error_handler(HTTPException, _refuse_http)
    return app


def _the(platforms: dict[str, Platform], wanted: type[Any]) -> Any:
    return next(platform for platform in platforms.values() if isinstance(platform, wanted))


def _refuse(refusal: Refusal) -> tuple[Json, int, dict[str, str]]:
    return refusal.body, refusal.status, refusal.headers


def _close(_: Closing) -> Response:
    """The server sees the mark, and closes the connection instead of answering."""
    request.environ["simulator.close"] = True
    return Response()


def _refuse_http(error: HTTPException) -> tuple[Json, int]:
    return {"error": {"message": f"{error.name}: see simulator/control.py", "code": error.code}}, error.code or 500
