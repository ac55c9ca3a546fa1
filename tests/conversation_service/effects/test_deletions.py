"""Deletion wins, over replays and over its own early or late arrival."""

import asyncio

from protos import conversation_pb2 as pb
from tests.conversation_service.effects.events import deletion, edit, message
from tests.conversation_service.harness import eventually, running_service

Outcome = pb.Receipt
SECRET = "my card is 4111"
KEPT = """
    SELECT string_agg(t::text, ' ') FROM (
        SELECT m::text FROM messages m UNION ALL SELECT e::text FROM message_edits e
        UNION ALL SELECT convert_from(coalesce(raw, ''), 'UTF8') FROM inbound_events
        UNION ALL SELECT convert_from(coalesce(event, ''), 'LATIN1') FROM event_conflicts) AS x (t)
"""


def test_a_deleted_message_is_blank_wherever_it_was_kept(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=30) as service:
            first = message("t", SECRET, "a")
            first.raw = SECRET.encode()
            changed = edit("t", "a", SECRET + " 2")
            changed.raw = SECRET.encode()
            (receipt,) = await service.receive(first)
            await service.receive(changed)
            other = message("t", SECRET + " 3", "a")
            assert [r.outcome for r in await service.receive(other)] == [Outcome.OUTCOME_CONFLICT]
            assert SECRET in service.query(KEPT)[0][0]
            (gone,) = await service.receive(deletion("t", "a"))
            assert (gone.outcome, gone.rev) == (Outcome.OUTCOME_RECORDED, 3)
            assert "4111" not in service.query(KEPT)[0][0]
            (shown,) = await service.messages(receipt.conversation_id, channel="whatsapp")
            assert (shown.text, shown.rev, shown.HasField("deleted_at")) == ("", 3, True)
            await service.receive(first, edit("t", "a", SECRET), other)
            assert "4111" not in service.query(KEPT)[0][0]

    asyncio.run(scenario())


def test_a_message_is_found_when_the_key_of_its_event_is_forgotten(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=30) as service:
            await service.receive(message("t", SECRET, "a"), message("u", "hello", "b"))
            service.query("UPDATE inbound_events SET received_at = now() - interval '31 days'")
            await service.app._janitor.clean()
            assert service.query("SELECT count(*) FROM inbound_events") == [(0,)]
            await service.receive(deletion("u", "a"))
            assert SECRET in service.query(KEPT)[0][0], "somebody else deleted it"
            service.query("DELETE FROM inbound_events")
            (gone,) = await service.receive(deletion("t", "a"))
            assert gone.rev == 2
            assert SECRET not in service.query(KEPT)[0][0]

    asyncio.run(scenario())


def test_a_message_that_was_deleted_before_it_came_is_not_stored(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            await service.receive(deletion("t", "a"))
            (late,) = await service.receive(message("t", SECRET, "a"))
            assert late.outcome == Outcome.OUTCOME_DUPLICATE
            await service.receive(edit("t", "a", SECRET))
            assert service.query("SELECT count(*) FROM messages") == [(0,)]
            assert service.query("SELECT count(*) FROM turns") == [(0,)]

    asyncio.run(scenario())


def test_a_turn_whose_messages_are_all_deleted_ends_silent(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=1) as service:
            await service.receive(message("t", "one", "a"), message("t", "two", "b"))
            await service.receive(deletion("t", "a"))
            assert service.query("SELECT state FROM turns") == [("pending",)]
            await service.receive(deletion("t", "b"))
            assert service.query("SELECT state, reason FROM turns") == [("silent", "deleted")]
            (receipt,) = await service.receive(message("t", "three", "c"))
            assert receipt.turn_no == 2
            await service.replies(receipt.conversation_id, channel="whatsapp")
            (start,) = service.llm.prompts
            assert [item.text for item in start.history] == ["three"]

    asyncio.run(scenario())


def test_a_follower_is_told_of_a_deletion_and_of_the_silence(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=30) as service:
            (receipt,) = await service.receive(message("t", "one", "a"))
            follower = service.app.hub.join()
            service.app.hub.subscribe(
                follower,
                pb.Subscribe(
                    subscription_id=1,
                    conversation_id=receipt.conversation_id,
                    channel="whatsapp",
                    account="default",
                    after_rev=1,
                ),
            )
            await service.receive(deletion("t", "a"))
            batches = follower.batches()
            seen: list[str] = []

            async def look() -> list[str]:
                seen.extend(str(event.WhichOneof("event")) for event in await anext(batches))
                return seen

            assert await eventually(look, lambda kinds: len(kinds) >= 2) == ["message", "turn_silent"]

    asyncio.run(scenario())
