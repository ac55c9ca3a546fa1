"""Recording events: S1 to S3, S5 and S6 of the promises, where a gateway can see them."""

import asyncio
import random
import uuid
from collections.abc import Callable

import grpc
import grpc.aio
import pytest
from structlog.testing import capture_logs

from conversation_service import batch, events
from conversation_service.events import Entry
from protos import conversation_pb2 as pb
from tests.conversation_service.harness import (
    Harness,
    eventually,
    new_conversation,
    platform_message,
    running_service,
    web_message,
)
from tests.scripted_llm import ScriptedLlm, stall

Outcome = pb.Receipt


def stalled() -> ScriptedLlm:
    return ScriptedLlm(stall)


def test_a_repeated_event_takes_effect_once_and_gets_the_same_receipt(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            event = web_message(new_conversation(), "hello")
            (first,) = await service.receive(event)
            (second,) = await service.receive(event)
            assert second.outcome == Outcome.OUTCOME_DUPLICATE
            second.outcome = first.outcome
            assert second == first
            assert service.query("SELECT count(*) FROM messages WHERE author = 'customer'") == [(1,)]

    asyncio.run(scenario())


def test_one_event_sent_by_twenty_callers_at_once_takes_effect_once(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            event = web_message(new_conversation(), "hello")
            receipts = await asyncio.gather(*(service.receive(event) for _ in range(20)))
            outcomes = [receipt.outcome for (receipt,) in receipts]
            assert outcomes.count(Outcome.OUTCOME_RECORDED) == 1
            assert outcomes.count(Outcome.OUTCOME_DUPLICATE) == 19
            assert len({(receipt.message_id, receipt.seq) for (receipt,) in receipts}) == 1
            await service.replies(event.thread_key)
            assert service.query("SELECT author, seq FROM messages ORDER BY seq") == [("customer", 1), ("assistant", 2)]

    asyncio.run(scenario())


def test_a_key_that_comes_with_another_text_is_a_conflict_without_effect(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            conversation = new_conversation()
            await service.receive(web_message(conversation, "hello", key="k"))
            (receipt,) = await service.receive(web_message(conversation, "something else", key="k"))
            assert receipt.outcome == Outcome.OUTCOME_CONFLICT
            assert receipt.message_id == ""
            assert service.query("SELECT event_key FROM event_conflicts") == [(f"{conversation}:k",)]
            assert [m.text for m in await service.messages(conversation) if m.author == pb.AUTHOR_CUSTOMER] == ["hello"]

    asyncio.run(scenario())


def test_one_key_twice_in_a_batch_counts_once_and_a_differing_third_is_a_conflict(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            conversation = new_conversation()
            batch = [web_message(conversation, text, key="k") for text in ("one", "one", "two")]
            outcomes = [receipt.outcome for receipt in await service.receive(*batch)]
            assert outcomes == [Outcome.OUTCOME_RECORDED, Outcome.OUTCOME_DUPLICATE, Outcome.OUTCOME_CONFLICT]

    asyncio.run(scenario())


@pytest.mark.parametrize("position", [0, 1, 2])
def test_poison_at_any_place_of_a_batch_leaves_its_neighbours_alone(database_url: str, position: int) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            conversation = new_conversation()
            batch = [web_message(conversation, "first"), web_message(conversation, "second")]
            batch.insert(position, pb.Event(channel="web", account="default", event_key="broken", raw=b"\xff\x00"))
            receipts = await service.receive(*batch)
            assert receipts[position].outcome == Outcome.OUTCOME_POISON
            assert receipts[position].reason == "no content"
            kept = [receipt for index, receipt in enumerate(receipts) if index != position]
            assert [(r.outcome, r.seq) for r in kept] == [(Outcome.OUTCOME_RECORDED, 1), (Outcome.OUTCOME_RECORDED, 2)]
            ((event,),) = service.query("SELECT event FROM poison_events")
            assert pb.Event.FromString(bytes(event)).raw == b"\xff\x00"

    asyncio.run(scenario())


def test_an_event_that_only_the_database_refuses_is_poison_for_itself_alone(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            taken, other = new_conversation(), new_conversation()
            await service.receive(web_message(taken, "mine"))
            intruder = web_message(other, "not mine")
            intruder.conversation_id = taken
            good = web_message(new_conversation(), "fine")
            bad_receipt, good_receipt = await service.receive(intruder, good)
            assert bad_receipt.outcome == Outcome.OUTCOME_POISON
            assert good_receipt.outcome == Outcome.OUTCOME_RECORDED
            assert len(await service.messages(taken)) <= 2

    asyncio.run(scenario())


def test_ten_first_messages_at_once_make_one_conversation_and_one_pending_turn(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, stalled(), gather_seconds=5) as service:
            for _ in range(20):
                thread = str(uuid.uuid4())
                album = [platform_message(thread, f"picture {n}") for n in range(10)]
                receipts = await asyncio.gather(*(service.receive(event) for event in album))
                assert {receipt.turn_no for (receipt,) in receipts} == {1}
                assert sorted(receipt.seq for (receipt,) in receipts) == list(range(1, 11))
                assert len({receipt.conversation_id for (receipt,) in receipts}) == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("sizes", [(1, 25), (25,), (10, 1), (9, 2, 10, 10, 1), (3,) * 12])
def test_a_turn_takes_ten_messages_and_the_next_ones_open_another(database_url: str, sizes: tuple[int, ...]) -> None:
    async def scenario() -> None:
        async with running_service(database_url, stalled(), gather_seconds=30, gather_limit_seconds=60) as service:
            thread, receipts = str(uuid.uuid4()), []
            for size in sizes:
                receipts += await service.receive(*(platform_message(thread, "x") for _ in range(size)))
            expected = [(n + 1, n // 10 + 1) for n in range(sum(sizes))]
            assert [(receipt.seq, receipt.turn_no) for receipt in receipts] == expected
            turns = service.query("SELECT turn_no, input_through_seq FROM turns ORDER BY turn_no")
            assert turns == [(n + 1, min(sum(sizes), (n + 1) * 10)) for n in range((sum(sizes) + 9) // 10)]

    asyncio.run(scenario())


def test_batches_in_opposite_order_never_deadlock_a_caller(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, stalled()) as service:
            threads = [str(uuid.uuid4()) for _ in range(8)]

            async def batch(order: list[str]) -> list[pb.Receipt]:
                return await service.receive(*(platform_message(thread, "x") for thread in order))

            shuffled = [random.sample(threads, len(threads)) for _ in range(60)]
            await asyncio.gather(*(batch(order) for order in shuffled))
            numbers = service.query(
                "SELECT next_seq - 1, (SELECT count(*) FROM messages WHERE conversation_id = c.id) FROM conversations c"
            )
            assert numbers == [(60, 60)] * 8

    asyncio.run(scenario())


def test_events_that_start_no_turn_are_kept_with_their_raw_body(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            reaction = platform_message("34600000000", "")
            reaction.reaction.target_key, reaction.reaction.emoji = "wamid.1", "❤️"
            (receipt,) = await service.receive(reaction)
            assert (receipt.outcome, receipt.turn_no, receipt.seq) == (Outcome.OUTCOME_RECORDED, 0, 0)
            (again,) = await service.receive(reaction)
            assert again.outcome == Outcome.OUTCOME_DUPLICATE
            ((kind, outcome, raw),) = service.query("SELECT kind, outcome, raw FROM inbound_events")
            assert (kind, outcome, bytes(raw)) == ("reaction", "kept", b'{"raw":true}')
            assert service.query("SELECT count(*) FROM turns") == [(0,)]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "text", ["a\0b", "‮שלום", "👩‍👩‍👧‍👦", "\u200b", "x" * 65_536, "'; DROP TABLE messages; --", "%s %(x)s \\ {}"]
)
def test_any_text_is_stored_and_answered_as_it_is(database_url: str, text: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            conversation = new_conversation()
            await service.receive(web_message(conversation, text))
            (reply,) = await service.replies(conversation)
            stored = (await service.messages(conversation))[0].text
            assert stored == text.replace("\0", "\ufffd")
            assert reply.text == f"You asked: {stored}"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"channel": "What's"}, "channel"),
        ({"account": ""}, "account"),
        ({"event_key": "k" * 513}, "event_key"),
        ({"thread_key": ""}, "thread_key"),
        ({"surface": pb.SURFACE_UNSPECIFIED}, "surface"),
        ({"conversation_id": "not-a-uuid"}, "UUID"),
        ({"message": pb.MessageContent(text="x" * 65_537)}, "65536"),
        ({"message": pb.MessageContent()}, "empty"),
    ],
)
def test_an_event_that_breaks_the_contract_is_poison_with_a_reason(
    database_url: str, change: dict[str, object], reason: str
) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            event = web_message(new_conversation(), "hello")
            for field, value in change.items():
                if isinstance(value, pb.MessageContent):
                    event.message.CopyFrom(value)
                else:
                    setattr(event, field, value)
            (receipt,) = await service.receive(event)
            assert receipt.outcome == Outcome.OUTCOME_POISON
            assert reason in receipt.reason

    asyncio.run(scenario())


@pytest.mark.parametrize("count", [0, 101])
def test_too_few_or_too_many_events_are_refused_as_a_whole(database_url: str, count: int) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            with pytest.raises(grpc.aio.AioRpcError) as refusal:
                await service.receive(*(platform_message("1", "x") for _ in range(count)))
            assert refusal.value.code() == grpc.StatusCode.INVALID_ARGUMENT
            assert service.query("SELECT count(*) FROM inbound_events") == [(0,)]

    asyncio.run(scenario())


async def charge(service: Harness, *limits: pb.RateLimit) -> float:
    """Seconds to wait; 0 where the message was taken."""
    try:
        await service.receive(web_message(new_conversation(), "hello"), limits=limits)
    except grpc.aio.AioRpcError as error:
        assert (error.code(), error.details()) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "rate_limited")
        return int(dict(error.trailing_metadata())["retry-after-ms"]) / 1000
    return 0


def test_a_rate_limit_grants_its_burst_and_then_says_how_long_to_wait(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            limit = pb.RateLimit(key="session", burst=5, per_minute=60)
            waits = await asyncio.gather(*(charge(service, limit) for _ in range(20)))
            assert sorted(waits)[:5] == [0] * 5
            assert all(0 < wait <= 1 for wait in sorted(waits)[5:])
            assert service.query("SELECT count(*) FROM messages WHERE author = 'customer'") == [(5,)]

    asyncio.run(scenario())


def test_every_one_of_several_limits_must_grant(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            wide, narrow = pb.RateLimit(key="a", burst=9, per_minute=9), pb.RateLimit(key="b", burst=1, per_minute=1)
            assert await charge(service, wide, narrow) == 0
            assert await charge(service, wide, narrow) > 50

    asyncio.run(scenario())


def test_a_granted_call_is_granted_again_after_the_time_it_was_told(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            limit = pb.RateLimit(key="s", burst=1, per_minute=120)
            assert await charge(service, limit) == 0
            wait = await charge(service, limit)
            assert 0 < wait <= 0.5
            await asyncio.sleep(wait + 0.02)
            assert await charge(service, limit) == 0

    asyncio.run(scenario())


def test_browsers_are_refused_before_writing_while_due_turns_wait_too_long(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, stalled(), answering_concurrency=1, overload_seconds=0.5) as service:
            await service.receive(*(web_message(new_conversation(), "x") for _ in range(3)))

            async def refused() -> bool:
                try:
                    await service.receive(web_message(new_conversation(), "late"))
                except grpc.aio.AioRpcError as error:
                    return error.details() == "overloaded" and "retry-after-ms" in dict(error.trailing_metadata())
                return False

            await eventually(refused, bool)
            (receipt,) = await service.receive(platform_message("34600", "a platform would not come back"))
            assert receipt.outcome == Outcome.OUTCOME_RECORDED

    asyncio.run(scenario())


def test_first_messages_that_arrive_at_once_are_all_recorded(database_url: str) -> None:
    """Two statements that make the same conversation may meet in its id before they meet in its thread."""

    async def scenario() -> None:
        async with running_service(database_url, stalled(), database_connections=16) as service:
            for _ in range(60):
                conversation = new_conversation()
                events = [web_message(conversation, str(number)) for number in range(6)]
                receipts = await asyncio.gather(*(service.receive(event) for event in events))
                assert [receipt.outcome for (receipt,) in receipts] == [Outcome.OUTCOME_RECORDED] * 6
                assert sorted(receipt.seq for (receipt,) in receipts) == [1, 2, 3, 4, 5, 6]

    asyncio.run(scenario())


def broken_time() -> pb.Event:
    event = platform_message("34600", "")
    event.read_mark.until.seconds = 10**15
    return event


def other_surface() -> pb.Event:
    event = platform_message("34600", "from elsewhere")
    event.surface = pb.SURFACE_LIVE
    return event


def endless_key() -> pb.Event:
    return platform_message("34600", "x", key="\U0001f600" * 512, account="\U0001f600" * 255)


@pytest.mark.parametrize("strange", [broken_time, other_surface, endless_key])
def test_a_strange_event_does_not_fail_its_neighbour(database_url: str, strange: Callable[[], pb.Event]) -> None:
    async def scenario() -> None:
        async with running_service(database_url, stalled()) as service:
            good = platform_message("34600", "fine")
            _strange, receipt = await service.receive(strange(), good)
            assert receipt.outcome == Outcome.OUTCOME_RECORDED

    asyncio.run(scenario())


def test_an_event_that_our_own_code_fails_at_is_poison_and_told_in_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(event: pb.Event) -> Entry:
        return events.read(event) if event.message.text == "sound" else {}["a defect"]

    monkeypatch.setattr(batch, "read", fail)
    with capture_logs() as logs:
        call = batch.Call([web_message(new_conversation(), text) for text in ("sound", "strange")], "r", None)
        found = batch.Batch([call])
    assert [entry.text for entry in found.entries.values()] == ["sound"]
    assert found.poison == {1: (call.events[1], "cannot be read: KeyError")}
    assert [(line["event"], line["exc_info"]) for line in logs] == [("an event could not be read", True)]


def test_poison_without_a_key_is_kept_each_time_it_says_something_else(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            for raw in (b"one", b"two", b"two"):
                await service.receive(pb.Event(channel="whatsapp", account="a", raw=raw))
            assert service.query("SELECT count(*) FROM poison_events") == [(2,)]

    asyncio.run(scenario())


def test_who_waits_behind_their_own_turn_does_not_close_the_shop_for_others(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, stalled(), overload_seconds=0.5) as service:
            busy = new_conversation()
            await service.receive(web_message(busy, "first"))
            await eventually(lambda: asyncio.sleep(0, service.llm.in_flight), bool)
            await service.receive(web_message(busy, "second"))
            await asyncio.sleep(2.5)
            (receipt,) = await service.receive(web_message(new_conversation(), "another customer"))
            assert receipt.outcome == Outcome.OUTCOME_RECORDED

    asyncio.run(scenario())


@pytest.mark.parametrize("keys", [("same", "same"), ("nul\0", "b"), ("", "b"), ("x" * 129, "b")])
def test_unsound_rate_limits_are_refused(database_url: str, keys: tuple[str, str]) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            limits = tuple(pb.RateLimit(key=key, burst=1, per_minute=1) for key in keys)
            with pytest.raises(grpc.aio.AioRpcError) as refusal:
                await service.receive(web_message(new_conversation(), "x"), limits=limits)
            assert refusal.value.code() == grpc.StatusCode.INVALID_ARGUMENT

    asyncio.run(scenario())
