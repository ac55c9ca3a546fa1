"""Previews between two conversation services: connections that end with their use, and addresses that lead nowhere."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from chassis.credentials import Credentials
from conversation_service.followers import Thread
from conversation_service.previews import Previews
from conversation_service.replicas import Replicas
from protos import conversation_pb2 as pb
from protos import llm_pb2
from tests.conversation_service.harness import (
    Harness,
    eventually,
    new_conversation,
    running_app,
    running_service,
    settings_for,
    web_message,
)
from tests.replicas.door import opened
from tests.scripted_llm import ScriptedLlm, delta, final, running_llm


def slow(go_on: asyncio.Event) -> ScriptedLlm:
    async def script(_start: llm_pb2.Start, _rpc: Any) -> AsyncIterator[llm_pb2.GenerateReplyResponse]:
        yield delta("First. ")
        await go_on.wait()
        yield final("First. Second.")

    return ScriptedLlm(script)


async def asked(service: Harness) -> Thread:
    """A conversation whose first turn the service is answering."""
    thread = new_conversation(), "web", "default"
    await service.receive(web_message(thread[0], "hello"))
    await shows(service.app.hub.previews, thread, "First. ")
    return thread


async def shows(previews: Previews, thread: Thread, text: str) -> None:
    async def look() -> str:
        preview = previews.current(thread)
        return preview.text if preview else ""

    await eventually(look, lambda seen: seen == text)


def relaying(service: Harness) -> tuple[Replicas, Previews]:
    """Another replica's side of it, without followers."""
    return Replicas("elsewhere:1", Credentials(service.settings)), Previews(lambda _thread: ())


def test_a_connection_to_another_replica_is_closed_after_the_last_turn_that_is_relayed_from_there(
    database_url: str,
) -> None:
    async def scenario() -> None:
        go_on = asyncio.Event()
        async with running_service(database_url, slow(go_on)) as service:
            async with opened(service.settings.conversation_service_port) as door:
                replicas, previews = relaying(service)
                threads = [await asked(service) for _ in range(5)]
                for thread in threads:
                    replicas.follow(previews, thread, 1, 1, door.address)
                for thread in threads:
                    await shows(previews, thread, "First. ")
                assert (door.open, door.knocks) == (1, 1)
                go_on.set()
                await eventually(lambda: asyncio.sleep(0, door.open), lambda count: count == 0)

    asyncio.run(scenario())


def test_a_turn_that_was_taken_over_is_relayed_from_its_new_replica_while_the_old_one_is_silent(
    database_url: str,
) -> None:
    async def scenario() -> None:
        go_on = asyncio.Event()
        async with running_service(database_url, slow(go_on)) as service:
            async with opened(None) as silent, opened(service.settings.conversation_service_port) as door:
                replicas, previews = relaying(service)
                thread = await asked(service)
                replicas.follow(previews, thread, 1, 0, silent.address)
                await eventually(lambda: asyncio.sleep(0, silent.open), lambda count: count == 1)
                replicas.follow(previews, thread, 1, 1, door.address)
                await shows(previews, thread, "First. ")
                await eventually(lambda: asyncio.sleep(0, silent.open), lambda count: count == 0)
                go_on.set()
                await eventually(lambda: asyncio.sleep(0, door.open), lambda count: count == 0)

    asyncio.run(scenario())


def test_a_replica_whose_advertised_address_leads_nowhere_costs_its_followers_elsewhere_only_the_preview(
    database_url: str,
) -> None:
    async def scenario() -> None:
        go_on = asyncio.Event()
        llm = slow(go_on)
        async with running_llm(llm) as address, opened(None) as nowhere:
            misled = settings_for(database_url, address, conversation_service_advertise=nowhere.address)
            async with running_app(misled, llm) as one, running_app(settings_for(database_url, address), llm) as two:
                await two.app.answering.drain()  # so that the other one answers
                threads = [await asked(one) for _ in range(20)]
                call = two.stub.Follow(metadata=two.peer.metadata())
                for number, thread in enumerate(threads):
                    subscribe = pb.Subscribe(
                        subscription_id=number, conversation_id=thread[0], channel="web", account="default"
                    )
                    await call.write(pb.FollowRequest(subscribe=subscribe))
                await eventually(lambda: asyncio.sleep(0, nowhere.open), bool)
                go_on.set()
                events: list[pb.FollowEvent] = []
                while len(events) < 40:
                    events.extend((await asyncio.wait_for(call.read(), 5)).events)
                assert all(event.HasField("message") for event in events)
                assert len(await two.messages(threads[0][0])) == 2
                call.cancel()

    asyncio.run(scenario())
