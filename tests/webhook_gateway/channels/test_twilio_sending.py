"""Calls of Twilio's API: whom they reach, what they carry, and what their answers mean."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from protos import conversation_pb2 as pb
from tests.webhook_gateway.channels.nonsense import odd
from tests.webhook_gateway.channels.twilio import (
    CHANNEL,
    CUSTOMER,
    DELIVERY,
    KEY,
    NUMBER,
    PATH,
    SECRETS,
    SERVICE,
    SID,
    TOKENS,
    WHATSAPP,
    account,
    event,
    form_of,
)
from webhook_gateway.channels.channel import Answer
from webhook_gateway.outcomes import Accepted, Unknown
from webhook_gateway.text.splitting import split

SENT = f"{'SM'}{'0d' * 16}"


def delivery(**changes: Any) -> pb.Delivery:
    given: dict[str, Any] = {"id": DELIVERY, "account": NUMBER, "thread_key": CUSTOMER, "text": "Hi & bye", **changes}
    return pb.Delivery(**given)


def test_a_send_says_to_which_address_its_status_shall_go() -> None:
    call = CHANNEL.compose(account(api_base_url="http://127.0.0.1:1234"), delivery())
    assert call.url == f"http://127.0.0.1:1234/2010-04-01/Accounts/{SID}/Messages.json"
    assert call.form == {
        "To": CUSTOMER,
        "From": NUMBER,
        "Body": "Hi & bye",
        "StatusCallback": f"{PATH}?delivery={DELIVERY}#rc=3&rp=all",
    }
    status = event(form_of("status_sent"), f"?delivery={DELIVERY}").status
    assert status.delivery_id == DELIVERY


def test_a_messaging_service_sends_as_itself() -> None:
    form = CHANNEL.compose(account(SERVICE), delivery()).form
    assert form is not None
    assert form["MessagingServiceSid"] == SERVICE
    assert "From" not in form


def test_the_api_key_sends_where_there_is_one_else_the_first_token() -> None:
    assert CHANNEL.compose(account(), delivery()).basic == (SID, TOKENS[0])
    keyed = account(api_key=KEY, api_secret=SECRETS[2])
    assert CHANNEL.compose(keyed, delivery()).basic == (KEY, SECRETS[2])
    assert SECRETS[2] not in f"{keyed!r} {CHANNEL.compose(keyed, delivery())!r}"


@pytest.mark.parametrize("half", [{"api_key": KEY}, {"api_secret": SECRETS[2]}])
def test_half_an_api_key_is_refused(half: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="together with the API key"):
        account(**half)


@pytest.mark.parametrize(
    "sender", ["", "kettles", "whatsapp:kettles", "MG1", "+15005550122,+15005550123", "sms:+1500555"]
)
def test_what_is_no_sender_is_refused(sender: str) -> None:
    with pytest.raises(ValidationError, match="sender"):
        account(sender)


@pytest.mark.parametrize(
    ("thread", "names", "address"),
    [
        (CUSTOMER, [], CUSTOMER),
        (CUSTOMER, [("phone", CUSTOMER)], CUSTOMER),
        (CUSTOMER, [("phone", "+447700900999")], "+447700900999"),
        ("whatsapp:GB.7", [("bsuid", "whatsapp:GB.7"), ("phone", "whatsapp:+447")], "whatsapp:GB.7"),
        ("whatsapp:GB.7", [("bsuid", "whatsapp:GB.8")], "whatsapp:GB.8"),
        ("whatsapp:GB.7", [("bsuid", "whatsapp:GB.8"), ("phone", "whatsapp:+447")], "whatsapp:+447"),
    ],
)
def test_a_customer_is_reached_by_a_name_that_is_valid(thread: str, names: list[Any], address: str) -> None:
    recipient = [pb.Alias(kind=kind, value=value) for kind, value in names]
    form = CHANNEL.compose(account(), delivery(thread_key=thread, recipient=recipient)).form
    assert form is not None
    assert form["To"] == address


def typing(key: str, thread: str = f"whatsapp:{CUSTOMER}", **more: str) -> Any:
    return CHANNEL.compose_typing(account(WHATSAPP, **more), pb.TypingSignal(thread_key=thread, message_key=key))


def test_typing_marks_the_customers_newest_message_as_read() -> None:
    call = typing(f"message:{SENT}")
    assert call.url == "https://messaging.twilio.com/v2/Indicators/Typing.json"
    assert call.form == {"messageId": SENT, "channel": "whatsapp"}
    assert (
        typing(f"message:{SENT}", api_base_url="http://127.0.0.1:9").url
        == "http://127.0.0.1:9/v2/Indicators/Typing.json"
    )


@pytest.mark.parametrize(
    ("key", "thread"), [("", "whatsapp:+1"), ("preference:SM1", "whatsapp:+1"), ("message:SM1", "+1")]
)
def test_there_is_no_typing_by_sms_or_without_a_message(key: str, thread: str) -> None:
    assert typing(key, thread) is None


def test_a_text_is_cut_where_twilio_would_refuse_it() -> None:
    capabilities = CHANNEL.capabilities
    assert [len(part) for part in split("📮" * 801, capabilities.text_limit, capabilities.measure)] == [800, 1]


@settings(max_examples=60, deadline=None)
@given(status=st.integers(100, 599), code=odd | st.sampled_from([21610, 30001, True]), sid=odd)
def test_any_answer_of_its_own_shape_means_something(status: int, code: Any, sid: Any) -> None:
    found = CHANNEL.interpret(Answer(status, {"code": code, "sid": sid}, {}), delivery())
    assert isinstance(found, Accepted) <= (200 <= status < 300)
    assert isinstance(found, Unknown) >= (status >= 500)
