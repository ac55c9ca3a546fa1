"""HTTP as it should not be sent: bodies too large, too slow or of another length, and connections that hold on."""

import json
import socket
import time

import pytest

from tests.web_gateway.gateways import Gateway, read_to_end, wait_until
from tests.web_gateway.stand_in import Running

POST = b"POST /chat/message HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
LIMIT = 64 * 1024


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def read(answer: bytes) -> tuple[int, str]:
    """Status and error code of one raw response."""
    head, _, content = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/json" in head.lower()
    assert b"connection: close" in head.lower()
    return int(head.split()[1]), json.loads(content)["error"]["code"]


def test_a_declared_body_over_the_limit_is_refused_before_it_is_read(gateway: Gateway) -> None:
    answer = gateway.raw(POST + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % (LIMIT + 1))
    assert not answer.startswith(b"HTTP/1.1 100")
    assert read(answer) == (413, "body_too_large")


def test_a_client_that_sends_its_large_body_anyway_still_gets_the_answer(gateway: Gateway) -> None:
    size = 600_000
    answer = gateway.raw(POST + b"Content-Length: %d\r\n\r\n" % size, b"x" * size)
    assert read(answer) == (413, "body_too_large")


def test_a_chunked_body_over_the_limit_is_refused(gateway: Gateway) -> None:
    parts = [chunk(b"x" * 8192)] * 9
    answer = gateway.raw(POST + b"Transfer-Encoding: chunked\r\n\r\n", *parts, b"0\r\n\r\n")
    assert read(answer) == (413, "body_too_large")


def test_an_endless_chunked_body_is_refused(gateway: Gateway) -> None:
    with gateway.connect() as connection:
        connection.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        connection.settimeout(0.01)
        answer = b""
        started = time.monotonic()
        while time.monotonic() - started < 8:
            try:
                connection.sendall(chunk(b"x" * 4096))
                answer += connection.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                break
        assert read(answer) == (413, "body_too_large")


def test_a_body_of_the_limit_is_read(gateway: Gateway) -> None:
    content = b'{"message": "hi", "more": "' + b"x" * (LIMIT - 29) + b'"}'
    assert len(content) == LIMIT
    assert gateway.post("/chat/message", data=content, headers={"Content-Type": "application/json"}).ok


def test_a_chunked_body_within_the_limit_is_read(gateway: Gateway) -> None:
    content = (part for part in (b'{"mess', b'age": "in ', b'chunks"}'))
    answer = gateway.post("/chat/message", data=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200


def test_a_body_shorter_than_declared_is_refused_in_time(impatient: Gateway) -> None:
    started = time.monotonic()
    answer = impatient.raw(POST + b'Content-Length: 100\r\n\r\n{"message": "hi"}')
    assert read(answer) == (408, "body_too_slow")
    assert time.monotonic() - started < 4


def test_a_body_that_drips_is_refused_in_time(impatient: Gateway) -> None:
    with impatient.connect() as connection:
        connection.sendall(POST + b"Content-Length: 100\r\n\r\n")
        started = time.monotonic()
        answer = b""
        connection.settimeout(0.1)
        while not answer and time.monotonic() - started < 5:
            connection.sendall(b" ")
            try:
                answer = connection.recv(65536)
            except TimeoutError:
                continue
        assert read(answer) == (408, "body_too_slow")


def test_a_body_longer_than_declared_does_not_become_a_message(gateway: Gateway, service: Running) -> None:
    before = len(service.service.received)
    answer = gateway.raw(POST + b'Content-Length: 10\r\n\r\n{"message": "hi"}\r\n\r\n')
    first, second = (b"HTTP/1.1" + part for part in answer.split(b"HTTP/1.1")[1:])
    assert json.loads(first.partition(b"\r\n\r\n")[2])["error"]["code"] == "json_invalid"
    assert read(second) == (400, "request_malformed")
    assert len(service.service.received) == before


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400),
        (POST + b"Content-Length: -1\r\n\r\n", 400),
        (POST + b"Content-Length: 1e3\r\n\r\n", 400),
        (POST + b"Content-Length: +5\r\n\r\nhello", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n", 400),
        (POST + b"Transfer-Encoding: gzip\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
        (POST + b"Header : x\r\n\r\n", 400),
        (POST + b" folded: x\r\n\r\n", 400),
        (POST + b"X: a\x00b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"hello\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),  # TLS to a plain port
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: a\r\n" * 200 + b"\r\n", 431),
    ],
)
def test_malformed_http_is_refused_in_the_form_of_all_errors(
    gateway: Gateway, request_bytes: bytes, status: int
) -> None:
    answer = gateway.raw(request_bytes)
    assert read(answer)[0] == status
    name = json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["requestId"]
    wait_until(lambda: name in gateway.log())


def test_a_connection_that_says_nothing_is_closed(impatient: Gateway) -> None:
    with impatient.connect() as silent, impatient.connect() as slow:
        started = time.monotonic()
        slow.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX: ")
        assert (read_to_end(silent), read_to_end(slow)) == (b"", b"")
        assert time.monotonic() - started < 3


def test_hundreds_of_idle_and_slow_connections_do_not_disturb_the_others(gateway: Gateway) -> None:
    idle = [gateway.connect() for _ in range(300)]
    try:
        for number, connection in enumerate(idle):
            if number % 2:
                connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        assert gateway.say("hi").status_code == 200
    finally:
        for connection in idle:
            connection.close()


def test_several_requests_share_a_connection(gateway: Gateway) -> None:
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    last = request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    assert gateway.raw(request + request, last).count(b"HTTP/1.1 200 OK") == 3


def test_a_client_that_leaves_while_it_waits_frees_its_place_at_once(gateway: Gateway, service: Running) -> None:
    wait_until(lambda: gateway.metric("web_gateway_waiting_replies") == 0)
    with gateway.connect() as connection:
        content = b'{"message": "never"}'
        connection.sendall(POST + b"Content-Length: %d\r\n\r\n%s" % (len(content), content))
        wait_until(lambda: gateway.metric("web_gateway_waiting_replies") == 1)
        connection.shutdown(socket.SHUT_RDWR)
    wait_until(lambda: gateway.metric("web_gateway_waiting_replies") == 0, 1)
