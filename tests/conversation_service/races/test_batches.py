"""A batch and its reverse at the same time: no deadlock, and everything recorded once."""

import asyncio
import random
import uuid
from collections import Counter
from collections.abc import Callable

import pytest
from prometheus_client import REGISTRY

from protos import conversation_pb2 as pb
from tests.conversation_service.harness import Harness, platform_message, running_replicas
from tests.conversation_service.races.rest import at_rest
from tests.repetitions import repetitions

RECORDED, DUPLICATE = pb.Receipt.OUTCOME_RECORDED, pb.Receipt.OUTCOME_DUPLICATE
PEOPLE = 8
Fill = Callable[[list[str]], list[pb.Event]]


def reaction(thread: str, key: str | None = None) -> pb.Event:
    event = platform_message(thread, "", key)
    event.reaction.target_key, event.reaction.emoji = "wamid.earlier", "+1"
    return event


def read_mark(thread: str) -> pb.Event:
    event = platform_message(thread, "")
    event.read_mark.until.seconds = 1_800_000_000
    return event


def poison(thread: str) -> pb.Event:
    return pb.Event(channel="whatsapp", account="default", event_key=f"poison.{uuid.uuid4()}", thread_key=thread)


def messages(threads: list[str]) -> list[pb.Event]:
    return [platform_message(thread, f"message {number}") for thread in threads for number in range(2)]


def everything(threads: list[str]) -> list[pb.Event]:
    """What a platform puts into one call when it is busy, the same entry twice included."""
    batch = [make(thread) for thread in threads for make in (reaction, read_mark, poison)]
    batch += messages(threads)
    return [*batch, *random.sample(batch, 10)]


def nonsense(threads: list[str]) -> list[pb.Event]:
    return [poison(thread) for thread in threads for _ in range(10)]


def conflicts() -> float:
    """Transactions that were tried again because they stood in each other's way."""
    return REGISTRY.get_sample_value("database_retries_total", {"reason": "conflict"}) or 0


POISONED = {messages: 0, everything: 1, nonsense: 10}  # entries a person in a batch


async def send_both_ways(replicas: list[Harness], *batches: list[pb.Event]) -> list[list[pb.Receipt]]:
    """Each batch to one replica, and its reverse to another, all at once."""
    calls = [
        replica.receive(*order)
        for batch in batches
        for replica, order in zip(random.sample(replicas, 2), (batch, batch[::-1]), strict=True)
    ]
    return list(await asyncio.gather(*calls))


@pytest.mark.parametrize("fill", [messages, everything, nonsense])
def test_a_batch_and_its_reverse_are_recorded_once_without_a_deadlock(database_url: str, fill: Fill) -> None:
    async def scenario() -> None:
        before = conflicts()
        async with running_replicas(database_url, 2, gather_seconds=0) as replicas:
            for _ in range(repetitions()):
                threads = [str(uuid.uuid4()) for _ in range(PEOPLE)]
                batches = [fill(threads), fill(random.sample(threads, PEOPLE))]
                outcomes: Counter[tuple[str, int]] = Counter()
                for receipts in await send_both_ways(replicas, *batches):
                    outcomes.update((receipt.event_key, receipt.outcome) for receipt in receipts)
                sound = {event.event_key for batch in batches for event in batch if event.WhichOneof("content")}
                assert {outcomes[key, RECORDED] for key in sound} <= {1}
                assert {key for key, outcome in outcomes if outcome not in (RECORDED, DUPLICATE)}.isdisjoint(sound)
            await at_rest(replicas[0])
            # Each poisonous entry came four times, and is kept once.
            kept = replicas[0].query("SELECT count(*), count(DISTINCT event_key) FROM poison_events")
            expected = POISONED[fill] * 2 * PEOPLE * repetitions()
            assert kept == [(expected, expected)]
        assert conflicts() == before, "transactions met in opposite orders"

    asyncio.run(scenario())


def test_one_key_that_is_a_message_here_and_a_reaction_there_fails_nobody(database_url: str) -> None:
    """Whoever comes first is right."""

    async def scenario() -> None:
        before = conflicts()
        async with running_replicas(database_url, 2, gather_seconds=0) as replicas:
            for _ in range(repetitions()):
                thread, keys = str(uuid.uuid4()), [str(uuid.uuid4()) for _ in range(10)]
                one = [(reaction if n % 2 else as_message)(thread, key) for n, key in enumerate(keys)]
                other = [(as_message if n % 2 else reaction)(thread, key) for n, key in enumerate(keys)]
                results = await asyncio.gather(replicas[0].receive(*one), replicas[1].receive(*other))
                for pair in zip(*results, strict=True):
                    assert sorted(r.outcome for r in pair) == [RECORDED, pb.Receipt.OUTCOME_CONFLICT]
            await at_rest(replicas[0])
        assert conflicts() == before, "transactions met in opposite orders"

    asyncio.run(scenario())


def as_message(thread: str, key: str) -> pb.Event:
    return platform_message(thread, "hello", key)
