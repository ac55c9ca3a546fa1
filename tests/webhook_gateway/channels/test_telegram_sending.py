"""Calls of Telegram's API: what they carry, and what their answers mean."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protos import conversation_pb2 as pb
from tests.webhook_gateway.channels.telegram import CHANNEL, CHAT, FIRST, SECRETS, account, body_of
from webhook_gateway.channels.channel import Answer, WebhookRequest
from webhook_gateway.outcomes import Accepted, NotAccepted, Unknown
from webhook_gateway.text.splitting import split

ODD = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers(), max_size=2)


def delivery(**changes: Any) -> pb.Delivery:
    given: dict[str, Any] = {"id": "d1", "account": FIRST, "thread_key": CHAT, "text": "*Hi* <b>_x_", **changes}
    return pb.Delivery(**given)


def test_a_send_goes_to_the_chat_as_plain_text_without_a_preview_and_quotes_nothing() -> None:
    call = CHANNEL.compose(
        account(api_base_url="https://bots.example/api"), delivery(reply_to_key=f"message:{CHAT}:311")
    )
    assert call.url == f"https://bots.example/api/bot{SECRETS[2]}/sendMessage"
    assert call.json == {"chat_id": 5501984337, "text": "*Hi* <b>_x_", "link_preview_options": {"is_disabled": True}}


def test_the_token_is_in_the_address_and_the_address_in_nothing_that_is_shown() -> None:
    call = CHANNEL.compose(account(), delivery())
    assert SECRETS[2] in call.url
    assert SECRETS[2] not in f"{call!r} {call} {CHANNEL.accounts!r}"


def test_while_an_answer_is_written_the_chat_shows_it() -> None:
    call = CHANNEL.compose_typing(account(), pb.TypingSignal(thread_key=CHAT))
    assert call.url.endswith("/sendChatAction")
    assert call.json == {"chat_id": 5501984337, "action": "typing"}


@pytest.mark.parametrize("name", ["callback_query", "callback_query_in_a_group", "callback_query_of_a_game"])
def test_a_pressed_button_no_longer_shows_that_it_waits_whoever_answers_and_when(name: str) -> None:
    pressed = json.dumps(body_of(name)).encode()
    said, media_type = CHANNEL.acknowledgement(WebhookRequest({}, pressed))
    query = body_of(name)["callback_query"]["id"]
    assert json.loads(said) == {"method": "answerCallbackQuery", "callback_query_id": query}
    assert media_type == "application/json"


@pytest.mark.parametrize(
    "body",
    [b'{"message": {"text": "\\"callback_query\\""}}', b'{"callback_query"', b'{"callback_query": {"id": 7}}', b"[]"],
)
def test_to_all_else_telegram_is_told_to_do_nothing(body: bytes) -> None:
    assert CHANNEL.acknowledgement(WebhookRequest({}, body)) == ("", "text/plain")


@settings(max_examples=60, deadline=None)
@given(
    status=st.integers(100, 599),
    ok=st.booleans(),
    result=ODD | st.dictionaries(st.just("message_id"), ODD),
    description=ODD | st.sampled_from(["chat not found", "BLOCKED BY THE USER"]),
    parameters=ODD | st.dictionaries(st.sampled_from(["retry_after", "migrate_to_chat_id"]), ODD),
)
def test_any_answer_of_its_own_shape_means_something(status: int, **body: Any) -> None:
    found = CHANNEL.interpret(Answer(status, body, {}), delivery())
    assert isinstance(found, Accepted) <= (200 <= status < 300)
    assert isinstance(found, Unknown) >= (status >= 500)
    if isinstance(found, NotAccepted):
        assert 0 <= found.retry_after_seconds <= 3600


def test_a_text_is_measured_in_what_telegram_counts() -> None:
    capabilities = CHANNEL.capabilities
    assert [len(part) for part in split("🫖" * 2049, capabilities.text_limit, capabilities.measure)] == [2048, 1]
