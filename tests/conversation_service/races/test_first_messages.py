"""Rapid first messages of one person: one conversation, one pending turn, gapless numbers."""

import asyncio
import uuid
from collections.abc import Sequence
from pathlib import Path

from protos import conversation_pb2 as pb
from tests.conversation_service.harness import Client, platform_message, running_replicas
from tests.conversation_service.races.gates import FIRST_OF_THREAD, gate
from tests.conversation_service.races.processes import running_processes
from tests.conversation_service.races.rest import at_rest
from tests.repetitions import repetitions

ALBUM = 10
# Long enough that the turn is pending throughout, short enough to see it answered.
WINDOWS = {"gather_seconds": 4, "gather_limit_seconds": 8, "database_connections": 12}


async def send_album(services: Sequence[Client], thread: str) -> list[pb.Receipt]:
    """Ten pictures, each in a call of its own, dealt out to the replicas."""
    calls = (services[n % len(services)].receive(platform_message(thread, f"picture {n}")) for n in range(ALBUM))
    return [receipt for (receipt,) in await asyncio.gather(*calls)]


def assert_one_turn(receipts: list[pb.Receipt]) -> None:
    assert {receipt.outcome for receipt in receipts} == {pb.Receipt.OUTCOME_RECORDED}
    assert len({receipt.conversation_id for receipt in receipts}) == 1
    assert {receipt.turn_no for receipt in receipts} == {1}
    assert sorted(receipt.seq for receipt in receipts) == list(range(1, ALBUM + 1))
    assert sorted(receipt.rev for receipt in receipts) == list(range(1, ALBUM + 1))


async def race(services: Sequence[Client]) -> None:
    """Album after album, every other one held back until each replica has a transaction under way."""
    for number in range(repetitions()):
        thread = str(uuid.uuid4())
        if number % 2:
            assert_one_turn(await send_album(services, thread))
            continue
        async with gate(services[0], FIRST_OF_THREAD, thread) as held:
            album = asyncio.create_task(send_album(services, thread))
            await held.holds(len(services))  # what came to a replica at the same moment is one transaction
        assert_one_turn(await album)
    await at_rest(services[0])
    assert services[0].query("SELECT count(*), max(turn_no), min(turn_no) FROM turns") == [(repetitions(), 1, 1)]


def test_ten_first_messages_at_one_replica_are_one_conversation_and_one_turn(database_url: str) -> None:
    async def scenario() -> None:
        async with running_replicas(database_url, 1, **WINDOWS) as replicas:
            await race(replicas)

    asyncio.run(scenario())


def test_ten_first_messages_over_two_replicas_are_one_conversation_and_one_turn(database_url: str) -> None:
    async def scenario() -> None:
        async with running_replicas(database_url, 2, **WINDOWS) as replicas:
            await race(replicas)

    asyncio.run(scenario())


def test_ten_first_messages_over_two_processes_are_one_conversation_and_one_turn(
    database_url: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with running_processes(database_url, tmp_path / "log", **WINDOWS) as replicas:
            await race(replicas)

    asyncio.run(scenario())
