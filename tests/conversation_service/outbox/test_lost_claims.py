"""Claims whose answer reaches nobody: what they took is not left lying until its lease ends."""

import asyncio
import threading
from typing import Any

import grpc.aio
import psycopg2
import pytest

from conversation_service.outbox import claiming
from conversation_service.outbox.claims import Claim
from protos import conversation_pb2 as pb
from tests.conversation_service.harness import Harness, eventually
from tests.conversation_service.outbox.senders import claim, outbox, queue, states


async def becomes(service: Harness, *expected: tuple[object, ...]) -> None:
    read = lambda: asyncio.sleep(0.02, states(service, "state", "attempts"))  # noqa: E731 - read again and again
    await eventually(read, list(expected).__eq__)


async def ask_briefly(service: Harness) -> None:
    request = pb.ClaimDeliveriesRequest(worker="impatient")
    with pytest.raises(grpc.aio.AioRpcError, match=r"DEADLINE_EXCEEDED|UNAVAILABLE"):
        await service.stub.ClaimDeliveries(request, timeout=0.5, metadata=service.peer.metadata())


@pytest.mark.parametrize("place", ["before its commit", "after its commit"])
def test_who_asked_and_left_leaves_nothing_behind(
    database_url: str, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    go_on = threading.Event()
    owner, name = (claiming, "_pace_accounts") if place == "before its commit" else (Claim, "commit")
    work: Any = getattr(owner, name)

    def dawdle(*asked: Any) -> Any:
        result = work(*asked)
        assert go_on.wait(5)
        return result

    monkeypatch.setattr(owner, name, dawdle)

    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service, "34600", "one", "two")
            await ask_briefly(service)
            if place == "before its commit":
                go_on.set()
            await becomes(service, ("queued", 0), ("queued", 0))
            go_on.set()
            (delivery,) = await claim(service)
            assert (delivery.text, delivery.attempt) == ("one", 1)
            assert delivery.fence == (1 if place == "before its commit" else 2)

    asyncio.run(scenario())


@pytest.mark.parametrize(("owner", "name"), [(claiming, "_pace_accounts"), (Claim, "commit")])
def test_what_was_claimed_as_the_connection_broke_before_or_after_its_commit_is_handed_out_once(
    database_url: str, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str
) -> None:
    work, broken = getattr(owner, name), []

    def break_once(*asked: Any) -> Any:
        if not broken:
            broken.append(True)
            raise psycopg2.OperationalError("the connection is lost")
        return work(*asked)

    monkeypatch.setattr(owner, name, break_once)

    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service, "34600")
            queue(service, "34700")
            assert len(await claim(service)) == 2
            assert states(service, "state", "fence") == [("sending", 1)] * 2

    asyncio.run(scenario())
