"""One message is one trace over all services that it passes, and one request id in their logs."""

import gzip
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from local_stack.postgres import PostgresServer
from tests.end_to_end.shop import running_shop

Span = tuple[str, str, str]  # service, trace id, name


class Collector(ThreadingHTTPServer):
    """Takes spans as OTLP over HTTP."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.spans: list[Span] = []


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            names = {attribute.key: attribute.value.string_value for attribute in resource.resource.attributes}
            for scope in resource.scope_spans:
                for span in scope.spans:
                    self.server.spans.append((names["service.name"], span.trace_id.hex(), span.name))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        pass


@contextmanager
def collecting() -> Iterator[Collector]:
    with Collector() as collector:
        thread = threading.Thread(target=collector.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield collector
        collector.shutdown()
        thread.join()


def test_one_message_is_one_trace_and_one_request_id(postgres_server: PostgresServer) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {
        "traceparent": f"00-{trace}-00f067aa0ba902b7-01",
        "X-Request-ID": "follow-me-7",
        "Accept": "text/event-stream",
    }
    with collecting() as collector:
        endpoint = f"http://127.0.0.1:{collector.server_address[1]}"
        settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_BSP_SCHEDULE_DELAY": "200", "LOG_LEVEL": "debug"}
        with running_shop(postgres_server, **settings) as (shop, fleet):
            shop.model.then("broken")
            answer = shop.post("hello", headers=headers)
            assert answer.headers["X-Request-ID"] == "follow-me-7"
            assert "event: reply" in answer.text
            deadline = time.monotonic() + 10
            services = {"web_gateway", "conversation_service", "llm_service"}
            while True:  # each process sends what has ended now and then
                spans = [(service, name) for service, found, name in collector.spans if found == trace]
                names = {name for _service, name in spans}
                if {service for service, _name in spans} == services and {"answer", "chat gpt-4o-mini"} <= names:
                    break
                assert time.monotonic() < deadline, collector.spans
                time.sleep(0.1)
            assert any(name.endswith("/Receive") for name in names)
            assert any(name.endswith("/GenerateReply") for name in names)
            for member in (*fleet.web, *fleet.llm):
                lines = [json.loads(line) for line in member.log().splitlines() if line.startswith("{")]
                assert any(line.get("request_id") == "follow-me-7" for line in lines), member
            assert shop.query("SELECT DISTINCT request_id FROM llm_calls WHERE request_id = 'follow-me-7'")
