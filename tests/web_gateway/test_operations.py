"""What operators see: start, settings, logs, metrics, traces."""

import http.server
import json
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator

import pytest
import requests

from tests.ports import free_port
from tests.web_gateway.event_streams import follow
from tests.web_gateway.gateways import ROOT, Gateway, bearer, environment, running, wait_until
from tests.web_gateway.stand_in import Running


def start(**settings: object) -> tuple[int, list[str]]:
    """Exit code and lines of a gateway that should not start."""
    env = environment("127.0.0.1:9", **settings)
    env = {name: value for name, value in env.items() if value != "None"}
    done = subprocess.run(
        [sys.executable, "-m", "web_gateway"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    return done.returncode, (done.stdout + done.stderr).splitlines()


@pytest.mark.parametrize("setting", ["WEB_GATEWAY_PORT", "WEB_GATEWAY_METRICS_PORT"])
def test_a_taken_port_is_one_clear_line(setting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, lines = start(**{setting: port})
    assert code == 2
    assert len(lines) == 1
    assert f"127.0.0.1:{port}" in lines[0]
    assert setting in lines[0]


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("SESSION_SECRET", None, "is not set"),
        ("SESSION_SECRET", "hunter2", "shorter than 32"),
        ("SESSION_SECRET", "change-me-change-me-change-me-change-me", "looks like an example"),
        ("SESSION_SECRET", "a" * 64, "looks like an example"),
        ("SESSION_SECRET_PREVIOUS", "my-secret-my-secret-my-secret-my-secret", "looks like an example"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, nonsense", "IPv4"),
        ("WEB_GATEWAY_WORKERS", "0", "greater than or equal to 1"),
        ("HOST", "not an address", "cannot be opened"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not_shown(setting: str, value: str | None, said: str) -> None:
    code, lines = start(**{setting: value})
    assert code == 2
    assert setting in lines[0]
    assert said in lines[0]
    if "SECRET" in setting and value:
        assert value not in "\n".join(lines)


def test_each_request_is_one_line_without_token_query_or_text(gateway: Gateway) -> None:
    token, name, text = gateway.session(), uuid.uuid4().hex, f"a private matter {uuid.uuid4()}"
    answer = gateway.say(text, token, headers={"X-Request-ID": name})
    assert answer.headers["X-Request-ID"] == name
    wait_until(lambda: bool(gateway.log_of(name)))
    (line,) = gateway.log_of(name)
    assert (line["event"], line["method"], line["path"], line["status"]) == ("request", "POST", "/chat/message", 200)
    assert line["ms"] > 0
    other = gateway.get("/chat/messages", token, params={"after": 0, "sessionId": token}).headers["X-Request-ID"]
    wait_until(lambda: bool(gateway.log_of(other)))
    assert gateway.log_of(other)[0]["path"] == "/chat/messages"
    for secret in (token, token.split(".")[3], text):
        assert secret not in gateway.log()


def test_a_stream_is_one_line_with_its_end(gateway: Gateway) -> None:
    with follow(gateway, gateway.session()) as stream:
        name = stream.response.headers["X-Request-ID"]
    wait_until(lambda: bool(gateway.log_of(name)))
    (line,) = gateway.log_of(name)
    assert (line["status"], line["end"]) == (200, "left")


@pytest.mark.parametrize("name", ["a b", "x" * 65, "é", "a/b", '"', "<script>"])
def test_an_implausible_request_id_is_replaced(gateway: Gateway, name: str) -> None:
    answer = gateway.get("/healthz", headers={"X-Request-ID": name.encode()})
    assert len(answer.headers["X-Request-ID"]) == 32


def test_the_request_id_goes_along_to_the_service(gateway: Gateway, service: Running) -> None:
    name = uuid.uuid4().hex
    assert gateway.say("hi", headers={"X-Request-ID": name}).ok
    assert service.service.metadata[-1]["x-request-id"] == name


def test_metrics_count_over_all_workers_and_name_no_address(gateway: Gateway) -> None:
    figure = 'web_gateway_requests_total{method="GET",route="unmatched",status="404"}'
    before = gateway.metric(figure)
    for number in range(30):
        gateway.get(f"/made-up/{number}")
    wait_until(lambda: gateway.metric(figure) == before + 30)
    assert gateway.metric('web_gateway_request_seconds_count{route="unmatched"}') >= before + 30


class Collector(http.server.BaseHTTPRequestHandler):
    """Takes spans and keeps their bytes."""

    received: bytes = b""

    def do_POST(self) -> None:
        type(self).received += self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Collector) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_trace_comes_in_is_kept_and_goes_on(service: Running, collector: str) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    parent = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    with running(service.address, otel_exporter_otlp_endpoint=collector, web_gateway_workers=1) as gateway:
        assert gateway.say("hi", headers=parent).ok
        onward = service.service.metadata[-1]["traceparent"]
        with follow(gateway, gateway.session(), headers=parent):
            pass
        gateway.process.terminate()
        assert gateway.process.wait(10) == 0
    assert onward.split("-")[1] == trace
    assert onward.split("-")[2] != "00f067aa0ba902b7"
    assert Collector.received.count(bytes.fromhex(trace)) == 2
    assert b"/chat/message" in Collector.received
    assert b"/chat/events" in Collector.received


def test_the_openapi_document_names_every_path_and_resolves(gateway: Gateway) -> None:
    document = gateway.get("/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    assert set(document["paths"]) == {
        "/chat/session",
        "/chat/message",
        "/chat/messages",
        "/chat/events",
        "/healthz",
        "/readyz",
    }
    schemas = document["components"]["schemas"]
    references = {part.split('"')[0] for part in json.dumps(document).split("#/components/schemas/")[1:]}
    assert references <= set(schemas)
    assert schemas["MessageBody"]["properties"]["message"]["maxLength"] == 4000


def test_every_answer_carries_the_security_headers(gateway: Gateway) -> None:
    token = gateway.session()
    answers = [
        gateway.get("/healthz"),
        gateway.get("/nowhere"),
        gateway.get("/chat/messages", token),
        gateway.get("/chat/messages"),
        gateway.post("/chat/message", data=b"x" * 70_000),
        gateway.get("/openapi.json"),
        gateway.get("/"),
    ]
    with follow(gateway, token) as stream:
        answers.append(stream.response)
    for answer in answers:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert answer.headers["X-Request-ID"]


def test_the_page_allows_only_its_own_files(gateway: Gateway) -> None:
    answer = gateway.get("/")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'"
    )


def test_the_page_and_its_files_are_asked_for_again_and_not_sent_again(gateway: Gateway) -> None:
    for path in ("/", "/static/index.html"):
        first = gateway.get(path)
        assert first.headers["Cache-Control"] == "no-cache"
        again = gateway.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/chat/messages", "/chat/events"])
def test_head_is_answered_without_a_body(gateway: Gateway, path: str) -> None:
    answer = requests.head(f"{gateway.url}{path}", headers=bearer(gateway.session()), timeout=5)
    assert (answer.status_code, answer.content) == (200, b"")
    assert "dropping per RFC 9110" not in gateway.log()
