"""Telegram's updates: what is in them, and what is wrong with them."""

import json
from typing import Any

import pytest

from tests.webhook_gateway.channels.conformance import read, shown
from tests.webhook_gateway.channels.nonsense import NO_TEXTS
from tests.webhook_gateway.channels.telegram import (
    CHANNEL,
    CHAT,
    body_of,
    event,
    request,
)
from webhook_gateway.reading import Unreadable


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"update_id": None}, "update_id is missing"),
        ({"message": []}, "message is no object"),
        ({"message": {**body_of("text")["message"], "message_id": None}}, "message_id is missing"),
        (
            {"message": {**body_of("text")["message"], "chat": {"type": "private", "id": "@noor"}}},
            "chat.id is no number",
        ),
        ({"message": {**body_of("text")["message"], "text": ""}}, "text is missing"),
        ({"message": {**body_of("photo")["message"], "photo": []}}, "photo without a size"),
        ({"message": {**body_of("contact")["message"], "contact": {}}}, "contact without name and number"),
        ({"message": {**body_of("voice")["message"], "voice": {"duration": 1}}}, "file_id is missing"),
        ({"message": {**body_of("location")["message"], "location": {"latitude": 1}}}, "longitude is no number"),
    ],
)
def test_an_update_that_lacks_what_it_needs_is_unreadable(change: dict[str, Any], complaint: str) -> None:
    body = body_of("text") | change
    try:
        (found,) = read(CHANNEL, request(body))
    except Unreadable as error:
        found = error
    assert str(found) == complaint


@pytest.mark.parametrize("time", [None, 0, -5, "soon", 10**30, True])
def test_a_nonsensical_time_is_no_time(time: object) -> None:
    body = body_of("text")
    body["message"]["date"] = time
    assert not event(body).HasField("platform_time")


@pytest.mark.parametrize("size", [None, -1, "big", 2**80, 1.5, True])
def test_a_nonsensical_size_of_a_file_costs_nothing(size: object) -> None:
    body = body_of("photo")
    for photo in body["message"]["photo"]:
        photo["file_size"] = size
    assert event(body).message.attachments[0].media_id == "BQACAgQAAxPl"


@pytest.mark.parametrize("wrong", NO_TEXTS)
def test_what_is_told_of_a_file_in_another_shape_does_not_cost_it(wrong: object) -> None:
    body = body_of("document")
    (expected,) = event(body).message.attachments
    body["message"]["document"] |= {"mime_type": wrong, "file_name": wrong}
    (found,) = event(body).message.attachments
    assert (found.media_id, found.mime_type, found.file_name) == (expected.media_id, "", "")


def test_a_name_of_any_length_is_cut_to_what_is_kept() -> None:
    body = body_of("text")
    body["message"]["from"]["first_name"] = "N" * 5000
    assert event(body).sender.display_name == "N" * 255


@pytest.mark.parametrize("wrong", NO_TEXTS)
def test_a_name_of_another_shape_costs_no_message(wrong: object) -> None:
    body = body_of("text")
    expected = event(body)
    body["message"]["from"] |= {"first_name": wrong, "last_name": wrong, "username": wrong}
    assert event(body).message == expected.message
    assert event(body).sender.external_id == CHAT


def test_an_edit_a_reaction_and_a_reply_name_the_message_by_its_own_key() -> None:
    key = event(body_of("text")).event_key
    assert key == f"message:{CHAT}:311"
    assert event(body_of("edited_text")).edit.target_key == key
    assert event(body_of("reaction")).reaction.target_key == key
    reply = body_of("reply")
    reply["message"]["reply_to_message"]["message_id"] = 311
    assert event(reply).message.reply_to_key == key


def test_two_edits_in_one_second_are_two_events() -> None:
    first, second = body_of("edited_text"), body_of("edited_text")
    second["update_id"] += 1
    assert event(first).event_key != event(second).event_key


def test_a_message_is_the_same_whichever_update_brings_it() -> None:
    again = body_of("text") | {"update_id": 1}
    assert event(again).event_key == event(body_of("text")).event_key


def test_a_reply_that_quotes_a_message_without_its_chat_is_about_this_chat() -> None:
    body = body_of("reply")
    del body["message"]["reply_to_message"]["chat"]
    assert event(body).message.reply_to_key == f"message:{CHAT}:77"


def test_a_customer_is_known_by_the_id_whatever_the_username_is() -> None:
    body = body_of("text")
    names = [(alias.kind, alias.value) for alias in event(body).sender.aliases]
    assert names == [("user_id", CHAT), ("username", "noor_h")]
    body["message"]["from"]["username"] = "somebody"
    found = event(body)
    assert (found.sender.external_id, found.thread_key) == (CHAT, CHAT)


def test_the_address_of_a_file_is_never_told_because_it_holds_the_token() -> None:
    for name in ("photo", "video", "document", "voice"):
        assert "http" not in json.dumps(shown(event(body_of(name)))["message"])
