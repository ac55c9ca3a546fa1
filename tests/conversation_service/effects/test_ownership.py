"""A person takes over, and the assistant stays silent until it is given the conversation back."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc.aio
import pytest

from conversation_service import ownership
from protos import conversation_pb2 as pb
from protos import llm_pb2
from tests.conversation_service.effects.events import message
from tests.conversation_service.harness import Harness, eventually, running_service
from tests.conversation_service.races.rest import at_rest
from tests.scripted_llm import ScriptedLlm, final

UNKNOWN = "00000000-0000-4000-8000-000000000000"
HUMAN, ASSISTANT = pb.AUTHOR_HUMAN, pb.AUTHOR_ASSISTANT


async def set_owner(service: Harness, conversation: str, owner: "pb.Author", reason: str = "") -> pb.SetOwnerResponse:
    request = pb.SetOwnerRequest(conversation_id=conversation, owner=owner, reason=reason)
    response = await service.stub.SetOwner(request, timeout=10, metadata=service.peer.metadata())
    assert isinstance(response, pb.SetOwnerResponse)
    return response


async def person_wrote(service: Harness, conversation: str, text: str) -> None:
    def work(session: Any) -> list[Any]:
        with session.transaction():
            return ownership.person_wrote(session, conversation, text, None, f"echo:{text}", None)

    for change in await service.app.database.run(work):
        service.app.hub.tell(change)


async def follow(service: Harness, conversation: str, after_rev: int, count: int) -> list[pb.FollowEvent]:
    """The first events of somebody who follows from a revision on."""
    follower = service.app.hub.join()
    command = pb.Subscribe(
        subscription_id=1, conversation_id=conversation, channel="whatsapp", account="default", after_rev=after_rev
    )
    service.app.hub.subscribe(follower, command)
    seen: list[pb.FollowEvent] = []
    batches = follower.batches()

    async def look() -> list[pb.FollowEvent]:
        seen.extend(await anext(batches))
        return seen

    try:
        return list(await eventually(look, lambda events: len(events) >= count))
    finally:
        service.app.hub.leave(follower)


def test_taking_over_ends_what_waits_and_cancels_what_is_queued(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=1) as service:
            (receipt,) = await service.receive(message("t", "one", "a"))
            conversation = receipt.conversation_id
            await service.replies(conversation, channel="whatsapp")
            await service.receive(message("t", "two", "b"))
            taken = await set_owner(service, conversation, HUMAN, "desk")
            again = await set_owner(service, conversation, HUMAN, "another")
            assert (taken.owner, taken) == (HUMAN, again)
            await at_rest(service)
            turns = service.query("SELECT state, reason FROM turns ORDER BY turn_no")
            assert turns == [("done", None), ("silent", "human_owner")]
            assert service.query("SELECT state, reason FROM deliveries") == [("cancelled", "human_owner")]
            assert service.query("SELECT owner, owner_epoch, owner_reason FROM conversations") == [("human", 1, "desk")]

    asyncio.run(scenario())


def test_a_reply_that_is_being_written_is_not_committed(database_url: str) -> None:
    async def scenario() -> None:
        go_on = asyncio.Event()

        async def wait(_start: llm_pb2.Start, _rpc: Any) -> AsyncIterator[llm_pb2.GenerateReplyResponse]:
            await go_on.wait()
            yield final("an answer")

        async with running_service(database_url, ScriptedLlm(wait), gather_seconds=0) as service:
            (receipt,) = await service.receive(message("t", "one", "a"))
            await eventually(lambda: asyncio.sleep(0, service.llm.in_flight), bool)
            await set_owner(service, receipt.conversation_id, HUMAN)
            go_on.set()
            await at_rest(service)
            assert service.query("SELECT state, reason FROM turns") == [("silent", "human_owner")]

    asyncio.run(scenario())


def test_what_a_person_wrote_is_stored_and_part_of_later_prompts(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=0) as service:
            (receipt,) = await service.receive(message("t", "one", "a"))
            conversation = receipt.conversation_id
            await service.replies(conversation, channel="whatsapp")
            await person_wrote(service, conversation, "I look into it")
            (silent,) = await service.receive(message("t", "thanks", "b"))
            await at_rest(service)
            assert service.query("SELECT state FROM turns WHERE turn_no = %s", silent.turn_no) == [("silent",)]
            await set_owner(service, conversation, ASSISTANT)
            await service.receive(message("t", "three", "c"))
            await service.replies(conversation, 2, channel="whatsapp")
            said = [(item.role, item.text) for item in service.llm.prompts[-1].history]
            assert (llm_pb2.ROLE_HUMAN, "I look into it") in said
            assert [text for role, text in said if role == llm_pb2.ROLE_CUSTOMER] == ["one", "thanks", "three"]
            stored = await service.messages(conversation, channel="whatsapp")
            assert [(m.seq, m.author, m.turn_no) for m in stored if m.author == HUMAN] == [(3, HUMAN, 1)]
            await at_rest(service)

    asyncio.run(scenario())


def test_followers_are_told_who_owns_it_also_when_they_come_back(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=30) as service:
            (receipt,) = await service.receive(message("t", "one", "a"))
            conversation = receipt.conversation_id
            live = asyncio.create_task(follow(service, conversation, 1, 3))
            await asyncio.sleep(0)
            await person_wrote(service, conversation, "hello")
            kinds = {event.WhichOneof("event") for event in await live}
            assert kinds == {"ownership", "message", "turn_silent"}
            resumed = await follow(service, conversation, 1, 3)
            shown = [event for event in resumed if event.WhichOneof("event") != "turn_silent"]
            assert [(e.WhichOneof("event"), getattr(e, str(e.WhichOneof("event"))).rev) for e in shown] == [
                ("ownership", 2),
                ("message", 3),
            ]
            assert shown[0].ownership.owner == HUMAN

    asyncio.run(scenario())


def test_the_assistant_gets_it_back_when_no_person_has_written_for_hours(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=0, handback_hours=12) as service:
            (receipt,) = await service.receive(message("t", "one", "a"))
            await set_owner(service, receipt.conversation_id, HUMAN)
            service.query("UPDATE conversations SET human_at = now() - interval '11 hours'")
            await service.app._handback.sweep()
            assert service.query("SELECT owner FROM conversations") == [("human",)]
            service.query("UPDATE conversations SET human_at = now() - interval '13 hours'")
            await service.app._handback.sweep()
            assert service.query("SELECT owner, owner_reason, owner_epoch FROM conversations") == [
                ("assistant", "expired", 2)
            ]
            await service.receive(message("t", "two", "b"))
            await eventually(
                lambda: asyncio.sleep(0, service.query("SELECT state FROM turns ORDER BY turn_no DESC LIMIT 1")),
                lambda rows: rows == [("done",)],
            )

    asyncio.run(scenario())


def test_with_zero_hours_it_is_never_given_back(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, handback_hours=0) as service:
            (receipt,) = await service.receive(message("t", "one", "a"))
            await set_owner(service, receipt.conversation_id, HUMAN)
            service.query("UPDATE conversations SET human_at = now() - interval '1 year'")
            await service.app._handback.sweep()
            assert service.query("SELECT owner FROM conversations") == [("human",)]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("conversation", "owner", "code"),
    [
        (UNKNOWN, HUMAN, grpc.StatusCode.NOT_FOUND),
        (UNKNOWN, ASSISTANT, grpc.StatusCode.NOT_FOUND),
        ("nonsense", HUMAN, grpc.StatusCode.INVALID_ARGUMENT),
        (UNKNOWN, pb.AUTHOR_CUSTOMER, grpc.StatusCode.INVALID_ARGUMENT),
    ],
)
def test_an_owner_that_cannot_be_set_is_refused(
    database_url: str, conversation: str, owner: "pb.Author", code: grpc.StatusCode
) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await set_owner(service, conversation, owner)
            assert refused.value.code() == code

    asyncio.run(scenario())
