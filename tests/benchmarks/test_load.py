"""The model stub and the load generator, each a process, against one another and against servers that misbehave."""

import asyncio
import contextlib
import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from benchmarks.generator import Generator
from benchmarks.load.plan import Outcome, Plan
from benchmarks.model_stub import Pace, pace_body
from benchmarks.processes import BenchmarkError
from llm_service.providers.event_lines import EventLines
from tests.ports import free_port


@pytest.fixture
def model() -> Iterator[int]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.model_stub", str(port)])
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                ask(port, "GET", "/", b"")
                break
        yield port
    finally:
        process.kill()
        process.wait()


def ask(port: int, method: str, path: str, body: bytes) -> tuple[int, bytes, float]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        began = time.monotonic()
        connection.request(method, path, body)
        response = connection.getresponse()
        return response.status, response.read(), time.monotonic() - began


def complete(port: int, stream: bool) -> tuple[str, float]:
    status, body, seconds = ask(port, "POST", "/v1/chat/completions", json.dumps({"stream": stream}).encode())
    assert status == 200
    if not stream:
        return json.loads(body)["choices"][0]["message"]["content"], seconds
    chunks = [json.loads(line) for line in EventLines().feed(body) if line != b"[DONE]"]
    return "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks if chunk["choices"]), seconds


@pytest.mark.parametrize("pace", [Pace(tokens=7), Pace(delay=0.2, tokens=7), Pace(0.1, 7, 0.05)])
def test_the_model_says_the_same_at_the_same_time_streamed_and_whole(model: int, pace: Pace) -> None:
    assert ask(model, "PUT", "/pace", pace_body(pace))[0] == 204
    (streamed, first), (whole, second) = complete(model, True), complete(model, False)
    assert streamed == whole == "Yes, you can. Return shoes within 30"
    assert min(first, second) >= pace.delay + 6 * pace.interval


@contextmanager
def answering(answer: bytes) -> Iterator[int]:
    """A server that gives every request the same answer."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
                await reader.readexactly(length)
                writer.write(answer)
                if not answer:
                    break
        writer.close()

    async def serve() -> None:
        server = await asyncio.start_server(handle, "127.0.0.1", port)
        listening.set()
        async with server:
            await stopped.wait()

    port, listening, stopped, loop = free_port(), threading.Event(), asyncio.Event(), asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert listening.wait(5)
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join(5)
        loop.run_until_complete(asyncio.sleep(0.01))
        loop.close()


def outcome(plan: Plan) -> Outcome:
    with Generator(plan) as generator:
        generator.begin()
        return generator.outcome()


REPLY = b'{"sessionId":"s","usedFallback":%s}'


def answer(status: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


def test_turns_are_counted_and_timed_for_as_long_as_they_were_asked_for() -> None:
    with answering(answer(b"200 OK", REPLY % b"false")) as port:
        result = outcome(Plan("turns", port, in_flight=3, seconds=0.3, pause=0.01))
    assert 3 < result.turns < 100
    assert result.seconds == pytest.approx(0.3, abs=0.2)
    assert all(0 < seconds < 0.3 for seconds in result.latencies)


def test_customers_of_a_burst_say_one_thing_each() -> None:
    with answering(answer(b"200 OK", REPLY % b"false")) as port:
        assert outcome(Plan("turns", port, in_flight=7, seconds=0, spread=0.1)).turns == 7


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (answer(b"503 Busy", b"{}"), "1 requests failed, the first with 503"),
        (answer(b"200 OK", REPLY % b"true"), "answers were not the model's"),
        (b"", "closed before the answer was complete"),
    ],
)
def test_what_is_no_answer_fails_the_figure(given: bytes, said: str) -> None:
    with answering(given) as port, pytest.raises(BenchmarkError, match=said):
        outcome(Plan("turns", port, seconds=0))


def test_a_stream_without_text_fails_the_figure() -> None:
    stream = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    with answering(stream) as port, pytest.raises(BenchmarkError, match="1 requests failed"):
        outcome(Plan("turns", port, seconds=0, streamed=True))


def test_a_generator_that_cannot_connect_says_so() -> None:
    with pytest.raises(BenchmarkError, match=r"the load generator failed: .*Connect"):
        outcome(Plan("turns", free_port()))
