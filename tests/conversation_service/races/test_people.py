"""Many first messages of one person at once, under several names: one participant, one conversation."""

import asyncio
import uuid
from collections.abc import Sequence
from pathlib import Path

from protos import conversation_pb2 as pb
from tests.conversation_service.harness import Client, platform_message, running_replicas
from tests.conversation_service.races.processes import running_processes
from tests.conversation_service.races.rest import at_rest
from tests.repetitions import repetitions

AT_ONCE = 10
WINDOWS = {"gather_seconds": 4, "gather_limit_seconds": 8, "database_connections": 12}
PEOPLE = """
    SELECT count(DISTINCT a.participant_id), count(DISTINCT c.id) FROM participant_aliases a
    LEFT JOIN conversations c ON c.participant_id = a.participant_id AND c.continues_in IS NULL WHERE a.value = ANY (%s)
"""


def written(number: int, *names: str) -> pb.Event:
    """Some platforms' bodies name the phone first, some the other id; the thread is the first."""
    event = platform_message(names[0], f"message {number}")
    aliases = [pb.Alias(kind="phone" if name.isdigit() else "bsuid", value=name) for name in names]
    event.sender.CopyFrom(pb.Sender(external_id=names[0], aliases=aliases))
    return event


async def send(services: Sequence[Client], events: Sequence[pb.Event]) -> set[str]:
    """Each in a call of its own, dealt out to the replicas; the conversations that they came to."""
    calls = (services[number % len(services)].receive(event) for number, event in enumerate(events))
    return {receipt.conversation_id for (receipt,) in await asyncio.gather(*calls)}


async def race(services: Sequence[Client]) -> None:
    for _ in range(repetitions()):
        phone, other = str(uuid.uuid4().int), f"DE.{uuid.uuid4()}"
        orders = (phone, other), (other, phone)
        found = await send(services, [written(number, *orders[number % 2]) for number in range(AT_ONCE)])
        assert len(found) == 1
        assert services[0].query(PEOPLE, [phone, other]) == [(1, 1)]
    await at_rest(services[0])
    assert services[0].query("SELECT count(*) FROM participants") == [(repetitions(),)]


async def race_of_strangers(services: Sequence[Client]) -> None:
    """Who writes under one name here and under another there is found to be one person in the same moment."""
    for _ in range(repetitions()):
        phone, other = str(uuid.uuid4().int), f"DE.{uuid.uuid4()}"
        orders = (phone,), (other,), (phone, other), (other, phone)
        await send(services, [written(number, *orders[number % 4]) for number in range(AT_ONCE)])
        assert services[0].query(PEOPLE, [phone, other]) == [(1, 1)]
        later = await send(services, [written(number, *orders[number]) for number in range(4)])
        assert len(later) == 1
    await at_rest(services[0])


def test_ten_first_messages_over_two_replicas_are_one_person(database_url: str) -> None:
    async def scenario() -> None:
        async with running_replicas(database_url, 2, **WINDOWS) as replicas:
            await race(replicas)

    asyncio.run(scenario())


def test_ten_first_messages_over_two_processes_are_one_person(database_url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running_processes(database_url, tmp_path / "log", **WINDOWS) as replicas:
            await race(replicas)

    asyncio.run(scenario())


def test_two_names_that_are_joined_while_both_write_end_as_one_person(database_url: str) -> None:
    async def scenario() -> None:
        async with running_replicas(database_url, 2, **WINDOWS) as replicas:
            await race_of_strangers(replicas)

    asyncio.run(scenario())
