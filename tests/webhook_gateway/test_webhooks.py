"""Webhooks of the platforms: who is let in, what is kept, and when they are acknowledged."""

import random
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.webhook_gateway.parrot import sign
from tests.webhook_gateway.platform import KEY, Platform, body_of, update


def customer() -> str:
    return f"bird-{uuid.uuid4()}"


def test_the_handshake_is_answered_with_the_challenge_as_plain_text(platform: Platform) -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": "a-cracker", "hub.challenge": "<script>alert(1)</script>"}
    answer = requests.get(platform.url(), query, timeout=10)
    assert (answer.status_code, answer.text) == (200, "<script>alert(1)</script>")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"hub.mode": "subscribe", "hub.challenge": "1"},
        {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": ""},
        {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": "a-crackeR"},
        {"hub.mode": "unsubscribe", "hub.challenge": "1", "hub.verify_token": "a-cracker"},
    ],
)
def test_a_handshake_of_somebody_else_is_refused(platform: Platform, query: dict[str, str]) -> None:
    answer = requests.get(platform.url(), query, timeout=10)
    assert (answer.status_code, answer.content) == (403, b"")


def test_a_refused_handshake_is_logged_with_its_own_request_id(platform: Platform) -> None:
    identity = uuid.uuid4().hex
    assert requests.get(platform.url(), headers={"X-Request-ID": identity}, timeout=10).status_code == 403
    logged = [
        line for line in platform.fleet.webhook[0].events("handshake refused") if line.get("request_id") == identity
    ]
    assert len(logged) == 1


@pytest.mark.parametrize("channel", ["", "nothing", "Parrot", "parrot/", "%00", "web", "instagram"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_channel_that_is_unknown_or_without_an_account_is_not_there(
    platform: Platform, method: str, channel: str
) -> None:
    answer = requests.request(method, platform.url(channel=channel), data=b"{}", timeout=10)
    assert (answer.status_code, answer.content) == (404, b"")


def test_a_webhook_is_acknowledged_with_nothing_once_it_is_stored(platform: Platform) -> None:
    sender = customer()
    answer = platform.tell(update("hello", sender))
    assert (answer.status_code, answer.content) == (200, b"")
    assert platform.texts(sender) == ["hello"]


def test_a_repeated_webhook_has_its_effect_once(platform: Platform) -> None:
    sender = customer()
    body = body_of(update("hello", sender))
    assert [platform.post(body, gateway % 2).status_code for gateway in range(3)] == [200] * 3
    assert platform.texts(sender) == ["hello"]


def test_fifty_copies_at_once_through_two_gateways_are_one_message(platform: Platform) -> None:
    sender = customer()
    body = body_of(update("hello", sender))
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda number: platform.post(body, number % 2).status_code, range(50)))
    assert answers == [200] * 50
    assert platform.texts(sender) == ["hello"]


def test_an_album_of_a_new_customer_in_one_instant_is_one_conversation(platform: Platform) -> None:
    sender = customer()
    bodies = [body_of(update(f"picture {number}", sender)) for number in range(10)]
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda number: platform.post(bodies[number], number % 2).status_code, range(10)))
    assert answers == [200] * 10
    assert sorted(platform.texts(sender)) == [f"picture {number}" for number in range(10)]
    assert platform.fleet.query("SELECT count(*) FROM conversations WHERE thread_key = %s", sender) == [(1,)]


def test_a_webhook_is_believed_by_the_bytes_that_were_signed(platform: Platform) -> None:
    sender = customer()
    body = body_of(update("hello", sender))
    forged = [
        {"X_Signature": ""},
        {"X_Signature": "0" * 64},
        {"X_Signature": sign(body, KEY).decode().upper()},
        {"X_Signature": sign(body, KEY).decode() + "0"},
        {"X_Signature": sign(body, b"").decode()},
        {"X_Signature": sign(body + b" ", KEY).decode()},
        {"X_Signature": "\xe4\xff"},
    ]
    for headers in forged:
        answer = platform.post(body, **headers)
        assert (answer.status_code, answer.content) == (403, b"")
    assert requests.post(platform.url(), body, timeout=10).status_code == 403
    assert platform.texts(sender) == []


def test_any_of_several_secrets_counts(platform: Platform) -> None:
    body = body_of(update("hello", customer()))
    assert platform.post(body, key=b"older-seeds").status_code == 200
    assert platform.post(body, key=b"older-seeds, seeds-for-parrots").status_code == 403


def test_accounts_are_told_apart_and_an_unknown_one_is_acknowledged_and_counted(platform: Platform) -> None:
    sender = customer()
    before = platform.metric("unknown_account_total", channel="parrot")
    mixed = [
        update("to polly", sender, cage="polly"),
        update("to nobody", sender, cage="escaped"),
        update("to lora", sender, cage="lora"),
        update("to a list", sender) | {"cage": ["polly"]},
    ]
    assert platform.tell(*mixed).status_code == 200
    assert platform.texts(sender, "polly") == ["to polly"]
    assert platform.texts(sender, "lora") == ["to lora"]
    assert platform.fleet.query("SELECT count(*) FROM conversations WHERE account = 'escaped'") == [(0,)]
    assert platform.metric("unknown_account_total", channel="parrot") == before + 2


def test_a_thousand_updates_with_ten_that_cannot_be_read_cost_nobody_else(platform: Platform) -> None:
    senders = [customer() for _ in range(40)]
    updates: list[object] = [update(f"{number}", senders[number % 40]) for number in range(990)]
    bad: list[dict[str, object]] = [
        {"cage": "polly"},
        {"cage": "polly", "id": "x"},
        {"cage": "polly", "id": 1, "from": None, "text": "x"},
        {"cage": "polly", "id": "x", "from": "y", "text": 5},
        {"cage": "polly", "id": "x", "from": "y", "text": ["x"]},
        {"cage": "polly", "id": "x", "from": "y", "text": "\ud800"},
        {"cage": "polly", "id": "x", "from": "y", "text": "x" * 65_537},
        {"cage": "polly", "id": "x", "from": "y" * 256, "text": "x"},
        {"cage": "polly", "id": "x", "from": {"y": "y"}, "text": "x"},
        {"cage": "polly", "id": "x", "from": "y", "text": {}},
    ]
    marked = [item | {"mark": str(uuid.uuid4())} for item in bad]
    chance = random.Random(7)
    for item in marked:
        updates.insert(chance.randrange(len(updates)), item)
    before = platform.metric("poison_total", channel="parrot")
    for _ in range(2):  # the platform sends it once more
        assert platform.tell(*updates).status_code == 200
    for number, sender in enumerate(senders):
        assert platform.texts(sender) == [str(value) for value in range(990) if value % 40 == number]
    assert platform.metric("poison_total", channel="parrot") == before + 20
    kept = platform.poison("")
    for item in marked:
        assert sum(str(item["mark"]).encode() in event for event in kept) == 1


def test_an_event_without_content_is_kept_as_unsupported(platform: Platform) -> None:
    sender, identity = customer(), str(uuid.uuid4())
    silent = {"cage": "polly", "id": identity, "from": sender}
    assert platform.tell(silent, update("hello", sender)).status_code == 200
    assert platform.fleet.query("SELECT kind FROM inbound_events WHERE event_key = %s", f"message:{identity}") == [
        ("unsupported",)
    ]
    assert platform.texts(sender) == ["hello"]
