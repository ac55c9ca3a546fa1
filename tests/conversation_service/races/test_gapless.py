"""Numbers without a gap, though transactions die midway, at random moments and at the worst one."""

import asyncio
import random
import uuid
from collections.abc import Callable, Sequence
from contextlib import closing

import grpc
import grpc.aio
import psycopg2

from protos import conversation_pb2 as pb
from tests.conversation_service.harness import Client, eventually, platform_message, running_replicas, running_service
from tests.conversation_service.races.gates import TURNS, gate
from tests.conversation_service.races.rest import at_rest
from tests.repetitions import repetitions

KILL = """
    SELECT pg_terminate_backend(pid) FROM (
        SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND application_name LIKE 'spur%%' AND xact_start IS NOT NULL
        ORDER BY random() LIMIT 1) busy
"""


def batch(thread: str) -> list[pb.Event]:
    """Two messages around a reaction: stored by several statements in one transaction."""
    reaction = platform_message(thread, "")
    reaction.reaction.target_key, reaction.reaction.emoji = "wamid.earlier", "+1"
    return [platform_message(thread, "one"), reaction, platform_message(thread, "two")]


async def insist(service: Client, events: Sequence[pb.Event]) -> list[pb.Receipt]:
    """Send until it is confirmed, as a platform does."""
    while True:
        try:
            return await service.receive(*events)
        except grpc.aio.AioRpcError as error:
            assert error.code() == grpc.StatusCode.UNAVAILABLE
            await asyncio.sleep(0.01)


def test_a_transaction_that_dies_after_it_counted_up_leaves_no_gap(database_url: str) -> None:
    """It is killed once it has changed the conversation's counters: once, twice, or until the caller hears of it."""

    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=3, gather_limit_seconds=60) as service:
            for _ in range(0, repetitions(), 3):
                thread = str(uuid.uuid4())
                (first,) = await service.receive(platform_message(thread, "first"))
                for deaths in (1, 2, 3):
                    async with gate(service, TURNS, [first.conversation_id]) as held:
                        insisting = asyncio.create_task(insist(service, batch(thread)))
                        for _ in range(deaths):
                            await die(service, await held.holds(1))
                        await held.holds(1)
                    receipts = await insisting
                    assert {receipt.outcome for receipt in receipts} == {pb.Receipt.OUTCOME_RECORDED}
                    assert [r.seq for r in receipts if r.seq] == [2 * deaths, 2 * deaths + 1]
            await at_rest(service)

    asyncio.run(scenario())


async def die(service: Client, pids: list[int]) -> None:
    """Kill those backends, and wait until they are gone with their locks."""
    service.query("SELECT pg_terminate_backend(pid) FROM unnest(%s) AS victims (pid)", pids)
    left = "SELECT pid FROM pg_stat_activity WHERE pid = ANY (%s)"
    await eventually(lambda: asyncio.sleep(0, service.query(left, pids)), lambda rows: rows == [])


def test_connections_that_die_at_random_moments_leave_no_gap_and_lose_nothing(database_url: str) -> None:
    async def scenario() -> None:
        settings = {"gather_seconds": 0.1, "gather_limit_seconds": 0.5, "turn_lease_seconds": 2}
        async with running_replicas(database_url, 2, **settings) as replicas:
            killed = asyncio.Event()
            threads = [str(uuid.uuid4()) for _ in range(10)]
            killing = asyncio.create_task(kill_now_and_then(database_url, killed))
            sent = await asyncio.gather(*(keep_writing(replicas, thread, killed.is_set) for thread in threads))
            await killing
            await at_rest(replicas[0])
            stored = "SELECT thread_key, count(*) FROM inbound_events WHERE outcome = 'message' GROUP BY 1"
            assert dict(replicas[0].query(stored)) == {t: 2 * n for t, n in zip(threads, sent, strict=True)}

    asyncio.run(scenario())


async def kill_now_and_then(database_url: str, killed: asyncio.Event) -> None:
    deaths = 0
    with closing(psycopg2.connect(database_url)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        while deaths < repetitions():
            cursor.execute(KILL.replace("%%", "%"))
            deaths += cursor.rowcount
            await asyncio.sleep(random.uniform(0, 0.02))
    killed.set()


async def keep_writing(replicas: Sequence[Client], thread: str, enough: Callable[[], bool]) -> int:
    """How many batches were confirmed."""
    count = 0
    while not enough():
        receipts = await insist(random.choice(replicas), batch(thread))
        assert pb.Receipt.OUTCOME_POISON not in {receipt.outcome for receipt in receipts}
        count += 1
    return count
