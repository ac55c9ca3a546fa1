"""What a check talks to in tests: the simulator, whose answers can be replaced, and the gateway's real views."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wsgi import get_input_stream

from tests.simulator.running import RunningSimulator
from webhook_gateway import checking, commands
from webhook_gateway.accounts import configured
from webhook_gateway.channels import CHANNELS
from webhook_gateway.channels.channel import Channel
from webhook_gateway.webhooks import Webhooks


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


@dataclass
class Gateway:
    """The views of a gateway whose events go nowhere. `statuses` replace what it answers, by path."""

    url: str = ""
    channels: dict[str, Channel] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    # What came in, as events: a check must leave nothing behind.
    recorded: list[Any] = field(default_factory=list)

    def app(self) -> Flask:
        app = Flask(__name__, static_folder=None)
        Webhooks(self.channels, lambda events, _: self.recorded.extend(events)).register(app)
        app.add_url_rule("/healthz", "healthz", lambda: Response("alive"))
        app.add_url_rule("/readyz", "readyz", lambda: Response("ready"))

        @app.before_request
        def replace() -> Response | None:
            status = self.statuses.get(f"{request.method} {request.path}", self.statuses.get(request.path))
            return Response("replaced", status=status) if status else None

        return app


@contextmanager
def running_gateway() -> Iterator[Gateway]:
    """Any channel that is put into `channels`."""
    gateway = Gateway()
    app = gateway.app().wsgi_app

    def bounded(environ: Any, start_response: Any) -> Any:
        # As gunicorn does, and this server does not: the body ends where it ends.
        return app({**environ, "wsgi.input": get_input_stream(environ)}, start_response)

    server = make_server("127.0.0.1", 0, bounded, threaded=True, request_handler=_Quiet)
    gateway.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Stage:
    """One simulator, one gateway, and the settings of both."""

    def __init__(self, simulator: RunningSimulator, gateway: Gateway) -> None:
        self.simulator = simulator
        self.gateway = gateway
        # By path without its query: status and JSON in place of the simulator's.
        self.answers: dict[str, tuple[int, Any]] = {}
        # What is changed in the simulator's own answer.
        self.changes: dict[str, dict[str, Any]] = {}
        self.public_url = gateway.url
        simulator.inside.flask.before_request(self._replace)
        simulator.inside.flask.after_request(self._change)

    def _replace(self) -> Response | None:
        if found := self.answers.get(request.path):
            answer = jsonify(found[1])
            answer.status_code = found[0]
            return answer
        return None

    def _change(self, response: Response) -> Response:
        if changes := self.changes.get(request.path):
            body = response.get_json()
            inner = body.get("data", body)
            inner = body.get("result", inner) if isinstance(body.get("result"), dict) else inner
            inner.update(changes)
            response.set_data(jsonify(body).get_data())
        return response

    def run(
        self,
        variables: Mapping[str, str],
        monkeypatch: Any,
        *words: str,
        running: Mapping[str, str] | None = None,
        running_url: str = "",
    ) -> tuple[int, str]:
        """Exit status and output of `check`; `running…` are the settings of the gateway that runs, if others."""
        lines: list[str] = []
        self.gateway.channels.clear()
        self.gateway.channels.update(_configured(running or variables, monkeypatch, running_url or self.public_url))
        found = _configured(variables, monkeypatch, self.public_url)
        status = checking.check(commands.parse(CHANNELS, ["check", *words]), CHANNELS, found, lines.append)
        said = "\n".join(lines)
        for name, value in variables.items():
            if name.endswith(("_TOKEN", "_SECRET")):
                for secret in filter(None, value.split(",")):
                    assert secret not in said, f"{name} is shown: {said}"
        # Telegram has no update that says nothing.
        assert [event for event in self.gateway.recorded if event.channel != "telegram" or event.thread_key] == []
        return status, said


def _configured(variables: Mapping[str, str], monkeypatch: Any, public_url: str) -> dict[str, Channel]:
    with monkeypatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        return configured(CHANNELS, public_url)
