"""What HTTP allows and platforms hardly ever do: it gets a clear answer and keeps nobody waiting."""

import uuid

import pytest

from tests.webhook_gateway.parrot import sign
from tests.webhook_gateway.platform import KEY, Platform, body_of, update


def head(line: str, *headers: str, body: bytes = b"") -> bytes:
    signed = f"X-Signature: {sign(body, KEY).decode()}"
    return "\r\n".join([line, "Host: gateway", signed, "Connection: close", *headers, "", ""]).encode()


def parts(answer: bytes) -> tuple[int, bytes, bytes]:
    """Status, headers in lower case, and body."""
    start, _, body = answer.partition(b"\r\n\r\n")
    return int(start.split()[1]), start.lower(), body


POST = "POST /webhooks/parrot HTTP/1.1"


def test_a_client_that_asks_before_it_sends_the_body_is_told_to(platform: Platform) -> None:
    sender = f"bird-{uuid.uuid4()}"
    body = body_of(update("after you", sender))
    with platform.connect() as connection:
        connection.sendall(head(POST, "Expect: 100-continue", f"Content-Length: {len(body)}", body=body))
        assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
    assert platform.texts(sender) == ["after you"]


def test_what_is_expected_of_nobody_is_refused(platform: Platform) -> None:
    assert parts(platform.raw(head(POST, "Expect: a-miracle", "Content-Length: 0")))[0] == 417


def test_a_body_without_a_length_is_none(platform: Platform) -> None:
    body = body_of(update("hello", "bird"))
    assert parts(platform.raw(head(POST, body=body), body, end=True))[0] == 403
    assert parts(platform.raw(head(POST), end=True))[0] == 200  # what was signed is nothing, and is kept


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_both_versions_of_http_are_understood(platform: Platform, version: str) -> None:
    sender = f"bird-{uuid.uuid4()}"
    body = body_of(update("hello", sender))
    line = f"POST /webhooks/parrot HTTP/{version}"
    assert parts(platform.raw(head(line, f"Content-Length: {len(body)}", body=body), body))[0] == 200
    assert platform.texts(sender) == ["hello"]


def test_a_head_is_a_get_without_a_body_and_options_say_what_there_is(platform: Platform) -> None:
    query = "?hub.mode=subscribe&hub.challenge=17&hub.verify_token="
    for token, expected in (("a-cracker", 200), ("another", 403)):
        answer = platform.raw(head(f"HEAD /webhooks/parrot{query}{token} HTTP/1.1"))
        assert (parts(answer)[0], parts(answer)[2]) == (expected, b"")
    status, headers, body = parts(platform.raw(head("OPTIONS /webhooks/parrot HTTP/1.1")))
    assert (status, body) == (200, b"")
    assert b"post" in headers
    assert b"access-control" not in headers


@pytest.mark.parametrize(
    ("request_of", "expected"),
    [
        (head(f"POST /webhooks/parrot?{'x' * 10_000} HTTP/1.1"), 414),
        (head(POST, f"X-Junk: {'x' * 100_000}"), 431),
        (head(POST, *(f"X-Junk-{number}: x" for number in range(1000))), 431),
        (head(POST, "X Junk: x"), 400),
        (head(POST, "X-Junk: a\0b"), 400),
        (head("POST /webhooks/parrot HTTP/9.9"), 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),  # TLS
    ],
    ids=["long address", "long header", "many headers", "bad name", "bad value", "version", "TLS"],
)
def test_a_head_that_is_none_or_has_no_end_is_refused(platform: Platform, request_of: bytes, expected: int) -> None:
    status, _, body = parts(platform.raw(request_of, end=True))
    assert status == expected
    assert len(body) < 1000
    assert platform.tell(update("hello", f"bird-{uuid.uuid4()}")).status_code == 200
