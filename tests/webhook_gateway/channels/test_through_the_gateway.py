"""Every channel with all of its bodies, through the gateway and the conversation service as they are deployed."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
import requests

from local_stack.postgres import PostgresServer
from protos import conversation_pb2 as pb
from protos.conversation_pb2_grpc import ConversationServiceStub
from tests.databases import fresh_database
from tests.fleet import Fleet, running_fleet
from tests.local_stack.waiting import eventually
from tests.webhook_gateway.channels import test_instagram, test_messenger, test_telegram, test_twilio, test_whatsapp
from tests.webhook_gateway.channels.conformance import Conformance
from tests.webhook_gateway.channels.whatsapp import BUSINESS, FIRST
from webhook_gateway.channels.channel import WebhookRequest

CHANNELS: dict[str, Conformance] = {
    "whatsapp": test_whatsapp.TestWhatsApp(),
    "instagram": test_instagram.TestInstagram(),
    "messenger": test_messenger.TestMessenger(),
    "telegram": test_telegram.TestTelegram(),
    "twilio": test_twilio.TestTwilio(),
}
SETTINGS = {name: value for channel in CHANNELS.values() for name, value in channel.variables.items()}


@pytest.fixture(scope="module")
def fleet(postgres_server: PostgresServer) -> Iterator[Fleet]:
    with fresh_database(postgres_server) as addresses:
        with running_fleet(addresses.service or addresses.owner, webs=0, webhooks=1, **SETTINGS) as fleet:
            yield fleet


def url(fleet: Fleet, channel: str) -> str:
    return f"http://127.0.0.1:{fleet.webhook[0].port}/webhooks/{channel}"


def post(fleet: Fleet, channel: str, request: WebhookRequest) -> tuple[int, bytes]:
    answer = requests.post(url(fleet, channel) + request.query, request.body, headers=dict(request.headers), timeout=20)
    return answer.status_code, answer.content


def kinds(fleet: Fleet, channel: str) -> dict[tuple[str, str], str]:
    """What is stored of the channel's events, by account and key."""
    rows = fleet.query("SELECT account, event_key, kind FROM inbound_events WHERE channel = %s", channel)
    return {(account, key): kind for account, key, kind in rows}


@pytest.mark.parametrize("name", CHANNELS)
def test_every_body_is_acknowledged_and_stored_once_however_often_it_comes(fleet: Fleet, name: str) -> None:
    case = CHANNELS[name]
    requests_of = [case.request_of(path.read_bytes()) for path in case.files()]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda request: post(fleet, name, request), [*requests_of, *requests_of, *requests_of]))
    assert {status for status, _ in answers} == {200}
    expected = {}
    for path in case.files():
        for event in json.loads(path.with_name(f"{path.stem}.events.json").read_text()):
            if event["account"] in case.channel.accounts:
                content = next(key for key in event if pb.Event.DESCRIPTOR.fields_by_name[key].containing_oneof)
                expected[event["account"], event["event_key"]] = content
    stored = kinds(fleet, name)
    named = {key: content for key, content in expected.items() if not key[1].endswith(":*")}
    assert {key: kind for key, kind in stored.items() if key in named} == named
    # What has no id is named by its content. (A message that was changed before it came is there too.)
    others = {(account, f"{key.partition(':')[0]}:*") for account, key in stored.keys() - named.keys()}
    assert others >= expected.keys() - named.keys()
    for table in ("event_conflicts", "poison_events"):
        assert fleet.query(f"SELECT count(*) FROM {table} WHERE channel = %s", name) == [(0,)]


@pytest.mark.parametrize("name", CHANNELS)
def test_a_platform_that_does_what_the_answer_says_is_told_to_do_nothing(fleet: Fleet, name: str) -> None:
    """Telegram would call a method that it names, Twilio send what it says, or complain of what is no instruction."""
    case = CHANNELS[name]
    request = case.request_of(case.files()[0].read_bytes())
    answer = requests.post(url(fleet, name) + request.query, request.body, headers=dict(request.headers), timeout=20)
    expected = ("<Response/>", "text/xml") if name == "twilio" else ("", "text/plain")
    assert (answer.text, answer.headers["Content-Type"].partition(";")[0]) == expected


def test_a_pressed_button_is_answered_with_the_answer_to_its_webhook(fleet: Fleet) -> None:
    case = CHANNELS["telegram"]
    (pressed,) = (path for path in case.files() if path.stem == "callback_query")
    status, said = post(fleet, "telegram", case.request_of(pressed.read_bytes()))
    assert (status, json.loads(said)["method"]) == (200, "answerCallbackQuery")


@pytest.mark.parametrize("name", [name for name, case in CHANNELS.items() if case.batches])
def test_one_malformed_item_of_a_batch_is_kept_and_the_others_count(fleet: Fleet, name: str) -> None:
    case = CHANNELS[name]
    before = fleet.query("SELECT count(*) FROM poison_events WHERE channel = %s", name)[0][0]
    body, keys = case.batch()
    assert post(fleet, name, case.request_of(body)) == (200, b"")
    assert {key for _, key in kinds(fleet, name)} >= set(keys)
    assert fleet.query("SELECT count(*) FROM poison_events WHERE channel = %s", name) == [(before + 1,)]


@pytest.mark.parametrize("name", [name for name, case in CHANNELS.items() if case.greeting])
def test_the_platforms_greeting_is_answered_as_plain_text(fleet: Fleet, name: str) -> None:
    case = CHANNELS[name]
    greeting = {**(case.greeting or {}), case.challenge: "<script>alert(1)</script>"}
    answer = requests.get(url(fleet, name), greeting, timeout=10)
    assert (answer.status_code, answer.text) == (200, greeting[case.challenge])
    assert answer.headers["Content-Type"].startswith("text/plain")
    others = {key: value for key, value in greeting.items() if key != "hub.verify_token"}
    assert requests.get(url(fleet, name), others, timeout=10).status_code == 403


@pytest.mark.parametrize("name", CHANNELS)
def test_a_forged_webhook_is_refused_and_nothing_of_it_is_kept(fleet: Fleet, name: str) -> None:
    case = CHANNELS[name]
    request = case.request_of(case.files()[0].read_bytes())
    before = kinds(fleet, name)
    for proof in ("", "sha256=" + "0" * 64, request.headers[case.proof].upper() + "=", "x" * 71, "grüße", "\xff" * 71):
        forged = WebhookRequest({**request.headers, case.proof: proof}, request.body, request.query)
        assert post(fleet, name, forged)[0] == 403
    assert kinds(fleet, name) == before


@pytest.mark.parametrize(
    "written", [b"[]", b"{", b'{"object":"whatsapp_business_account","entry":7}', b'{"object":"page","entry":[]}']
)
def test_a_whatsapp_body_that_makes_no_sense_is_kept_and_acknowledged(fleet: Fleet, written: bytes) -> None:
    case = CHANNELS["whatsapp"]
    assert post(fleet, "whatsapp", case.request_of(written)) == (200, b"")
    (reason,) = fleet.query("SELECT reason FROM poison_events WHERE position(%s in event) > 0", written)[-1]
    assert reason


def whatsapp(field: str, **value: Any) -> WebhookRequest:
    metadata = {"phone_number_id": FIRST}
    change = {"field": field, "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}
    entry = {"id": BUSINESS, "changes": [change]}
    body = {"object": "whatsapp_business_account", "entry": [entry]}
    return CHANNELS["whatsapp"].request_of(json.dumps(body).encode())


def test_statuses_in_any_order_prove_a_send_that_was_not_answered_and_never_fall(fleet: Fleet) -> None:
    customer = "447700900777"
    now = str(int(time.time()))  # an older message would be outside of the reply window
    text = {"from": customer, "id": "wamid.ASKS", "timestamp": now, "type": "text", "text": {"body": "hello"}}
    assert post(fleet, "whatsapp", whatsapp("messages", messages=[text])) == (200, b"")
    deliveries: list[pb.Delivery] = []
    eventually(lambda: bool(deliveries) or bool(deliveries.extend(claimed(fleet, customer))))
    delivery, wamid = deliveries[0], "wamid.ANSWER"
    for status in ("read", "delivered", "sent", "in_orbit", "failed"):
        told = {"id": wamid, "status": status, "timestamp": now, "recipient_id": customer}
        told["biz_opaque_callback_data"] = delivery.id
        assert post(fleet, "whatsapp", whatsapp("messages", statuses=[told])) == (200, b"")
        state = fleet.query("SELECT state, status, provider_id FROM deliveries WHERE id = %s", delivery.id)
        assert state == [("sent", "read", wamid)], status


def claimed(fleet: Fleet, customer: str) -> list[pb.Delivery]:
    """The delivery to a customer, whose sending is then under way; empty before there is one."""
    metadata = (("authorization", f"Bearer {fleet.conversation[0].environment['SERVICE_TOKEN']}"),)
    with grpc.insecure_channel(f"127.0.0.1:{fleet.conversation[0].port}") as channel:
        request = pb.ClaimDeliveriesRequest(worker="test", channels=["whatsapp"], limit=100)
        claim = ConversationServiceStub(channel).ClaimDeliveries(request, metadata=metadata, timeout=5)
    return [delivery for delivery in claim.deliveries if delivery.thread_key == customer]
