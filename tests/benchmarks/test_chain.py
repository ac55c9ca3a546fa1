"""What the bare chain asks of the model, without its other processes."""

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from benchmarks.chain.llm import Model
from benchmarks.model_stub import Answers, Pace

ANSWER = Answers(Pace(tokens=5)).streamed


class Vendor(HTTPServer):
    """Keeps what it is asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        super().__init__(("127.0.0.1", 0), Connection)


class Connection(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.server.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.wfile.write(ANSWER)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_model_is_given_the_instructions_and_the_history_and_asked_for_a_stream(vendor: Vendor) -> None:
    async def answer() -> dict[str, Any]:
        async with Model(f"http://127.0.0.1:{vendor.server_port}/v1", "gpt-4o-mini", "Be kind.") as model:
            return await model.answer(
                {"history": [["customer", "Hi"], ["assistant", "Yes?"], ["customer", "Malmö"]]}, 0
            )

    answered = asyncio.run(answer())
    assert vendor.asked == [
        {
            "model": "gpt-4o-mini",
            "messages": [
                {"role": "system", "content": "Be kind."},
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": "Yes?"},
                {"role": "user", "content": "Malmö"},
            ],
            "max_tokens": 250,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    ]
    assert answered["text"] == "Yes, you can. Return shoes"
    assert answered["call"] | {"latencyMs": 0} == {
        "model": "gpt-4o-mini",
        "promptTokens": 200,
        "completionTokens": 5,
        "latencyMs": 0,
    }
