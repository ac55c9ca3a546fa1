"""WhatsApp's bodies that are wrong, large, or of nobody's account."""

import copy
import json
from typing import Any

import pytest

from protos import conversation_pb2 as pb
from tests.webhook_gateway.channels.conformance import BODIES, read, shown
from tests.webhook_gateway.channels.nonsense import NO_TEXTS
from tests.webhook_gateway.channels.whatsapp import BUSINESS, CHANNEL, FIRST, SECOND, account, body_of, event, events
from webhook_gateway.channels.channel import WebhookRequest
from webhook_gateway.channels.whatsapp import WhatsApp
from webhook_gateway.reading import Unreadable


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b'{"object":"page","entry":[]}', "object is not whatsapp_business_account"),
        (b'{"object":"whatsapp_business_account","entry":{}}', "entry is no array"),
        (b'{"object":"whatsapp_business_account","entry":[NaN]}', "no JSON (ValueError)"),
        (b'[{"object":"whatsapp_business_account","entry":[]}]', "the body is no object"),
        (b'{"object":"whatsapp_business_account","entry":[]', "no JSON (JSONDecodeError)"),
    ],
)
def test_what_is_wrong_with_a_whole_body_is_said(body: bytes, complaint: str) -> None:
    with pytest.raises(Unreadable) as caught:
        list(CHANNEL.entries(WebhookRequest({}, body)))
    assert str(caught.value) == complaint
    # What was underneath quotes the body.
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    "body", [b'{"object":"whatsapp_business_account"}', b'{"object":"whatsapp_business_account","entry":[]}']
)
def test_an_empty_body_says_nothing(body: bytes) -> None:
    assert list(CHANNEL.entries(WebhookRequest({}, body))) == []


@pytest.mark.parametrize(
    "wrong", [7, None, "x", [], {}, {"changes": 7}, {"changes": [7, None]}, {"changes": [{"field": 7}]}]
)
def test_an_entry_that_is_wrong_costs_no_other(wrong: object) -> None:
    body = body_of("text")
    body["entry"] = [wrong, *body["entry"], wrong]
    found = events(body)
    assert [event.WhichOneof("content") for event in found if isinstance(event, pb.Event)] == ["message"]
    assert all(str(event) == "no change with field and value" for event in found if isinstance(event, Unreadable))


NAMES = sorted(path.stem for path in (BODIES / "whatsapp").glob("*.json") if not path.name.endswith(".events.json"))


def many(count: int, size: int = 20) -> Any:
    body = body_of("text")
    (message,) = body["entry"][0]["changes"][0]["value"]["messages"]
    copies = [copy.deepcopy(message) | {"id": f"wamid.{number}"} for number in range(count)]
    for number, found in enumerate(copies):
        found["text"] = {"body": f"{number} " + "ü" * size}
    body["entry"][0]["changes"][0]["value"]["messages"] = copies
    return body


def test_a_thousand_messages_of_three_megabytes_are_a_thousand_events_in_order() -> None:
    body = many(1000, 470)
    assert 2_900_000 < len(json.dumps(body)) < 4 * 1024 * 1024
    found = [shown(event)["event_key"] for event in events(body)]
    assert found == [f"message:wamid.{number}" for number in range(1000)]


def test_the_evidence_of_one_huge_item_is_cut_to_what_the_contract_carries() -> None:
    body = many(1, 300_000)
    found = event(body)
    assert len(found.raw) == 256 * 1024


def test_an_item_that_is_nested_without_end_costs_no_other() -> None:
    body = many(3)
    messages = body["entry"][0]["changes"][0]["value"]["messages"]
    deep = "[" * 900 + "]" * 900
    messages[1]["text"]["more"] = "HERE"
    written = json.dumps(body).replace('"HERE"', deep).encode()
    found = list(read(CHANNEL, WebhookRequest({}, written)))
    assert isinstance(found[0], pb.Event)
    assert isinstance(found[2], pb.Event)


def test_what_is_kept_of_an_item_can_be_read_again_by_itself() -> None:
    for name in NAMES:
        for found in events(body_of(name)):
            assert isinstance(found, pb.Event)
            entry = {"id": BUSINESS, "changes": [json.loads(found.raw)]}
            again = (
                event({"object": "whatsapp_business_account", "entry": [entry]})
                if "alias" not in found.event_key
                else found
            )
            assert shown(again) == shown(found), name


# Whose it is


def test_what_names_no_number_goes_to_the_first_number_of_its_business_account() -> None:
    body = body_of("account_update")
    other = WhatsApp([account(), account(SECOND, business_account_id=BUSINESS)])
    assert event(body, other).account == SECOND
    assert event(body, WhatsApp([account(business_account_id="1"), account(SECOND)])).account == SECOND
    assert event(body, WhatsApp([account(business_account_id="1")])).account == BUSINESS
    assert event(body).account == FIRST
    (entry,) = other.entries(WebhookRequest({}, b'{"object":"whatsapp_business_account","entry":[7]}'))
    assert entry.account == FIRST


@pytest.mark.parametrize("name", ["text", "status_sent", "echo_text", "user_preferences_stop", "errors_only"])
def test_an_item_of_no_number_is_unreadable_because_it_could_be_anybodys(name: str) -> None:
    body = body_of(name)
    del body["entry"][0]["changes"][0]["value"]["metadata"]
    (found,) = events(body)
    assert str(found) == "metadata names no phone_number_id"


@pytest.mark.parametrize("key", ["from", "timestamp", "type", "id", "text"])
def test_a_message_without_what_it_needs_is_unreadable_and_without_a_time_it_is_not(key: str) -> None:
    body = body_of("text")
    value = body["entry"][0]["changes"][0]["value"]
    del value["messages"][0][key]
    if key == "from":
        value["contacts"] = []
    (found,) = events(body)
    if key == "timestamp":
        assert isinstance(found, pb.Event)
        assert not found.HasField("platform_time")
    elif key == "type":
        assert isinstance(found, pb.Event)
        assert found.unsupported.kind == "untyped"
    else:
        assert isinstance(found, Unreadable)


@pytest.mark.parametrize("time", ["soon", -5, 0, "9" * 30, None, [], 1e308])
def test_a_nonsensical_time_is_no_time(time: object) -> None:
    body = body_of("text")
    body["entry"][0]["changes"][0]["value"]["messages"][0]["timestamp"] = time
    assert not event(body).HasField("platform_time")


@pytest.mark.parametrize("latitude", ["inf", "nan", 1e999, True, "", None, [], "north"])
def test_a_place_is_where_its_numbers_say(latitude: object) -> None:
    body = body_of("location")
    place = body["entry"][0]["changes"][0]["value"]["messages"][0]["location"]
    place["latitude"] = latitude if latitude != 1e999 else 10**400
    (found,) = events(body)
    assert str(found) == "latitude is no number"
    place["latitude"] = "-33.5"
    assert event(body).message.location.latitude == -33.5


def test_what_people_and_platforms_write_is_kept_within_bounds() -> None:
    body = body_of("text")
    value = body["entry"][0]["changes"][0]["value"]
    value["contacts"][0]["profile"]["name"] = "n" * 5000
    assert event(body).sender.display_name == "n" * 255
    value["messages"][0]["type"] = "t" * 5000
    assert event(body).unsupported.kind == "t" * 64
    value["messages"][0]["from"] = "4" * 256
    (found,) = events(body)
    assert str(found) == "the customer's id is longer than 255 characters"
    body = body_of("account_update")
    body["entry"][0]["changes"][0]["field"] = "f" * 5000
    assert event(body).unsupported.kind == "f" * 64
    body = body_of("status_failed")
    body["entry"][0]["changes"][0]["value"]["statuses"][0]["errors"][0]["title"] = "e" * 5000
    assert event(body).status.error_text == "e" * 500
    assert len(event(with_id("w" * 5000)).event_key) <= 512
    assert event(with_id("w" * 5000)).event_key != event(with_id("w" * 5001)).event_key


@pytest.mark.parametrize("wrong", NO_TEXTS)
def test_a_name_or_an_origin_of_another_shape_costs_no_message(wrong: Any) -> None:
    body = body_of("text_with_bsuid")
    expected = event(body)
    value = body["entry"][0]["changes"][0]["value"]
    (contact,), (message,) = value["contacts"], value["messages"]
    for profile in ({"name": wrong, "username": wrong}, wrong):
        contact |= {"profile": profile, "username": wrong, "parent_user_id": wrong}
        for referral in ({"source_type": wrong, "source_id": wrong, "ref": wrong, "headline": wrong}, wrong):
            message |= {"referral": referral, "context": {"referred_product": wrong}, "from_parent_user_id": wrong}
            found = event(body)
            assert (found.message.text, found.thread_key) == (expected.message.text, expected.thread_key)


@pytest.mark.parametrize("wrong", NO_TEXTS)
def test_what_is_told_of_a_file_in_another_shape_does_not_cost_it(wrong: object) -> None:
    body = body_of("document")
    file = body["entry"][0]["changes"][0]["value"]["messages"][0]["document"]
    (expected,) = event(body).message.attachments
    file |= dict.fromkeys(("mime_type", "filename", "sha256"), wrong)
    (found,) = event(body).message.attachments
    assert (found.media_id, found.file_name, found.sha256) == (expected.media_id, "", "")


def with_id(wamid: str) -> Any:
    body = body_of("text")
    body["entry"][0]["changes"][0]["value"]["messages"][0]["id"] = wamid
    return body


@pytest.mark.parametrize("name", ["interactive_button_reply", "interactive_list_reply"])
def test_a_reply_in_which_nothing_was_chosen_is_unreadable(name: str) -> None:
    body = body_of(name)
    (message,) = body["entry"][0]["changes"][0]["value"]["messages"]
    kind = message["interactive"]["type"]
    for empty in (None, {}, {"id": "", "title": ""}):
        message["interactive"][kind] = empty
        (found,) = events(body)
        assert str(found) == f"a {kind} without a title or an id"
    message["interactive"][kind] = {"id": "size-42"}
    assert event(body).message.choice.id == "size-42"


def test_half_a_character_is_replaced_and_loses_nothing_else() -> None:
    body = body_of("text")
    body["entry"][0]["changes"][0]["value"]["messages"][0]["text"]["body"] = "a\ud83db\U0001f680"
    assert event(body).message.text == "a\ufffdb🚀"


def test_a_status_of_an_unknown_code_has_no_reason() -> None:
    body = body_of("status_failed")
    (status,) = body["entry"][0]["changes"][0]["value"]["statuses"]
    for code, reason in ((139999, ""), (131000, ""), (131042, "account"), (131056, "recipient"), (131050, "recipient")):
        status["errors"][0]["code"] = code
        assert (event(body).status.error_code, event(body).status.reason) == (str(code), reason)
