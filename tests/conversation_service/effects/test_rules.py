"""When the assistant keeps silent on platforms by itself, and what its first reply says."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from conversation_service.config import ConversationSettings
from conversation_service.writer import SAFE_TEXT
from protos import conversation_pb2 as pb
from tests.conversation_service.effects.events import message
from tests.conversation_service.effects.test_consent import ends
from tests.conversation_service.harness import Harness, new_conversation, running_service, web_message
from tests.conversation_service.races.rest import at_rest

DAY = 24 * 3600
# Turns that were answered, each begun some seconds after the reply before it; the last reply was just given.
PAST = """
    UPDATE turns SET created_at = now() - make_interval(secs => (%s - turn_no) * %s),
        finished_at = now() - make_interval(secs => (%s - turn_no) * %s) + interval '1 second'
"""

UNANSWERED = """
    INSERT INTO turns (conversation_id, turn_no, input_through_seq, state, reason, finished_at)
        SELECT %s, n, n, 'silent', 'deleted', now() FROM generate_series(4, 40) n
"""


def written(text: str, key: str, ago: timedelta) -> pb.Event:
    event = message("t", text, key)
    event.reply_window_seconds = DAY
    event.platform_time.FromDatetime(datetime.now(UTC) - ago)
    return event


async def answered(service: Harness, count: int) -> str:
    """A conversation with so many replies."""
    for number in range(count):
        (receipt,) = await service.receive(message("t", f"text {number}", f"m{number}"))
        await service.replies(receipt.conversation_id, number + 1, channel="whatsapp")
    return receipt.conversation_id


def test_a_message_older_than_the_window_is_stored_and_not_answered(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=0) as service:
            (old,) = await service.receive(written("old", "a", timedelta(hours=25)))
            assert await ends(service, 1) == [("silent", "window_closed")]
            await service.receive(written("new", "b", timedelta(hours=23)))
            (reply,) = await service.replies(old.conversation_id, channel="whatsapp")
            assert reply.text == "You asked: new"
            assert len(service.llm.prompts) == 1
            await at_rest(service)

    asyncio.run(scenario())


def test_without_a_window_age_means_nothing(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=0) as service:
            event = written("old", "a", timedelta(days=30))
            event.reply_window_seconds = 0
            (receipt,) = await service.receive(event)
            assert await service.replies(receipt.conversation_id, channel="whatsapp")

    asyncio.run(scenario())


def test_the_first_reply_on_a_platform_says_that_it_is_automatic(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=0, automatic_notice="") as service:
            conversation = await answered(service, 2)
            first, second = await service.replies(conversation, 2, channel="whatsapp")
            notice = service.settings.notice()
            assert notice
            assert (first.text, second.text) == (f"{notice}\n\nYou asked: text 0", "You asked: text 1")
            sent = service.query("SELECT text FROM deliveries ORDER BY out_seq")
            assert sent == [(first.text,), (second.text,)]
            web = new_conversation()
            await service.receive(web_message(web, "hello"))
            (reply,) = await service.replies(web)
            assert reply.text == "You asked: hello"

    asyncio.run(scenario())


def test_a_safe_text_that_comes_first_says_so_too_and_the_next_reply_does_not(database_url: str) -> None:
    async def scenario() -> None:
        notice = {"automatic_notice": "I am a machine."}
        async with running_service(database_url, gather_seconds=30, **notice) as service:
            (receipt,) = await service.receive(message("t", "hello", "a"))
            service.query("UPDATE turns SET attempts = 2, run_at = now()")
            (first,) = await service.replies(receipt.conversation_id, channel="whatsapp")
            assert first.text == f"I am a machine.\n\n{SAFE_TEXT}"
            await service.receive(message("t", "hello", "b"))
            service.query("UPDATE turns SET run_at = now() WHERE state = 'pending'")
            replies = await service.replies(receipt.conversation_id, 2, channel="whatsapp")
            assert replies[-1].text == "You asked: hello"

    asyncio.run(scenario())


@pytest.mark.parametrize(("value", "notice"), [("-", ""), ("A machine.", "A machine.")])
def test_the_notice_can_be_replaced_or_left_out(database_url: str, value: str, notice: str) -> None:
    values: dict[str, Any] = {"database_url": database_url, "automatic_notice": value, "service_token": "x" * 20}
    assert ConversationSettings(**values).notice() == notice


def test_two_machines_that_answer_each_other_stop_within_ten_turns(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=0) as service:
            conversation = await answered(service, 8)
            await service.receive(message("t", "I am a machine, too", "last"))
            assert (await ends(service, 9))[-1] == ("silent", "loop_stopped")
            await service.receive(message("t", "and go on, whatever you say", "more"))
            assert (await ends(service, 10))[-1] == ("silent", "loop_stopped")
            service.query("UPDATE turns SET finished_at = finished_at - interval '11 seconds' WHERE turn_no = 10")
            await service.receive(message("t", "a person, after a pause", "pause"))
            assert len(await service.replies(conversation, 9, channel="whatsapp")) == 9
            await at_rest(service)

    asyncio.run(scenario())


def test_a_customer_who_pauses_is_answered(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=0) as service:
            conversation = await answered(service, 8)
            service.query(PAST, 8, 30, 8, 30)
            await service.receive(message("t", "still interested", "last"))
            assert len(await service.replies(conversation, 9, channel="whatsapp")) == 9

    asyncio.run(scenario())


def test_replies_to_one_customer_are_limited_by_the_hour(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=0, replies_per_hour=3) as service:
            conversation = await answered(service, 3)
            await service.receive(message("t", "one too many", "x"))
            assert (await ends(service, 4))[-1] == ("silent", "loop_stopped")
            service.query("UPDATE turns SET finished_at = finished_at - interval '1 hour' WHERE turn_no = 1")
            await service.receive(message("t", "later", "y"))
            assert len(await service.replies(conversation, 4, channel="whatsapp")) == 4

    asyncio.run(scenario())


def test_a_limit_that_is_reached_is_not_outlasted_by_writing_on(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=0, replies_per_hour=3) as service:
            conversation = await answered(service, 3)
            service.query(UNANSWERED, conversation)
            service.query("UPDATE conversations SET next_turn = 41")
            await service.receive(message("t", "and on, and on", "x"))
            assert (await ends(service, 41))[-1] == ("silent", "loop_stopped")

    asyncio.run(scenario())


def test_no_limit_where_none_is_wanted(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=0, replies_per_hour=0) as service:
            assert await answered(service, 3)

    asyncio.run(scenario())
