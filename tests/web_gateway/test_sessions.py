"""Sessions: only what we issued, in the one spelling in which we issued it, and not for ever."""

import base64
import hashlib
import hmac
import random
import time
import uuid

import pytest

from tests.web_gateway.gateways import Gateway, bearer
from web_gateway import sessions as module
from web_gateway.errors import ApiError
from web_gateway.sessions import Session, Sessions

KEY, OLD_KEY, OTHER_KEY = b"k" * 32, b"o" * 32, b"x" * 32
DAY = 86_400
SEED = 20261122


def mutations(token: str) -> list[str]:
    """Thousands of tokens that are almost the given one, none of them equal to it."""
    draw = random.Random(SEED)
    _, name, expiry, proof = token.split(".")
    variants = []
    for place in range(len(token)):
        for bit in range(7):
            variants.append(token[:place] + chr(ord(token[place]) ^ (1 << bit)) + token[place + 1 :])
        variants += [token[:place], token[place:], token[:place] + token[place + 1 :]]
        variants.append(token[:place] + token[place] + token[place:])
    variants += [token[:place] + draw.choice("\0\n. é\u2024🙂\u0660") + token[place:] for place in range(len(token))]
    # The last character of the proof carries two bits that base64 ignores.
    variants += [
        token[:-1] + character for character in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    ]
    variants += [token + extra for extra in ("=", "==", ".", "\n", " ", "\0", "A")]
    variants += [token.upper(), token.lower(), token.swapcase(), token[::-1], token * 2, "a" * 10_000, "", ".", "..."]
    variants += [f"{v}.{name}.{expiry}.{proof}" for v in ("v0", "v2", "V1", "v1 ", "none", "alg:none", "")]
    variants += [
        f"v1.{name}.{expiry}.{p}" for p in ("", "A" * 43, "A" * 44, proof.replace("-", "+").replace("_", "/") + "=")
    ]
    for wrong in (OTHER_KEY, b"", b"null", KEY[:-1], KEY.upper()):
        signature = hmac.digest(wrong, f"v1.{name}.{expiry}".encode(), hashlib.sha256)
        variants.append(f"v1.{name}.{expiry}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}")
    later = [int(expiry) + seconds for seconds in (1, 60, DAY, 10**9)]
    variants += [f"v1.{name}.{e}.{proof}" for e in (*later, 0, "", f"0{expiry}", f"+{expiry}", f" {expiry}", "9" * 12)]
    others = [uuid.UUID(int=draw.getrandbits(128), version=4).hex for _ in range(500)]
    variants += [f"v1.{other}.{expiry}.{proof}" for other in (*others, name.upper(), str(uuid.UUID(name)))]
    return [variant for variant in variants if variant != token]


def accepted(sessions: Sessions, token: str | None) -> Session | None:
    try:
        return sessions.find(token)
    except ApiError as error:
        assert (error.status, error.code) == (404, "session_not_found")
        return None


def test_an_issued_token_is_accepted_and_names_its_conversation() -> None:
    issued = Sessions([KEY], DAY).open()
    assert accepted(Sessions([KEY], DAY), issued.token) == issued
    assert uuid.UUID(issued.id).version == 4


def test_no_mutation_of_a_token_is_accepted() -> None:
    sessions = Sessions([KEY, OLD_KEY], DAY)
    variants = [variant for _ in range(2) for variant in mutations(sessions.open().token)]
    assert len(variants) > 2_000
    assert [variant for variant in variants if accepted(sessions, variant)] == []


def test_a_missing_token_is_refused_like_a_forged_one() -> None:
    assert accepted(Sessions([KEY], DAY), None) is None


def test_a_token_expires_at_its_second(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = Sessions([KEY], DAY)
    issued = sessions.open()
    monkeypatch.setattr(module.time, "time", lambda: issued.expires_at - 0.001)
    assert accepted(sessions, issued.token)
    monkeypatch.setattr(module.time, "time", lambda: float(issued.expires_at))
    assert accepted(sessions, issued.token) is None


def test_the_previous_secret_is_still_accepted_and_no_longer_used() -> None:
    old = Sessions([OLD_KEY], DAY).open()
    rotated = Sessions([KEY, OLD_KEY], DAY)
    assert accepted(rotated, old.token)
    assert accepted(Sessions([KEY], DAY), rotated.open().token)


def test_a_session_is_renewed_without_changing_its_conversation(gateway: Gateway) -> None:
    first = gateway.post("/chat/session").json()
    again = gateway.post("/chat/session", headers=bearer(first["sessionId"])).json()
    assert first["sessionId"].split(".")[1] == again["sessionId"].split(".")[1]
    assert again["expiresAt"] >= first["expiresAt"]
    assert first["expiresAt"][:10] == time.strftime("%Y-%m-%d", time.gmtime(time.time() + 30 * DAY))


def test_wrong_sessions_look_the_same_on_every_path(gateway: Gateway) -> None:
    token = gateway.session()
    draw = random.Random(SEED)
    sendable = [v for v in mutations(token) if v.isascii() and v.isprintable() and v.strip() == v and len(v) < 1000]
    wrong = [None, "", "x", Sessions([OTHER_KEY], DAY).open().token, *draw.sample(sendable, 60)]
    seen = set()
    for variant in wrong:
        headers = {} if variant is None else {"Authorization": f"Bearer {variant}"}
        for path in ("/chat/messages", "/chat/events"):
            answer = gateway.get(path, headers=headers)
            error = answer.json()["error"]
            seen.add((answer.status_code, error["code"], error["message"]))
        if headers:
            answer = gateway.post("/chat/message", json={"message": "hi"}, headers=headers)
            error = answer.json()["error"]
            seen.add((answer.status_code, error["code"], error["message"]))
        if variant is not None:
            answer = gateway.post("/chat/message", json={"message": "hi", "sessionId": variant})
            error = answer.json()["error"]
            seen.add((answer.status_code, error["code"], error["message"]))
    assert len(seen) == 1
    assert next(iter(seen))[:2] == (404, "session_not_found")
