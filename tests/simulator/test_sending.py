"""What the platforms answer to a send, and what they tell about it."""

import pytest
import requests

from tests.simulator.running import RunningSimulator
from tests.simulator.shop import CHANNELS, CUSTOMERS, Shop, error_code
from tests.simulator.stub_gateway import StubGateway, Webhook, wait_until

HOUR = 3600


def statuses(webhooks: list[Webhook]) -> list[dict]:
    """WhatsApp's, one after the other."""
    changes = [change for one in webhooks for entry in one.json["entry"] for change in entry["changes"]]
    return [status for change in changes for status in change["value"].get("statuses", [])]


def items(webhooks: list[Webhook]) -> list[dict]:
    """Messenger's and Instagram's."""
    return [item for one in webhooks for entry in one.json["entry"] for item in entry["messaging"]]


def written(simulator: RunningSimulator, gateway: StubGateway, channel: str) -> None:
    """The customer of this channel has just written."""
    simulator.act(channel, CUSTOMERS[channel], text="Hello")
    gateway.forget()


@pytest.mark.parametrize("channel", CHANNELS)
def test_an_accepted_send_is_in_the_log_with_our_mark(
    simulator: RunningSimulator, gateway: StubGateway, shop: Shop, channel: str
) -> None:
    written(simulator, gateway, channel)
    answer = shop.send(channel, "It is on its way 🚚", mark="out-1")
    assert answer.ok, answer.text
    (entry,) = simulator.accepted
    expected = {"order": 1, "channel": channel, "recipient": CUSTOMERS[channel], "text": "It is on its way 🚚"}
    assert entry.items() >= expected.items()
    assert entry["account"] == simulator.account(channel).id
    assert entry["mark"] == ("" if channel in {"instagram", "telegram"} else "out-1")
    assert entry["id"] in answer.text
    assert simulator.control("GET", "accepted?after=0")["accepted"] == [entry]
    assert simulator.control("GET", "accepted?after=1")["accepted"] == []


def test_whatsapp_tells_sent_delivered_and_read_with_our_mark(
    simulator: RunningSimulator, gateway: StubGateway, shop: Shop
) -> None:
    written(simulator, gateway, "whatsapp")
    wamid = shop.send("whatsapp", "Yes", mark="out-7f3c").json()["messages"][0]["id"]
    wait_until(lambda: len(statuses(gateway.webhooks)) >= 3)
    found = statuses(gateway.webhooks)
    assert [status["status"] for status in found] == ["sent", "delivered", "read"]
    assert {(status["id"], status["biz_opaque_callback_data"]) for status in found} == {(wamid, "out-7f3c")}


def test_messenger_echoes_with_metadata_and_app_and_then_marks(
    simulator: RunningSimulator, gateway: StubGateway, shop: Shop
) -> None:
    written(simulator, gateway, "messenger")
    mid = shop.send("messenger", "Yes", mark="out-7f3c").json()["message_id"]
    wait_until(lambda: len(items(gateway.webhooks)) >= 3)
    echo, delivery, read = items(gateway.webhooks)
    account = simulator.account("messenger")
    assert echo["message"]["metadata"] == "out-7f3c"
    assert echo["message"]["mid"] == mid
    assert str(echo["message"]["app_id"]) == account.app_id
    assert (echo["sender"]["id"], echo["recipient"]["id"]) == (account.id, CUSTOMERS["messenger"])
    assert delivery["delivery"]["mids"] == [mid]
    assert read["read"]["watermark"] >= echo["timestamp"]


def test_instagram_echoes_with_the_app_and_without_a_mark(
    simulator: RunningSimulator, gateway: StubGateway, shop: Shop
) -> None:
    written(simulator, gateway, "instagram")
    mid = shop.send("instagram", "Yes").json()["message_id"]
    wait_until(lambda: len(items(gateway.webhooks)) >= 2)
    echo, read = items(gateway.webhooks)
    app = int(simulator.account("instagram").app_id)
    assert echo["message"] == {"mid": mid, "text": "Yes", "is_echo": True, "app_id": app}
    assert read["read"] == {"mid": mid}


def test_twilio_reports_to_the_address_of_the_send(
    simulator: RunningSimulator, gateway: StubGateway, shop: Shop
) -> None:
    written(simulator, gateway, "twilio")
    sid = shop.send("twilio", "Yes", mark="out-7f3c").json()["sid"]
    came = gateway.wait_for(2)
    assert [one.path for one in came] == ["/webhooks/twilio?delivery=out-7f3c"] * 2
    assert [(one.form["MessageSid"], one.form["MessageStatus"]) for one in came] == [(sid, "sent"), (sid, "delivered")]


def test_telegram_says_nothing_more(simulator: RunningSimulator, gateway: StubGateway, shop: Shop) -> None:
    written(simulator, gateway, "telegram")
    assert shop.send("telegram", "Yes").json()["ok"] is True
    assert simulator.inside.postman.waiting() == 0
    assert gateway.webhooks == []


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_wrong_token_is_refused_in_the_platforms_own_words(simulator: RunningSimulator, channel: str) -> None:
    before = simulator.account(channel)
    simulator.inside.world.accounts.add(type(before)(**{**vars(before), "token": "1:another"}))
    asked = Shop(simulator)
    request = asked._request(channel, CUSTOMERS[channel], "Hello", "", {})
    simulator.inside.world.accounts.add(before)
    answer = requests.post(timeout=5, **request)
    assert answer.status_code == 401
    assert error_code(channel, answer) == {"telegram": 401, "twilio": 20003}.get(channel, 190)
    assert simulator.accepted == []


@pytest.mark.parametrize("channel", ["instagram", "messenger"])
def test_an_account_that_names_no_app_has_echoes_that_name_none(
    simulator: RunningSimulator, gateway: StubGateway, shop: Shop, channel: str
) -> None:
    known = simulator.account(channel)
    named = {"id": known.id, "token": known.token, "secret": known.secret}
    simulator.control("POST", "accounts", channel=channel, **named)
    written(simulator, gateway, channel)
    assert shop.send(channel, "Hello").ok
    echo = items(gateway.wait_for(1))[0]["message"]
    assert echo["is_echo"] is True
    assert "app_id" not in echo


@pytest.mark.parametrize(
    ("channel", "longest"),
    [
        ("whatsapp", "a" * 4096),
        ("instagram", "ж" * 500),
        ("messenger", "ж" * 2000),
        ("telegram", "ж" * 4094 + "🚀"),
        ("twilio", "a" * 1598 + "🚀"),
    ],
)
def test_the_longest_text_is_taken_and_one_more_letter_is_not(
    simulator: RunningSimulator, gateway: StubGateway, shop: Shop, channel: str, longest: str
) -> None:
    written(simulator, gateway, channel)
    assert shop.send(channel, longest).ok
    answer = shop.send(channel, longest + "a")
    assert (answer.status_code, len(simulator.accepted)) == (400, 1)


@pytest.mark.parametrize(("channel", "code"), [("messenger", 2018278), ("instagram", 2534022)])
def test_a_closed_window_is_refused_where_the_platform_knows_it_at_once(
    simulator: RunningSimulator, shop: Shop, channel: str, code: int
) -> None:
    simulator.act(channel, CUSTOMERS[channel], text="Hello", ago_seconds=25 * HOUR)
    error = shop.send(channel, "Too late").json()["error"]
    assert (error["code"], error["error_subcode"]) == (10, code)


def test_whatsapp_accepts_into_a_closed_window_and_fails_later(
    simulator: RunningSimulator, gateway: StubGateway, shop: Shop
) -> None:
    simulator.act("whatsapp", CUSTOMERS["whatsapp"], text="Hello", ago_seconds=25 * HOUR)
    gateway.forget()
    assert shop.send("whatsapp", "Too late", mark="out-1").status_code == 200
    (status,) = statuses(gateway.wait_for(1))
    assert (status["status"], status["errors"][0]["code"]) == ("failed", 131047)
    assert simulator.accepted[0]["fails"] == "131047"


@pytest.mark.parametrize(("channel", "status"), [("messenger", 400), ("instagram", 400), ("telegram", 400)])
def test_somebody_who_never_wrote_cannot_be_written_to(shop: Shop, channel: str, status: int) -> None:
    assert shop.send(channel, "Hello?", recipient="987654321").status_code == status


def test_typing_shows_and_marks_as_read(simulator: RunningSimulator, shop: Shop) -> None:
    wamid = simulator.act("whatsapp", CUSTOMERS["whatsapp"], text="Hello")["id"]
    body = {"messaging_product": "whatsapp", "status": "read", "message_id": wamid}
    account = simulator.account("whatsapp")
    answer = requests.post(
        f"{simulator.url}/v26.0/{account.id}/messages",
        json={**body, "typing_indicator": {"type": "text"}},
        headers={"Authorization": f"Bearer {account.token}"},
        timeout=5,
    )
    assert answer.json() == {"success": True}
    changes = simulator.control("GET", "changes?after=0")
    assert changes["customers"][0]["typing_until"] > 0
    assert changes["messages"][0]["state"] == "read"
    shop.send("whatsapp", "Here I am")
    assert simulator.control("GET", "changes?after=0")["customers"][0]["typing_until"] == 0


def test_twilios_typing_takes_the_id_of_a_message(simulator: RunningSimulator) -> None:
    account = simulator.account("twilio")
    sid = simulator.act("twilio", CUSTOMERS["twilio"], text="Hello")["id"]
    url, login = f"{simulator.url}/v2/Indicators/Typing.json", (account.business_id, account.token)
    assert requests.post(url, data={"messageId": sid}, auth=login, timeout=5).json() == {"success": True}
    assert simulator.control("GET", "changes?after=0")["messages"][0]["state"] == "read"
    assert requests.post(url, data={"messageId": "SM0"}, auth=login, timeout=5).status_code == 404
    assert requests.post(url, data={"messageId": sid}, timeout=5).status_code == 401
