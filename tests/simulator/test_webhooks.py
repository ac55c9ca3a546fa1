"""How webhooks arrive: signed, gathered, tried again, doubled, mixed up."""

import json
import time
from collections import Counter

import pytest

from simulator.manners import Manners
from simulator.signing import meta_bytes, meta_signature, twilio_signature
from tests.simulator.running import RunningSimulator, running_simulator
from tests.simulator.shop import CHANNELS, CUSTOMERS, Shop
from tests.simulator.stub_gateway import StubGateway, Webhook, wait_until

META = ("whatsapp", "instagram", "messenger")


def messages(webhooks: list[Webhook]) -> list[dict]:
    """WhatsApp's, one after the other."""
    changes = [change for one in webhooks for entry in one.json["entry"] for change in entry["changes"]]
    return [message for change in changes for message in change["value"].get("messages", [])]


def test_meta_signs_the_bytes_with_every_letter_and_slash_escaped() -> None:
    body = meta_bytes({"text": "Grüße 🚀 https://example.com/a"})
    assert body == rb'{"text":"Gr\u00fc\u00dfe \ud83d\ude80 https:\/\/example.com\/a"}'
    signed = b'{"object":"whatsapp_business_account","entry":[]}'
    expected = "sha256=6cbca1ac0e5e3e7f3749cc73cb9f5bd6805552ab33283d83eabfdfcb2f7026f2"
    assert meta_signature("spur-example-app-secret", signed) == expected


def test_twilio_signs_as_its_documentation_shows() -> None:
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
        "Caller": "+14158675309",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert twilio_signature("12345", url, form) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


@pytest.mark.parametrize("channel", META)
def test_a_webhook_of_meta_carries_the_signature_of_its_bytes(
    simulator: RunningSimulator, gateway: StubGateway, channel: str
) -> None:
    simulator.act(channel, CUSTOMERS[channel], text="Grüße / 🚀")
    (webhook,) = gateway.webhooks
    assert webhook.path == f"/webhooks/{channel}"
    assert rb"Gr\u00fc\u00dfe \/ \ud83d\ude80" in webhook.body
    secret = simulator.account(channel).secret
    assert webhook.headers["X-Hub-Signature-256"] == meta_signature(secret, webhook.body)


def test_telegram_repeats_the_secret_that_it_was_told(simulator: RunningSimulator, gateway: StubGateway) -> None:
    simulator.act("telegram", CUSTOMERS["telegram"], text="Hello")
    (webhook,) = gateway.webhooks
    assert webhook.headers["X-Telegram-Bot-Api-Secret-Token"] == simulator.account("telegram").secret


def test_twilio_signs_the_public_address_and_not_the_one_that_it_reaches(gateway: StubGateway) -> None:
    with running_simulator(gateway.url, public_url="https://shop.example") as simulator:
        simulator.act("twilio", CUSTOMERS["twilio"], text="Grüße")
        Shop(simulator).send("twilio", "Hello", mark="out-1")
        first, *others = gateway.wait_for(3)
        token = simulator.account("twilio").token
        signed = twilio_signature(token, "https://shop.example/webhooks/twilio", first.form)
        assert first.headers["X-Twilio-Signature"] == signed
        callback = "https://shop.example/webhooks/twilio?delivery=out-1"
        assert [one.headers["X-Twilio-Signature"] for one in others] == [
            twilio_signature(token, callback, one.form) for one in others
        ]


@pytest.mark.parametrize("channel", META)
def test_the_handshake_asks_with_the_token_and_wants_the_challenge_back(
    simulator: RunningSimulator, gateway: StubGateway, channel: str
) -> None:
    def answer(path: str) -> tuple[int, str]:
        query = dict(part.split("=") for part in path.partition("?")[2].split("&"))
        right = query["hub.verify_token"] == simulator.account(channel).verify_token
        return (200, query["hub.challenge"]) if right else (403, "")

    gateway.handshake = answer
    assert simulator.control("POST", f"handshake/{channel}") == {"status": 200, "verified": True}
    refused = simulator.control("POST", f"handshake/{channel}", verify_token="wrong")
    assert refused == {"status": 403, "verified": False}


@pytest.mark.parametrize("status", [500, 0])
@pytest.mark.parametrize("channel", CHANNELS)
def test_what_was_not_taken_comes_again_as_it_was(
    simulator: RunningSimulator, gateway: StubGateway, channel: str, status: int
) -> None:
    simulator.inside.postman.behave(channel, Manners(retry_pauses=(0.01, 0.02, 0.03)))
    gateway.statuses.extend([status, status])
    told = simulator.act(channel, CUSTOMERS[channel], text="Hello")
    assert told["webhook"]["status"] == status
    came = gateway.wait_for(3)
    wait_until(lambda: simulator.inside.postman.waiting() == 0)
    assert len(gateway.webhooks) == 3
    assert len({json.dumps(_meaning(one), sort_keys=True) for one in came}) == 1
    attempts = [one["attempt"] for one in simulator.control("GET", "webhooks")["posted"]]
    assert attempts == [1, 2, 3]


def _meaning(webhook: Webhook) -> dict:
    """Without the moment at which the body was made."""
    if webhook.channel == "twilio":
        return webhook.form
    body = webhook.json
    for entry in body.get("entry", []):
        entry.pop("time", None)
    return body


def test_the_platform_gives_up_at_last(simulator: RunningSimulator, gateway: StubGateway) -> None:
    simulator.inside.postman.behave("whatsapp", Manners(retry_pauses=(0.01,)))
    gateway.statuses.extend([500] * 9)
    simulator.act("whatsapp", CUSTOMERS["whatsapp"], text="Hello")
    gateway.wait_for(2)
    wait_until(lambda: simulator.inside.postman.waiting() == 0)
    assert len(gateway.webhooks) == 2


def test_twilio_as_it_comes_does_not_repeat_what_was_refused(simulator: RunningSimulator, gateway: StubGateway) -> None:
    simulator.inside.postman.behave("twilio", Manners(retry_pauses=(0.01,), retry_refused=False))
    gateway.statuses.append(500)
    simulator.act("twilio", CUSTOMERS["twilio"], text="Lost")
    gateway.statuses.append(0)
    simulator.act("twilio", CUSTOMERS["twilio"], text="Kept")
    gateway.wait_for(3)
    assert [one.form["Body"] for one in gateway.webhooks] == ["Lost", "Kept", "Kept"]


def test_a_body_holds_a_thousand_updates_of_several_accounts(simulator: RunningSimulator, gateway: StubGateway) -> None:
    first = simulator.account("whatsapp")
    second = {"id": "200200300400502", "business_id": "200200300400602", "token": "another"}
    simulator.control("POST", "accounts", channel="whatsapp", secret=first.secret, app_id=first.app_id, **second)
    load = {"messages": 1000, "customers": 100, "body": 1000, "accounts": [first.id, second["id"]], "shuffle": True}
    figures = simulator.control("POST", "load", seed=1, **load)
    assert (figures["bodies"], figures["answers"]) == (1, {"200": 1000 // 1000})
    (webhook,) = gateway.webhooks
    assert 300_000 < len(webhook.body) < 3_000_000
    assert len({message["id"] for message in messages([webhook])}) == 1000
    accounts = Counter(
        change["value"]["metadata"]["phone_number_id"] for entry in webhook.json["entry"] for change in entry["changes"]
    )
    assert accounts == {first.id: 500, second["id"]: 500}
    assert {entry["id"] for entry in webhook.json["entry"]} == {first.business_id, second["business_id"]}


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_load_is_of_many_customers_on_every_platform(
    simulator: RunningSimulator, gateway: StubGateway, channel: str
) -> None:
    figures = simulator.control("POST", "load", channel=channel, messages=12, customers=4, body=5, at_once=3)
    bodies = 3 if channel in META else 12
    assert (figures["bodies"], figures["answers"]) == (bodies, {"200": bodies})
    assert len(gateway.webhooks) == bodies


def test_copies_come_of_everything(simulator: RunningSimulator, gateway: StubGateway) -> None:
    simulator.control("PUT", "webhooks/whatsapp", copies=3)
    wamid = simulator.act("whatsapp", CUSTOMERS["whatsapp"], text="Hello")["id"]
    assert [message["id"] for message in messages(gateway.wait_for(3))] == [wamid] * 3


def test_what_is_gathered_shares_a_body_in_any_order(simulator: RunningSimulator, gateway: StubGateway) -> None:
    simulator.control("PUT", "webhooks/whatsapp", withhold=True, shuffle=True)
    wamids = [simulator.act("whatsapp", CUSTOMERS["whatsapp"], text=str(n))["id"] for n in range(30)]
    assert gateway.webhooks == []
    simulator.control("PUT", "webhooks/whatsapp", shuffle=True)
    found = [message["id"] for message in messages(gateway.wait_for(1))]
    assert sorted(found) == sorted(wamids)
    assert found != wamids


def test_what_comes_while_something_is_gathered_shares_its_body(
    simulator: RunningSimulator, gateway: StubGateway
) -> None:
    simulator.control("PUT", "webhooks/whatsapp", gather_seconds=0.5)
    wamids = []
    for number in range(3):
        wamids.append(simulator.act("whatsapp", CUSTOMERS["whatsapp"], text=str(number))["id"])
        time.sleep(0.01)  # each comes at a moment of its own
    assert [message["id"] for message in messages(gateway.wait_for(1))] == wamids
    simulator.act("whatsapp", CUSTOMERS["whatsapp"], text="Later")
    assert len(gateway.wait_for(2)) == 2


def test_what_cannot_be_put_into_a_body_holds_nothing_else_up(
    simulator: RunningSimulator, gateway: StubGateway, capfd: pytest.CaptureFixture[str]
) -> None:
    simulator.control("PUT", "webhooks/twilio", delay_seconds=0.01)
    simulator.control("POST", "webhooks/twilio", items=["not a form"])
    simulator.act("twilio", CUSTOMERS["twilio"], text="Hello")
    (webhook,) = gateway.wait_for(1)
    assert webhook.form["Body"] == "Hello"
    wait_until(lambda: simulator.inside.postman.waiting() == 0)
    assert "webhook not posted" in "".join(capfd.readouterr())


def test_twilio_says_which_attempts_are_of_the_same_webhook(simulator: RunningSimulator, gateway: StubGateway) -> None:
    simulator.inside.postman.behave("twilio", Manners(retry_pauses=(0.01,)))
    gateway.statuses.append(500)
    simulator.act("twilio", CUSTOMERS["twilio"], text="Hello")
    gateway.wait_for(2)
    simulator.act("twilio", CUSTOMERS["twilio"], text="Hello")
    first, again, other = [one.headers["I-Twilio-Idempotency-Token"] for one in gateway.wait_for(3)]
    assert first == again != other


def test_ready_made_updates_are_signed_and_brought(simulator: RunningSimulator, gateway: StubGateway) -> None:
    items = [{"field": "messages", "value": {"statuses": [{"status": "in_orbit"}]}}, "not even an object"]
    assert simulator.control("POST", "webhooks/whatsapp", items=items)["webhook"]["status"] == 200
    (webhook,) = gateway.webhooks
    assert webhook.json["entry"][0]["changes"] == items
    assert webhook.headers["X-Hub-Signature-256"].startswith("sha256=")
