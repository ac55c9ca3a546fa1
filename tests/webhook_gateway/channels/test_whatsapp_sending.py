"""Calls of WhatsApp's API: whom they reach, and what they carry."""

from typing import Any

import pytest

from protos import conversation_pb2 as pb
from tests.webhook_gateway.channels.whatsapp import BSUID, CHANNEL, FIRST, PHONE, SECRETS, account


def delivery_of(**changes: Any) -> pb.Delivery:
    given = {
        "id": "0b0e7a52-1c44-4d0b-8a0e-6d1f2c3b4a59",
        "account": FIRST,
        "thread_key": PHONE,
        "text": "Hi",
        "attempt": 1,
    }
    return pb.Delivery(**{**given, **changes})  # type: ignore[arg-type]


def sent(**changes: Any) -> Any:
    return CHANNEL.compose(CHANNEL.accounts[FIRST], delivery_of(**changes)).json


def test_a_send_goes_to_the_number_of_its_account_and_carries_our_id() -> None:
    delivery = delivery_of()
    call = CHANNEL.compose(CHANNEL.accounts[FIRST], delivery)
    assert call.url == f"https://graph.facebook.com/v26.0/{FIRST}/messages"
    assert call.headers == {"authorization": f"Bearer {SECRETS[2]}"}
    assert call.json == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": PHONE,
        "type": "text",
        "text": {"body": delivery.text, "preview_url": False},
        "biz_opaque_callback_data": delivery.id,
    }


def test_address_and_version_of_the_graph_api_are_settings() -> None:
    simulated = account(graph_api_base_url="http://127.0.0.1:8090", graph_api_version="v27.0")
    call = CHANNEL.compose(simulated, delivery_of())
    assert call.url == f"http://127.0.0.1:8090/v27.0/{FIRST}/messages"


@pytest.mark.parametrize(
    ("thread", "names", "address"),
    [
        (PHONE, [], {"to": PHONE}),
        (BSUID, [], {"recipient": BSUID}),
        (BSUID, [("bsuid", BSUID), ("phone", PHONE)], {"to": PHONE}),
        (
            BSUID,
            [("username", "mara"), ("bsuid", "GB.2")],
            {"recipient": "GB.2"},
        ),  # the thread's name is no longer hers
        (PHONE, [("phone", "447700900456")], {"to": "447700900456"}),  # likewise
        (PHONE, [("phone", "447700900456"), ("phone", PHONE)], {"to": PHONE}),
        (PHONE, [("username", "mara")], {"to": PHONE}),
    ],
)
def test_a_customer_is_reached_by_a_name_that_is_valid(thread: str, names: list[Any], address: dict[str, str]) -> None:
    recipient = [pb.Alias(kind=kind, value=value) for kind, value in names]
    found = sent(thread_key=thread, recipient=recipient)
    assert {key: found[key] for key in ("to", "recipient") if key in found} == address


def test_a_reply_quotes_nothing() -> None:
    assert "context" not in sent(reply_to_key="message:wamid.A")


def test_typing_marks_the_customers_newest_message_as_read() -> None:
    signal = pb.TypingSignal(account=FIRST, thread_key=PHONE, message_key="message:wamid.HBg=")
    call = CHANNEL.compose_typing(CHANNEL.accounts[FIRST], signal)
    assert call is not None
    assert call.url.endswith(f"/{FIRST}/messages")
    assert call.json == {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": "wamid.HBg=",
        "typing_indicator": {"type": "text"},
    }


@pytest.mark.parametrize("key", ["", "message:", "edit:wamid.A", "message:sha256:" + "0" * 64])
def test_there_is_no_typing_without_a_message_of_the_customers(key: str) -> None:
    signal = pb.TypingSignal(account=FIRST, thread_key=PHONE, message_key=key)
    assert CHANNEL.compose_typing(CHANNEL.accounts[FIRST], signal) is None
