"""Poison is isolated: whatever place it has in a batch, its neighbours are recorded as if it were not there."""

import asyncio
import uuid
from collections.abc import Callable

import pytest

from protos import conversation_pb2 as pb
from tests.conversation_service.harness import Harness, new_conversation, running_service, web_message
from tests.conversation_service.races.rest import at_rest
from tests.repetitions import repetitions

RECORDED, POISON = pb.Receipt.OUTCOME_RECORDED, pb.Receipt.OUTCOME_POISON
PLACES = [(size, position) for size in range(1, 11) for position in range(size)]  # 55
Taint = Callable[[str], pb.Event]


def without_content(_taken: str) -> pb.Event:
    """Refused before it reaches the database."""
    return pb.Event(channel="web", account="default", event_key=str(uuid.uuid4()), raw=b"\xff\x00")


def with_anothers_id(taken: str) -> pb.Event:
    """Refused by the database alone: it would open a second conversation under the id of another person's."""
    event = web_message(new_conversation(), "let me in")
    event.conversation_id = taken
    return event


def rounds() -> list[tuple[int, int]]:
    return PLACES * -(-repetitions() // len(PLACES))


def kept(service: Harness, event: pb.Event) -> bool:
    """Whether it can be looked at and replayed."""
    rows = service.query("SELECT event FROM poison_events WHERE event_key = %s", event.event_key)
    return [bytes(row[0]) for row in rows] == [event.SerializeToString(deterministic=True)]


@pytest.mark.parametrize("taint", [without_content, with_anothers_id])
def test_poison_at_every_place_of_a_batch_leaves_its_neighbours_alone(database_url: str, taint: Taint) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            taken = new_conversation()
            await service.receive(web_message(taken, "mine"))
            for size, position in rounds():
                conversation, bad = new_conversation(), taint(taken)
                batch = [web_message(conversation, f"message {n}") for n in range(size - 1)]
                batch.insert(position, bad)
                receipts = await service.receive(*batch)
                assert [receipt.event_key for receipt in receipts] == [event.event_key for event in batch]
                assert [receipt.outcome for receipt in receipts] == [
                    POISON if event is bad else RECORDED for event in batch
                ]
                numbers = [receipt.seq for receipt in receipts if receipt.outcome == RECORDED]
                assert numbers == sorted(set(numbers))  # replies may stand between them
                assert receipts[position].reason
                assert kept(service, bad)
            await at_rest(service)
            assert service.query("SELECT count(*) FROM messages WHERE text = 'let me in'") == [(0,)]

    asyncio.run(scenario())


@pytest.mark.parametrize("taint", [without_content, with_anothers_id])
def test_a_batch_of_nothing_but_poison_is_kept_and_answered(database_url: str, taint: Taint) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            taken = new_conversation()
            await service.receive(web_message(taken, "mine"))
            for _ in range(0, repetitions(), 5):
                batch = [taint(taken) for _ in range(5)]
                receipts = await service.receive(*batch)
                assert [receipt.event_key for receipt in receipts] == [event.event_key for event in batch]
                assert {receipt.outcome for receipt in receipts} == {POISON}
                assert all(kept(service, event) for event in batch)
            await at_rest(service)
            assert service.query("SELECT count(*) FROM inbound_events") == [(1,)]

    asyncio.run(scenario())


def test_poison_beside_poison_of_another_kind_and_at_two_callers_at_once_fails_nobody(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            taken = new_conversation()
            await service.receive(web_message(taken, "mine"))
            for _ in range(repetitions()):
                conversation = new_conversation()
                batch = [without_content(taken), web_message(conversation, "hello"), with_anothers_id(taken)]
                results = await asyncio.gather(service.receive(*batch), service.receive(*batch[::-1]))
                outcomes = [(receipt.event_key, receipt.outcome) for receipts in results for receipt in receipts]
                bad = {batch[0].event_key, batch[2].event_key}
                assert {outcome for key, outcome in outcomes if key in bad} == {POISON}
                assert sorted(outcome for key, outcome in outcomes if key not in bad) == [
                    RECORDED,
                    pb.Receipt.OUTCOME_DUPLICATE,
                ]
            await at_rest(service)
            poison = "SELECT count(*), count(DISTINCT event_key) FROM poison_events"
            assert service.query(poison) == [(2 * repetitions(), 2 * repetitions())]

    asyncio.run(scenario())
