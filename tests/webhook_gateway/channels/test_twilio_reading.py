"""Twilio's forms: whose they are, what is in them, and what is wrong with them."""

import hashlib

import pytest

from protos import conversation_pb2 as pb
from tests.webhook_gateway.channels.conformance import read
from tests.webhook_gateway.channels.twilio import (
    CHANNEL,
    CUSTOMER,
    DELIVERY,
    NUMBER,
    PATH,
    PUBLIC,
    SERVICE,
    TOKENS,
    WHATSAPP,
    account,
    event,
    form_of,
    request,
    signature,
)
from webhook_gateway import intake
from webhook_gateway.channels.channel import WebhookRequest
from webhook_gateway.channels.twilio import Twilio
from webhook_gateway.reading import Unreadable


def test_one_number_by_sms_and_by_whatsapp_is_two_customers_of_a_messaging_service() -> None:
    names = [{alias.value for alias in event(form_of(name)).sender.aliases} for name in ("sms", "whatsapp_text")]
    assert names == [{CUSTOMER}, {f"whatsapp:{CUSTOMER}"}]


@pytest.mark.parametrize(
    ("change", "known_as"),
    [
        ({}, NUMBER),
        ({"MessagingServiceSid": SERVICE}, NUMBER),
        ({"MessagingServiceSid": SERVICE, "To": "+15005550199"}, SERVICE),
        ({"To": WHATSAPP}, WHATSAPP),
        ({"To": "+15005550000"}, "+15005550000"),
        ({"To": "", "MessagingServiceSid": "MG0"}, "MG0"),
        ({"MessageStatus": "sent", "From": NUMBER, "To": CUSTOMER}, NUMBER),
        ({"MessageStatus": "received"}, NUMBER),
    ],
)
def test_a_form_is_about_the_sender_of_ours_that_it_names(change: dict[str, str], known_as: str) -> None:
    (entry,) = CHANNEL.entries(request(form_of("sms") | change))
    assert entry.account == known_as


def test_an_auth_token_speaks_for_the_senders_of_its_own_account_only() -> None:
    channel = Twilio([account(), account(WHATSAPP), account(SERVICE, auth_token="of-another-account")], PUBLIC)
    proven = channel.proven(request(form_of("sms")))
    assert proven == [NUMBER, WHATSAPP]
    assert [found.account for found in intake.read(channel, request(form_of("sms")), proven)] == [NUMBER]
    assert not intake.read(channel, request(form_of("sms_to_a_messaging_service")), proven)


@pytest.mark.parametrize("name", ["sms", "mms", "status_sent", "sms_stop"])
def test_sms_may_be_answered_at_any_time(name: str) -> None:
    query = f"?delivery={DELIVERY}"
    assert {found.reply_window_seconds for found in read(CHANNEL, request(form_of(name), query))} == {0}  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["whatsapp_text", "whatsapp_without_a_number", "status_whatsapp_read"])
def test_whatsapp_may_be_answered_for_a_day(name: str) -> None:
    assert event(form_of(name)).reply_window_seconds == 86_400


@pytest.mark.parametrize(
    ("name", "key", "value", "complaint"),
    [
        ("sms", "MessageSid", "", "MessageSid is missing"),
        ("sms", "From", "", "From is missing"),
        ("sms", "From", "+" * 256, "the customer's id is longer than 255 characters"),
        ("status_sent", "To", "", "To is missing"),
        ("whatsapp_location", "Latitude", "north", "Latitude is no number"),
        ("whatsapp_location", "Longitude", "", "Longitude is no number"),
    ],
)
def test_a_form_that_lacks_what_it_needs_is_unreadable(name: str, key: str, value: str, complaint: str) -> None:
    try:
        (found,) = read(CHANNEL, request(form_of(name) | {key: value}))
    except Unreadable as error:
        found = error
    assert str(found) == complaint


@pytest.mark.parametrize("count", ["", "0", "-1", "many", "99999999999"])
def test_what_is_attached_does_not_depend_on_its_count(count: str) -> None:
    assert len(event(form_of("mms") | {"NumMedia": count}).message.attachments) == 2


def test_another_body_than_a_form_is_kept_as_what_we_cannot_read() -> None:
    body = b'{"MessageSid": "SM1", "From": "+447700900456", "To": "+15005550122", "Body": "hello"}'
    query = f"?bodySHA256={hashlib.sha256(body).hexdigest()}"
    proof = signature(PATH + query, b"", TOKENS[0])
    request = WebhookRequest({"x-twilio-signature": proof, "content-type": "application/json"}, body, query)
    assert CHANNEL.proven(request)
    with pytest.raises(Unreadable, match="no form"):
        list(CHANNEL.entries(request))


@pytest.mark.parametrize("query", ["", "?delivery=", "?delivery=1", f"?delivery={DELIVERY.upper()}", "?other=1", "?%"])
def test_a_status_that_brings_no_id_of_ours_back_proves_no_delivery(query: str) -> None:
    found = event(form_of("status_delivered"), query).status
    assert (found.delivery_id, found.state) == ("", pb.DeliveryStatus.STATE_DELIVERED)


@pytest.mark.parametrize(
    ("code", "reason"),
    [("21610", "opted_out"), ("63016", "window_closed"), ("30006", "recipient"), ("30001", "account"), ("x", ""),
     ("", ""), ("1" * 5000, "")],
)  # fmt: skip
def test_a_failed_status_says_why_where_the_code_is_known(code: str, reason: str) -> None:
    assert event(form_of("status_failed") | {"ErrorCode": code}).status.reason == reason
