"""Bodies that no platform should send: each gets a clear answer, none costs more than itself."""

import json
import uuid

import pytest

from tests.webhook_gateway.parrot import sign
from tests.webhook_gateway.platform import KEY, Platform, body_of, update

MEGABYTE = 1024 * 1024


def head(body: bytes, *lines: str) -> bytes:
    signed = f"X-Signature: {sign(body, KEY).decode()}"
    return "\r\n".join(["POST /webhooks/parrot HTTP/1.1", "Host: gateway", signed, *lines, "", ""]).encode()


def status(answer: bytes) -> int:
    return int(answer.split()[1])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no JSON",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b'{"updates": {}}',
        b'{"updates": [1, null, [], "x", {}]}',
        b"[" * 100_000,
        b'{"updates": ' + b"[" * 100_000,
        b'{"updates": [' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"]}",
        b"9" * 100_000,
        b"[NaN, Infinity, 1e999]",
        b'{"updates": ["\xff\xfe"]}',
        b"\xef\xbb\xbf{}",
        b"\0\0\0",
        json.dumps({str(number): number for number in range(100_000)}).encode(),
        b'{"updates": [], "updates": 1}',
    ],
    ids=lambda body: repr(body[:24]),
)
def test_an_authentic_body_that_says_nothing_is_kept_whole_and_acknowledged(platform: Platform, body: bytes) -> None:
    assert platform.post(body).status_code == 200
    assert platform.post(body).status_code == 200
    kept = [event for event in platform.poison("") if body[:256_000] in event]
    assert body == b"" or len(kept) >= 1
    assert platform.tell(update("hello", "still-there", str(uuid.uuid4()))).status_code == 200


def test_what_cannot_be_read_at_all_is_kept_once(platform: Platform) -> None:
    body = b"?" + uuid.uuid4().hex.encode()
    assert [platform.post(body, number % 2).status_code for number in range(4)] == [200] * 4
    assert sum(body in event for event in platform.poison("cannot be read: JSONDecodeError")) == 1


def test_an_item_that_breaks_the_list_costs_only_what_stands_behind_it(platform: Platform) -> None:
    """The channel cannot go on behind an item without an account; the whole body is kept to be read again."""
    sender = f"bird-{uuid.uuid4()}"
    body = body_of(update("before", sender), 17, update("behind", sender))
    assert platform.post(body).status_code == 200
    assert platform.texts(sender) == ["before"]
    assert [event for event in platform.poison("cannot be read: TypeError") if body in event]


def test_a_body_of_3_megabytes_is_taken_whole(platform: Platform) -> None:
    senders = [f"bird-{uuid.uuid4()}" for _ in range(60)]
    body = body_of(*(update("x" * 51_000, sender) for sender in senders))
    assert 2.9 * MEGABYTE < len(body) < 4 * MEGABYTE
    assert platform.post(body).status_code == 200
    assert all(len(platform.texts(sender)) == 1 for sender in senders)


def test_an_event_that_is_too_large_is_kept_without_its_own_words(platform: Platform) -> None:
    sender = f"bird-{uuid.uuid4()}"
    assert platform.tell(update("hello", sender, junk="x" * MEGABYTE), update("again", sender)).status_code == 200
    assert platform.texts(sender) == ["hello", "again"]


def test_an_unreadable_body_that_is_too_large_is_kept_in_part(platform: Platform) -> None:
    body = uuid.uuid4().hex.encode() * (3 * MEGABYTE // 32)
    assert platform.post(body).status_code == 200
    [kept] = [event for event in platform.poison("cannot be read") if body[:4096] in event]
    assert 256 * 1024 < len(kept) < 300 * 1024


def test_very_many_tiny_items_are_acknowledged_and_cost_two_pieces_of_evidence(platform: Platform) -> None:
    mark = str(uuid.uuid4())
    body = json.dumps({"mark": mark, "updates": [{"cage": "polly"}] * 200_000}).encode()
    assert 3 * MEGABYTE < len(body) < 4 * MEGABYTE
    assert platform.post(body).status_code == 200
    assert sum(mark.encode() in event for event in platform.poison("more than 5000 items")) == 1


def test_a_body_of_more_than_4_megabytes_is_refused(platform: Platform) -> None:
    body = b" " * (4 * MEGABYTE)
    assert platform.post(body).status_code == 200
    assert status(platform.raw(head(body, f"Content-Length: {len(body) + 1}"))) == 413


def test_a_chunked_body_counts_by_what_comes(platform: Platform) -> None:
    sender = f"bird-{uuid.uuid4()}"
    body = body_of(update("in pieces", sender))
    pieces = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:10], body[10:])) + b"0\r\n\r\n"
    answer = platform.raw(head(body, "Transfer-Encoding: chunked", "Connection: close"), pieces)
    assert status(answer) == 200
    assert platform.texts(sender) == ["in pieces"]
    endless = b"100000\r\n" + b"x" * MEGABYTE + b"\r\n"
    assert status(platform.raw(head(b"", "Transfer-Encoding: chunked"), *[endless] * 4, b"1\r\nx\r\n0\r\n\r\n")) == 413


@pytest.mark.parametrize(
    ("lines", "sent", "expected"),
    [
        (["Content-Length: 100"], b"{}", 400),
        (["Content-Length: -1"], b"{}", 400),
        (["Content-Length: 2, 2"], b"{}", 400),
        (["Content-Length: x"], b"{}", 400),
        (["Content-Length: 2", "Transfer-Encoding: chunked"], b"2\r\n{}\r\n0\r\n\r\n", 400),
        (["Transfer-Encoding: chunked"], b"zz\r\n{}\r\n", 400),
        (["Transfer-Encoding: chunked"], b"5\r\n{}", 400),
    ],
)
def test_a_length_that_lies_is_refused(platform: Platform, lines: list[str], sent: bytes, expected: int) -> None:
    assert status(platform.raw(head(b"{}", *lines), sent, end=True)) == expected


def test_a_short_declared_length_is_a_forgery(platform: Platform) -> None:
    body = body_of(update("hello", "bird"))
    answer = platform.raw(head(body, f"Content-Length: {len(body) - 5}", "Connection: close"), body)
    assert status(answer) == 403


@pytest.mark.parametrize("encoding", ["gzip", "br", "GZIP", "identity, gzip", "nonsense"])
def test_a_compressed_body_is_refused(platform: Platform, encoding: str) -> None:
    assert platform.post(body_of(), Content_Encoding=encoding).status_code == 415


def test_other_methods_are_refused(platform: Platform) -> None:
    body = b"{}"
    request = head(body, "Content-Length: 2").replace(b"POST", b"PUT", 1)
    assert status(platform.raw(request, body, end=True)) == 405
