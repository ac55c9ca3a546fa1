"""Senders, platforms and sweeps at the same moment: each delivery once, in order, and nobody mistaken for a person."""

import asyncio
import random
import threading
from collections.abc import Awaitable
from typing import Any

import grpc.aio
import pytest

from conversation_service.outbox import claiming
from protos import conversation_pb2 as pb
from tests.conversation_service.harness import Harness, eventually, running_replicas
from tests.conversation_service.outbox.senders import accept, claim, echo, lose, outbox, queue, split, states, status
from tests.conversation_service.races.gates import gate
from tests.repetitions import repetitions

AT_ONCE = 10
ROUNDS = range(-(-repetitions() // AT_ONCE))


async def at_some_moment(work: Awaitable[object]) -> object:
    await asyncio.sleep(random.uniform(0, 0.02))
    return await work


def threads(round_: int) -> list[str]:
    return [f"{round_}-{number}" for number in range(AT_ONCE)]


async def begin(service: Harness, round_: int, *texts: str) -> dict[str, pb.Delivery]:
    """A claimed delivery for each of ten customers, by customer."""
    for thread in threads(round_):
        queue(service, thread, *texts)
    claimed = await claim(service, 100)
    assert len(claimed) == AT_ONCE
    return {delivery.thread_key: delivery for delivery in claimed}


def told(event: pb.Event, thread: str) -> pb.Event:
    event.thread_key = thread
    return event


def test_many_senders_send_each_delivery_once_and_in_its_order(database_url: str) -> None:
    async def scenario() -> None:
        async with running_replicas(database_url, 2) as replicas:
            for thread in threads(0):
                queue(replicas[0], thread, *"12345")
            sent: dict[str, list[str]] = {thread: [] for thread in threads(0)}

            async def send(service: Harness) -> None:
                while sum(map(len, sent.values())) < 5 * AT_ONCE:
                    for delivery in await claim(service, random.randint(1, 4)):
                        sent[delivery.thread_key].append(delivery.text)
                        await asyncio.sleep(random.uniform(0, 0.005))
                        assert (await accept(service, delivery, delivery.id)).applied

            async with asyncio.timeout(30):
                await asyncio.gather(*(send(replicas[number % 2]) for number in range(6)))
            assert set(map("".join, sent.values())) == {"12345"}

    asyncio.run(scenario())


def test_an_answer_and_a_status_at_the_same_moment_both_count(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            for round_ in ROUNDS:
                claimed = await begin(service, round_, "hello")
                await asyncio.gather(
                    *(at_some_moment(accept(service, each, f"m{each.id}")) for each in claimed.values()),
                    *(
                        at_some_moment(service.receive(told(status("delivered", f"m{each.id}"), thread)))
                        for thread, each in claimed.items()
                    ),
                )
            await eventually(
                lambda: asyncio.sleep(0.1, set(states(service, "state", "status"))), {("sent", "delivered")}.__eq__
            )

    asyncio.run(scenario())


def test_an_echo_that_races_our_own_send_is_never_taken_for_a_person(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            for round_ in ROUNDS:
                claimed = await begin(service, round_, "hello")
                origins = ("", "ours", "other")
                await asyncio.gather(
                    *(at_some_moment(accept(service, each, f"m{each.id}")) for each in claimed.values()),
                    *(
                        at_some_moment(
                            service.receive(told(echo("as shown there", f"m{each.id}", random.choice(origins)), thread))
                        )
                        for thread, each in claimed.items()
                    ),
                )
                assert service.query("SELECT DISTINCT owner FROM conversations") == [("assistant",)]
                assert service.query("SELECT count(*) FROM held_echoes") == [(0,)]

    asyncio.run(scenario())


def test_a_person_who_writes_while_our_send_is_settled_is_always_heard(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            for round_ in ROUNDS:
                claimed = await begin(service, round_, "hello", "next")
                await asyncio.gather(
                    *(at_some_moment(accept(service, each, f"m{each.id}")) for each in claimed.values()),
                    *(
                        at_some_moment(service.receive(told(echo("a person", f"p{each.id}", "other"), thread)))
                        for thread, each in claimed.items()
                    ),
                )
                assert service.query("SELECT DISTINCT owner FROM conversations") == [("human",)]
                assert await claim(service) == []

    asyncio.run(scenario())


def test_a_proof_and_the_sweep_at_the_same_moment_leave_it_sent(database_url: str) -> None:
    async def scenario() -> None:
        waits = {"delivery_proof_seconds": 3600, "delivery_silence_seconds": 3600}
        async with outbox(database_url, **waits) as service:
            for round_ in ROUNDS:
                claimed = await begin(service, round_, "hello")
                await asyncio.gather(*(lose(service, each) for each in claimed.values()))
                service.query("UPDATE deliveries SET run_at = now() - interval '1 day'")
                proofs = [status("sent", f"m{each.id}", each, thread=thread) for thread, each in claimed.items()]
                sweep = service.app._outbox.reconcile
                await asyncio.gather(
                    *(at_some_moment(sweep()) for _ in range(3)),
                    *(at_some_moment(service.receive(proof)) for proof in proofs),
                )
                assert set(states(service)) == {("sent",)}
                assert await claim(service) == []

    asyncio.run(scenario())


def test_a_split_and_the_end_of_its_lease_or_of_its_conversation_leave_all_parts_or_none(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            for round_ in ROUNDS:
                claimed = await begin(service, round_, "a b c")
                service.query("UPDATE deliveries SET lease_until = now() WHERE state = 'sending'")

                async def take_over(delivery: pb.Delivery) -> None:
                    request = pb.SetOwnerRequest(conversation_id=delivery.conversation_id, owner=pb.AUTHOR_HUMAN)
                    await service.stub.SetOwner(request, timeout=5, metadata=service.peer.metadata())

                splits = (at_some_moment(split(service, each, "a", "b", "c")) for each in claimed.values())
                ends = (at_some_moment(take_over(each)) for each in list(claimed.values())[::2])
                results = await asyncio.gather(*splits, *ends, at_some_moment(claim(service)), return_exceptions=True)
                assert all(
                    not isinstance(each, BaseException) or isinstance(each, grpc.aio.AioRpcError) for each in results
                )
                await claim(service)
                found = service.query(
                    "SELECT owner, array_agg(d.state ORDER BY part) FROM deliveries d "
                    "JOIN conversations c ON c.id = conversation_id WHERE thread_key LIKE %s GROUP BY c.id",
                    f"{round_}-%",
                )
                for owner, line in found:
                    rest = "cancelled" if owner == "human" else "queued"
                    assert line in (["unknown"], ["unknown", rest, rest]), (owner, line)

    asyncio.run(scenario())


def test_while_one_sender_claims_for_an_account_another_one_gets_nothing_of_it(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            for thread in threads(0):
                queue(service, thread)
            async with gate(service, "SELECT FROM deliveries FOR UPDATE") as held:
                first = asyncio.create_task(claim(service, account_per_minute=1))
                await held.holds(1)
                second = asyncio.create_task(claim(service, account_per_minute=1))
                done, _ = await asyncio.wait([second], timeout=1)
            assert len(await first) == 1
            assert (bool(done), await second) == (True, [])
            assert await claim(service, account_per_minute=1) == []

    asyncio.run(scenario())


def test_an_account_is_held_from_the_moment_its_pace_is_read(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold, read, over = claiming._hold_accounts, threading.Event(), threading.Event()

    def hold_and_dawdle(*asked: Any) -> Any:
        allowances = hold(*asked)
        if not read.is_set():
            read.set()
            assert over.wait(5)
        return allowances

    monkeypatch.setattr(claiming, "_hold_accounts", hold_and_dawdle)

    async def scenario() -> None:
        async with outbox(database_url) as service:
            for thread in threads(0):
                queue(service, thread)
            first = asyncio.create_task(claim(service, account_per_minute=1))
            try:
                await asyncio.to_thread(read.wait, 5)
                second = await claim(service, account_per_minute=1)
            finally:
                over.set()
            assert (len(await first), second) == (1, [])

    asyncio.run(scenario())


def test_an_outcome_and_the_end_of_its_lease_wait_for_each_other_in_one_direction(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service)
            (delivery,) = await claim(service)
            async with gate(service, "SELECT FROM deliveries FOR UPDATE") as held:
                settling = asyncio.create_task(accept(service, delivery, "m1"))
                await held.holds(1)
                # Who holds the delivery, as the sweep does, gets its attempt.
                attempt = "SELECT count(*) FROM (SELECT FROM delivery_attempts FOR UPDATE NOWAIT) a"
                assert service.query(attempt) == [(1,)]
            assert (await settling).state == "sent"

    asyncio.run(scenario())
