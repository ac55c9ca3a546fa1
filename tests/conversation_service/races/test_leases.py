"""A lease that ends while its holder still works: the holder is refused and counted, and one reply is committed."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from prometheus_client import REGISTRY

from conversation_service.turns import Turn, Turns
from conversation_service.writer import safe_reply
from protos import llm_pb2
from tests.conversation_service.harness import (
    Client,
    Harness,
    eventually,
    new_conversation,
    running_app,
    running_service,
    settings_for,
    web_message,
)
from tests.conversation_service.races.rest import at_rest
from tests.invariants import Invariants
from tests.repetitions import repetitions
from tests.scripted_llm import ScriptedLlm, final, running_llm

AT_ONCE = 50
ROUNDS = range(-(-repetitions() // AT_ONCE))
EXPIRE = "UPDATE turns SET lease_until = now() - interval '1 s' WHERE state = 'running'"


def fenced() -> float:
    return REGISTRY.get_sample_value("turns_fenced_total") or 0


async def ask(service: Client, count: int = AT_ONCE) -> None:
    await service.receive(*(web_message(new_conversation(), "hello") for _ in range(count)))


class Attempts:
    """A model whose answer names the attempt; both attempts at a turn end at about the same time."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()

    async def __call__(self, start: llm_pb2.Start, _rpc: Any) -> AsyncIterator[llm_pb2.GenerateReplyResponse]:
        await self.go_on.wait()
        await asyncio.sleep(random.uniform(0, 0.05))
        yield final(f"attempt {start.fence}")


def test_a_worker_that_outlives_its_lease_is_refused_and_counted(database_url: str) -> None:
    async def scenario() -> None:
        for _ in ROUNDS:
            async with two_workers(database_url) as (_holder, stays, model):
                stays.query(EXPIRE)
                await in_flight(stays.llm, 2 * AT_ONCE)
                await both_finish(stays, model)

    asyncio.run(scenario())


async def both_finish(service: Harness, model: Attempts) -> None:
    before = fenced()
    model.go_on.set()
    await in_flight(service.llm, 0)
    await at_rest(service)
    await eventually(lambda: asyncio.sleep(0, fenced()), lambda count: count >= before + AT_ONCE)
    assert fenced() == before + AT_ONCE
    assert service.query("SELECT DISTINCT text FROM messages WHERE author = 'assistant'") == [("attempt 2",)]
    assert service.query("SELECT DISTINCT fence FROM llm_calls") == [(2,)]


def test_a_finish_and_the_sweep_of_its_lease_leave_one_reply(database_url: str) -> None:
    """The holder is as fast as the one who takes over: either may be first, never both."""

    async def scenario() -> None:
        async with running_service(database_url) as service:
            await service.app.answering.drain()
            holder = Turns(service.app.database, "holder", 15, 60, 20)
            successor = Turns(service.app.database, "successor", 15, 60, 20)

            async def finish(turn: Turn) -> bool:
                await asyncio.sleep(random.uniform(0, 0.04))
                return await holder.finish(turn, safe_reply("holder")) is not None

            async def take_over() -> int:
                finished = 0
                while Invariants(service.query).open_turns():
                    await successor.release_expired()
                    turns = await successor.claim(3)
                    replies = await asyncio.gather(*(successor.finish(turn, safe_reply("successor")) for turn in turns))
                    assert None not in replies
                    finished += len(replies)
                return finished

            for _ in ROUNDS:
                before = fenced()
                await ask(service)
                held = await holder.claim(AT_ONCE)
                assert len(held) == AT_ONCE
                service.query(EXPIRE)
                taken_over, *first = await asyncio.gather(take_over(), *(finish(turn) for turn in held))
                assert taken_over + first.count(True) == AT_ONCE
                assert fenced() - before == taken_over == first.count(False)
                await at_rest(service)

    asyncio.run(scenario())


def test_handing_back_and_sweeping_the_same_turns_counts_each_attempt_rightly(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            await service.app.answering.drain()
            await ask(service, 6)
            for task in service.app._background:  # its own sweep would not be counted here
                task.cancel()
            await asyncio.gather(*service.app._background, return_exceptions=True)
            turns = Turns(service.app.database, "drained", 15, 60, 20)
            attempts = 0
            for _ in range(repetitions()):
                held = await turns.claim(10)
                assert len(held) == 6
                service.query(EXPIRE)
                actions = [turns.release([turn.claim]) for turn in held] + [turns.release_expired() for _ in range(2)]
                random.shuffle(actions)
                swept = sum(count for count in await asyncio.gather(*actions) if count)
                # A turn that was handed back was not tried; one that was swept was.
                attempts += swept
                state = "SELECT state, count(*), sum(attempts), count(worker), count(lease_until) FROM turns GROUP BY 1"
                assert service.query(state) == [("pending", 6, attempts, 0, 0)]
            for turn in await turns.claim(10):
                assert await turns.finish(turn, safe_reply("at last"))
            await at_rest(service)

    asyncio.run(scenario())


def test_a_replica_that_drains_while_its_leases_are_swept_hands_every_turn_on(database_url: str) -> None:
    async def scenario() -> None:
        for _ in ROUNDS:
            async with two_workers(database_url) as (leaves, stays, model):
                sweeper = Turns(stays.app.database, "sweeper", 15, 60, 20)
                stays.query(EXPIRE)
                model.go_on.set()
                await asyncio.gather(leaves.app.answering.drain(), sweeper.release_expired())
                await at_rest(stays)

    asyncio.run(scenario())


def test_a_replica_that_drains_does_not_hand_back_what_another_one_has_taken_over(database_url: str) -> None:
    async def scenario() -> None:
        for _ in ROUNDS:
            async with two_workers(database_url) as (leaves, stays, model):
                stays.query(EXPIRE)
                await in_flight(stays.llm, 2 * AT_ONCE)
                await leaves.app.answering.drain()
                model.go_on.set()
                await at_rest(stays)
                assert stays.query("SELECT DISTINCT fence, attempts FROM turns") == [(2, 2)]

    asyncio.run(scenario())


@asynccontextmanager
async def two_workers(database_url: str) -> AsyncIterator[tuple[Harness, Harness, Attempts]]:
    """A replica that has claimed turns and has no hands for more, and another one; both wait for the model."""
    model = Attempts()
    llm = ScriptedLlm(model)
    async with running_llm(llm) as address:
        full = settings_for(database_url, address, answering_concurrency=AT_ONCE, turn_lease_seconds=300)
        async with running_app(full, llm) as leaves:
            await ask(leaves)
            await in_flight(llm, AT_ONCE)
            async with running_app(settings_for(database_url, address), llm) as stays:
                yield leaves, stays, model


async def in_flight(llm: ScriptedLlm, expected: int) -> None:
    await eventually(lambda: asyncio.sleep(0, llm.in_flight), lambda count: count == expected)
