"""How long a platform's rapid messages are gathered, in which order they are read, and until when they are answered."""

import asyncio
from datetime import UTC, datetime, timedelta

from conversation_service.writer import SAFE_TEXT
from protos import conversation_pb2 as pb
from tests.conversation_service.effects.events import message
from tests.conversation_service.harness import new_conversation, running_service, web_message

# Seconds from the turn's beginning until it is due.
DUE = "SELECT extract(epoch FROM run_at - created_at)::float8 FROM turns"


def test_each_message_begins_the_wait_anew_up_to_its_end(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=30, gather_limit_seconds=60) as service:
            due = []
            for number, passed in enumerate((0, 20, 20, 20)):
                service.query("UPDATE turns SET created_at = created_at - make_interval(secs => %s)", passed)
                await service.receive(message("t", f"text {number}", str(number)))
                ((seconds,),) = service.query(DUE)
                due.append(seconds)
            assert [round(seconds) for seconds in due] == [30, 50, 60, 60]

    asyncio.run(scenario())


def test_by_default_it_is_two_seconds_and_never_more_than_eight_and_none_on_the_web(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            assert (service.settings.gather_seconds, service.settings.gather_limit_seconds) == (2, 8)
            await service.app.answering.drain()  # so that nothing is claimed meanwhile
            await service.receive(web_message(new_conversation(), "hello"))
            ((seconds,),) = service.query(DUE)
            assert abs(seconds) < 1

    asyncio.run(scenario())


def test_the_messages_of_a_turn_are_read_in_the_order_of_the_platforms_clock(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=0.3) as service:
            said = [("third", 30), ("first", 10), ("second", 20)]
            events = [message("t", text, text, at=at) for text, at in said]
            (receipt, *_others) = await service.receive(*events)
            await service.replies(receipt.conversation_id, channel="whatsapp")
            (prompt,) = service.llm.prompts
            assert [item.text for item in prompt.history] == ["first", "second", "third"]
            # They keep the numbers under which they were accepted.
            stored = await service.messages(receipt.conversation_id, channel="whatsapp")
            assert [(one.seq, one.text) for one in stored][:3] == [(1, "third"), (2, "first"), (3, "second")]

    asyncio.run(scenario())


def test_the_time_for_an_answer_begins_on_a_platform_with_the_claim_and_in_a_browser_with_the_message(
    database_url: str,
) -> None:
    """So an outage, after which everything is late, does not end in an apology to everybody on a platform."""

    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=30) as service:
            (late,) = await service.receive(message("t", "hello", "a"))
            earlier = "created_at = created_at - interval '1 hour', deadline_at = deadline_at - interval '1 hour'"
            service.query(f"UPDATE turns SET {earlier}, run_at = now()")
            (reply,) = await service.replies(late.conversation_id, channel="whatsapp")
            assert reply.text == "You asked: hello"
        async with running_service(database_url, turn_deadline_seconds=1) as service:
            await service.app.answering.drain()
            browser = new_conversation()
            await service.receive(web_message(browser, "hello"))
            await asyncio.sleep(1)
        async with running_service(database_url, turn_deadline_seconds=1) as service:
            (reply,) = await service.replies(browser)
            assert (reply.text, reply.meta.error_code) == (SAFE_TEXT, "deadline_exceeded")

    asyncio.run(scenario())


def on_a_platform(text: str, key: str, ago: timedelta) -> pb.Event:
    event = message("t", text, key)
    event.reply_window_seconds = 24 * 3600
    event.platform_time.FromDatetime(datetime.now(UTC) - ago)
    return event


def test_an_old_message_that_comes_late_does_not_close_the_window_that_a_newer_one_opened(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=0) as service:
            (newer,) = await service.receive(on_a_platform("new", "a", timedelta(hours=1)))
            await service.replies(newer.conversation_id, channel="whatsapp")
            await service.receive(on_a_platform("old", "b", timedelta(hours=25)))
            assert len(await service.replies(newer.conversation_id, 2, channel="whatsapp")) == 2

    asyncio.run(scenario())


def test_a_platform_whose_clock_is_ahead_keeps_no_window_open_for_longer(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=0) as service:
            await service.receive(on_a_platform("from tomorrow", "a", timedelta(days=-1)))
            assert service.query("SELECT last_customer_at <= now() FROM conversations") == [(True,)]

    asyncio.run(scenario())
