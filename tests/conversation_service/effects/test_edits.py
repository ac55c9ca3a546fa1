"""Edits change what a message says, in whatever order they arrive."""

import asyncio
import itertools
from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protos import conversation_pb2 as pb
from tests.conversation_service.effects.events import deletion, edit, message, platform_event
from tests.conversation_service.harness import Harness, running_service
from tests.conversation_service.races.rest import at_rest

_threads = (f"thread {number}" for number in itertools.count())
STATE = "SELECT text, deleted_at IS NOT NULL FROM messages m JOIN conversations c ON c.id = m.conversation_id"


def test_an_edit_changes_the_message_and_keeps_what_it_said(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=30) as service:
            (first,) = await service.receive(message("t", "one", "a", at=1))
            event = edit("t", "a", "two", at=2)
            (receipt,) = await service.receive(event)
            (again,) = await service.receive(event)
            assert (receipt.conversation_id, receipt.rev, again.outcome) == (
                first.conversation_id,
                2,
                pb.Receipt.OUTCOME_DUPLICATE,
            )
            (shown,) = await service.messages(first.conversation_id, channel="whatsapp")
            assert (shown.text, shown.rev, shown.edited_at.ToDatetime().second) == ("two", 2, 2)
            assert service.query("SELECT rev, text FROM message_edits") == [(1, "one")]
            assert service.query("SELECT outcome FROM inbound_events WHERE kind = 'edit'") == [("applied",)]

    asyncio.run(scenario())


def test_an_edit_of_a_pending_turn_is_what_the_model_reads(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=1) as service:
            (first,) = await service.receive(message("t", "one", "a"))
            await service.receive(edit("t", "a", "two"))
            await service.replies(first.conversation_id, channel="whatsapp")
            (prompt,) = service.llm.prompts
            assert [item.text for item in prompt.history] == ["two"]

    asyncio.run(scenario())


def test_an_edit_of_an_answered_message_starts_no_turn(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=0) as service:
            (first,) = await service.receive(message("t", "one", "a"))
            await service.replies(first.conversation_id, channel="whatsapp")
            await service.receive(edit("t", "a", "two"))
            assert service.query("SELECT count(*) FROM turns") == [(1,)]
            await at_rest(service)

    asyncio.run(scenario())


def test_an_edited_caption_keeps_its_picture(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=30) as service:
            picture = platform_event("t", "message:a", message=pb.MessageContent(text="look"))
            picture.message.attachments.add(kind="image", media_id="1")
            (first,) = await service.receive(picture)
            await service.receive(edit("t", "a", "look here"))
            (shown,) = await service.messages(first.conversation_id, channel="whatsapp")
            assert (shown.text, shown.kind, [item.media_id for item in shown.attachments]) == (
                "look here",
                "media",
                ["1"],
            )

    asyncio.run(scenario())


def test_an_edit_that_comes_first_is_answered_once_and_its_message_is_a_repetition(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=0) as service:
            (receipt,) = await service.receive(edit("t", "a", "two", at=2))
            await service.replies(receipt.conversation_id, channel="whatsapp")
            (late,) = await service.receive(message("t", "one", "a", at=1))
            assert (late.outcome, late.seq) == (pb.Receipt.OUTCOME_DUPLICATE, 1)
            await at_rest(service)
            assert service.query("SELECT count(*) FROM turns") == [(1,)]
            assert service.query("SELECT count(*) FROM event_conflicts") == [(0,)]

    asyncio.run(scenario())


def test_an_edit_of_a_message_in_its_own_batch_takes_effect(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=30) as service:
            events = [edit("t", "a", "two", at=2), message("t", "one", "a", at=1), message("u", "other", "b")]
            (_edit, first, _other) = await service.receive(*events)
            (shown,) = await service.messages(first.conversation_id, channel="whatsapp")
            assert shown.text == "two"

    asyncio.run(scenario())


# What happened to two messages; each event once, in any order and any batches.
HISTORY = [("message", "a"), ("edit 1", "a"), ("edit 2", "a"), ("message", "b"), ("edit 1", "b"), ("deletion", "b")]


def _events(thread: str, order: Sequence[tuple[str, str]]) -> list[pb.Event]:
    made = []
    for what, name in order:
        key = f"{thread} {name}"
        kind, _space, number = what.partition(" ")
        if kind == "message":
            made.append(message(thread, f"{name} 0", key, at=0))
        elif kind == "edit":
            made.append(edit(thread, key, f"{name} {number}", at=int(number)))
        else:
            made.append(deletion(thread, key))
    return made


async def _replay(service: Harness, order: Sequence[tuple[str, str]], ends: Sequence[bool]) -> None:
    """`ends`: whether a batch ends after each of the events. Each batch comes twice."""
    thread = next(_threads)
    batch: list[pb.Event] = []
    for event, end in zip(_events(thread, order), [*ends, True], strict=True):
        batch.append(event)
        if not end:
            continue
        await service.receive(*batch)
        await service.receive(*batch)
        batch = []
    rows = service.query(f"{STATE} WHERE c.thread_key = %s ORDER BY text DESC", thread)
    # Where the deletion came before its message was known, there never was one; else it is blank.
    assert rows in ([("a 2", False)], [("a 2", False), ("", True)])


def test_whatever_the_order_the_last_edit_and_the_deletion_win(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=30, gather_limit_seconds=60) as service:
            loop = asyncio.get_running_loop()

            @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
            @given(st.permutations(HISTORY), st.lists(st.booleans(), min_size=5, max_size=5))
            def orders(order: list[tuple[str, str]], ends: list[bool]) -> None:
                asyncio.run_coroutine_threadsafe(_replay(service, order, ends), loop).result(30)

            await asyncio.to_thread(orders)

    asyncio.run(scenario())
