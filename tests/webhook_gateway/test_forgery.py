"""A webhook of Meta's is believed by its signature alone: any other bit of it, or of the body, and nothing is kept."""

import hashlib
import hmac
import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.webhook_gateway.platform import APP_SECRET, NUMBER, Platform


def body_of(key: str) -> bytes:
    """As Meta writes it: other letters than ASCII as \\u, and / as \\/."""
    text = {"body": "Größe 42? → https://shop.example/shoes"}
    message = {"from": "447700900123", "id": key, "timestamp": "1700000000", "type": "text", "text": text}
    value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": NUMBER}, "messages": [message]}
    changes = [{"field": "messages", "value": value}]
    written = json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]})
    return written.replace("/", "\\/").encode()


def signature(body: bytes, secret: bytes = APP_SECRET) -> bytes:
    return b"sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest().encode()


def status(platform: Platform, body: bytes, proof: bytes | None) -> int:
    head = b"POST /webhooks/whatsapp HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nContent-Length: %d\r\n" % len(
        body
    )
    proven = b"X-Hub-Signature-256: %s\r\n" % proof if proof is not None else b""
    return int(platform.raw(head + proven + b"\r\n" + body).split()[1])


def stored(platform: Platform, key: str) -> int:
    [(count,)] = platform.fleet.query("SELECT count(*) FROM inbound_events WHERE event_key LIKE %s", f"%{key}%")
    return int(count)


def test_any_other_bit_of_the_signature_refuses_it(platform: Platform) -> None:
    key = f"wamid.{uuid.uuid4().hex}"
    body = body_of(key)
    right = signature(body)
    flipped = [
        right[:place] + bytes([right[place] ^ 1 << bit]) + right[place + 1 :]
        for place in range(len(right))
        for bit in range(8)
    ]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda proof: status(platform, body, proof), flipped))
    # Where a bit makes it no header any more, it is refused as HTTP; an upper-case letter is not Meta's either.
    assert set(answers) == {400, 403}
    assert answers.count(403) > 500
    assert stored(platform, key) == 0
    assert status(platform, body, right) == 200
    assert stored(platform, key) == 1


@pytest.mark.parametrize("place", range(0, 300, 37))
def test_any_other_byte_of_the_body_refuses_it(platform: Platform, place: int) -> None:
    body = body_of(f"wamid.{uuid.uuid4().hex}")
    altered = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
    assert status(platform, altered, signature(body)) == 403


def test_the_same_json_written_anew_is_not_what_was_signed(platform: Platform) -> None:
    key = f"wamid.{uuid.uuid4().hex}"
    body = body_of(key)
    for escaped in (True, False):
        anew = json.dumps(json.loads(body), ensure_ascii=escaped).encode()
        assert status(platform, anew, signature(body)) == 403
    assert stored(platform, key) == 0


def test_the_secret_before_counts_and_no_other_does(platform: Platform) -> None:
    body = body_of(f"wamid.{uuid.uuid4().hex}")
    assert status(platform, body, signature(body, b"the-secret-before")) == 200
    for secret in (b"", b"a-token", b"a-word", APP_SECRET + b",the-secret-before"):
        assert status(platform, body, signature(body, secret)) == 403
    sha1 = b"sha1=" + hmac.new(APP_SECRET, body, hashlib.sha1).hexdigest().encode()
    for proof in (None, b"", b"sha256=", signature(body)[7:], signature(body) + b", " + signature(body), sha1):
        assert status(platform, body, proof) == 403
