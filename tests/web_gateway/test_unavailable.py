"""The conversation service refuses, is slow, or is not there: the answer comes in time and says when to try again."""

import asyncio
import math
import socket
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
import requests

from tests.web_gateway.event_streams import follow
from tests.web_gateway.gateways import Gateway, running, wait_until
from tests.web_gateway.stand_in import Running

Behaviour = Callable[[Any, Any], Awaitable[None]]


def refusing(code: grpc.StatusCode, details: str = "", retry_after_ms: str = "") -> Behaviour:
    async def refuse(_request: Any, context: Any) -> None:
        if retry_after_ms:
            context.set_trailing_metadata((("retry-after-ms", retry_after_ms),))
        await context.abort(code, details)

    return refuse


async def never(_request: Any, _context: Any) -> None:
    await asyncio.sleep(60)


def error_of(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.parametrize(
    ("code", "details", "status", "error"),
    [
        (grpc.StatusCode.UNAVAILABLE, "the database is not available", 503, "unavailable"),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "", 503, "unavailable"),
        (grpc.StatusCode.UNKNOWN, "", 503, "unavailable"),
        (grpc.StatusCode.UNAUTHENTICATED, "SERVICE_TOKEN of caller and callee differ", 503, "unavailable"),
        (grpc.StatusCode.INTERNAL, "a defect", 500, "internal"),
        (grpc.StatusCode.INVALID_ARGUMENT, "a defect", 500, "internal"),
    ],
)
def test_a_failed_call_is_answered_in_our_own_words(
    gateway: Gateway, service: Running, code: grpc.StatusCode, details: str, status: int, error: str
) -> None:
    service.service.receive = refusing(code, details)
    token = gateway.session()
    for answer in (gateway.say("hi", token), gateway.get("/chat/messages", token)):
        assert error_of(answer) == (status, error)
        assert not details or details not in answer.text
        assert answer.headers.get("Retry-After") in ({"1", "2"} if status == 503 else {None})


@pytest.mark.parametrize(
    ("details", "retry_after_ms", "status", "error", "retry_after"),
    [
        ("rate_limited", "2400", 429, "rate_limited", "3"),
        ("rate_limited: session", "1", 429, "rate_limited", "1"),
        ("rate_limited", "0", 429, "rate_limited", "1"),
        ("rate_limited", "", 429, "rate_limited", "1"),
        ("rate_limited", "soon", 429, "rate_limited", "1"),
        ("overloaded", "5000", 503, "overloaded", "5"),
        ("", "", 503, "overloaded", "1"),
    ],
)
def test_an_exhausted_service_says_when_to_come_back(
    gateway: Gateway,
    service: Running,
    details: str,
    retry_after_ms: str,
    status: int,
    error: str,
    retry_after: str,
) -> None:
    service.service.receive = refusing(grpc.StatusCode.RESOURCE_EXHAUSTED, details, retry_after_ms)
    answer = gateway.say("hi")
    assert error_of(answer) == (status, error)
    assert answer.headers["Retry-After"] == retry_after


def test_limits_hold_over_worker_processes(service: Running) -> None:
    """The state is where the conversations are: whichever worker a message goes through, it is charged once."""
    charged: Counter[str] = Counter()

    async def limit(request: Any, context: Any) -> None:
        for allowance in request.rate_limits:
            charged[allowance.key] += 1
            if charged[allowance.key] > allowance.burst:
                await refusing(grpc.StatusCode.RESOURCE_EXHAUSTED, "rate_limited", "1500")(request, context)

    with running(
        service.address,
        session_messages_per_minute=30,
        session_messages_burst=10,
        address_messages_per_minute=600,
        address_messages_burst=25,
    ) as gateway:
        service.service.receive = limit
        token, other = gateway.session(), gateway.session()
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: gateway.say("hi", token), range(16)))
            assert Counter(answer.status_code for answer in answers) == {200: 10, 429: 6}
            assert {answer.headers["Retry-After"] for answer in answers if answer.status_code == 429} == {"2"}
            # The address has 15 left, and a new session for each message is no way around that.
            answers = list(pool.map(lambda _: gateway.say("hi"), range(16)))
            assert Counter(answer.status_code for answer in answers) == {200: 15, 429: 1}
        assert gateway.say("hi", other).status_code == 429
        assert gateway.metric("web_gateway_rate_limited_total") == 8
    assert all(len(key) == 64 and "127.0.0.1" not in key for key in charged)


def test_a_service_that_does_not_answer_costs_a_client_three_seconds_at_most(
    gateway: Gateway, service: Running
) -> None:
    service.service.receive = never
    started = time.monotonic()
    assert error_of(gateway.say("hi")) == (503, "unavailable")
    assert time.monotonic() - started < 3.3


def test_many_callers_of_a_service_that_does_not_answer_are_all_refused_in_time(
    impatient: Gateway, service: Running
) -> None:
    """However many wait, no thread is held: probes and sessions are answered all the while."""
    service.service.receive = never
    with ThreadPoolExecutor(60) as pool:
        started = time.monotonic()
        calls = [pool.submit(impatient.say, "hi") for _ in range(60)]
        time.sleep(0.5)
        for _ in range(5):
            for probe in (impatient.get("/healthz"), impatient.post("/chat/session")):
                assert probe.ok
                assert probe.elapsed.total_seconds() < 0.3
        answers = [call.result() for call in calls]
        assert time.monotonic() - started < 4.5
    assert {answer.status_code for answer in answers} == {503}
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in answers)


def test_a_service_that_is_not_there_is_said_so_and_found_again(gateway: Gateway, service: Running) -> None:
    assert gateway.get("/readyz").json() == {"status": "ready"}
    service.stop()
    try:
        wait_until(lambda: gateway.get("/readyz").status_code == 503)
        assert error_of(gateway.get("/readyz")) == (503, "not_ready")
        assert gateway.get("/healthz").json() == {"status": "alive"}
        answer = gateway.say("hi")
        assert error_of(answer) == (503, "unavailable")
        assert answer.elapsed.total_seconds() < 3.3
        with follow(gateway, gateway.session()):
            pass  # a stream may wait for the service to come back
    finally:
        service.start()
    wait_until(lambda: gateway.get("/readyz").status_code == 200, 10)
    wait_until(lambda: gateway.say("hi").status_code == 200, 10)


@pytest.fixture
def black_hole() -> Iterator[str]:
    """An address that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_before_an_address_that_never_answers_everything_still_ends_in_time(black_hole: str) -> None:
    with running(black_hole, web_gateway_workers=1) as gateway:
        ready = gateway.get("/readyz")
        assert error_of(ready) == (503, "not_ready")
        assert math.ceil(ready.elapsed.total_seconds()) <= 2
        answer = gateway.say("hi")
        assert error_of(answer) == (503, "unavailable")
        assert answer.elapsed.total_seconds() < 3.3
        assert gateway.get("/healthz").elapsed.total_seconds() < 0.3
