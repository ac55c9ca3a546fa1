"""More arrives than can be answered: browsers are told before anything is written, platforms' events wait in order."""

import asyncio
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc.aio
import pytest

from protos import conversation_pb2 as pb
from protos.conversation_pb2_grpc import ConversationServiceStub
from tests.fleet import Fleet, running_fleet
from tests.local_stack.waiting import eventually
from tests.lost_neighbours.crowd import Crowd, statuses
from tests.lost_neighbours.looking import Piles, all_is_well, refused_in_time
from tests.scripted_openai import Pace

AUTHORIZED = (("authorization", "Bearer a-token-for-tests-only"),)
# Long enough for the figures of /metrics, which are read every five seconds, to tell of it.
CONCURRENCY, ANSWER_SECONDS, OVERLOAD_SECONDS = 3, 0.5, 1.5
CUSTOMERS, LATE, EVENTS = 54, 20, 20


@pytest.fixture
def fleet(database_url: str) -> Iterator[Fleet]:
    settings = {
        "ANSWERING_CONCURRENCY": str(CONCURRENCY),
        "OVERLOAD_SECONDS": str(OVERLOAD_SECONDS),
        "GATHER_SECONDS": "0",
    }
    with running_fleet(database_url, **settings) as fleet:
        fleet.model.pace = Pace(delay=ANSWER_SECONDS)
        yield fleet


def event(person: str, number: int) -> pb.Event:
    return pb.Event(
        channel="whatsapp",
        account="shop",
        event_key=f"{person}-{number}",
        thread_key=person,
        surface=pb.SURFACE_MESSAGING,
        message=pb.MessageContent(text=f"Message {number}"),
    )


def deliver(fleet: Fleet, events: list[pb.Event]) -> list[pb.Receipt]:
    """As a webhook gateway does."""

    async def call() -> list[pb.Receipt]:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{fleet.conversation[0].port}") as channel:
            stub = ConversationServiceStub(channel)
            return [
                (await stub.Receive(pb.ReceiveRequest(events=[each]), metadata=AUTHORIZED, timeout=5)).receipts[0]
                for each in events
            ]

    return asyncio.run(call())


def oldest(fleet: Fleet) -> float:
    return fleet.conversation[0].metric("turns_oldest_due_seconds")


def test_beyond_capacity_browsers_are_refused_before_anything_is_written_and_platforms_are_not(fleet: Fleet) -> None:
    Crowd(fleet, 8).post()  # until every thread is there that there will be
    piles, early, late = Piles(fleet), Crowd(fleet, CUSTOMERS), Crowd(fleet, LATE)
    with ThreadPoolExecutor(1) as pool:
        began = time.monotonic()
        waiting = pool.submit(early.post)
        eventually(lambda: oldest(fleet) > OVERLOAD_SECONDS, 10)
        stored = fleet.query("SELECT count(*) FROM inbound_events WHERE channel = 'web'")
        refused_in_time(late.post())
        assert fleet.query("SELECT count(*) FROM inbound_events WHERE channel = 'web'") == stored
        person = str(uuid.uuid4())
        receipts = deliver(fleet, [event(person, number) for number in range(EVENTS)])
        assert {receipt.outcome for receipt in receipts} == {pb.Receipt.OUTCOME_RECORDED}
        piles.check_conversation()
        assert statuses(waiting.result(60)) == {200: CUSTOMERS}
    assert time.monotonic() - began > CUSTOMERS / CONCURRENCY * ANSWER_SECONDS  # it was more than there was room for
    assert statuses(late.insist(seconds=30)) == {200: LATE}
    eventually(lambda: oldest(fleet) == 0, 15)
    all_is_well(fleet)
    texts = fleet.query(
        "SELECT text FROM messages m JOIN conversations c ON c.id = m.conversation_id"
        " WHERE c.thread_key = %s AND author = 'customer' ORDER BY seq",
        person,
    )
    assert [text for (text,) in texts] == [f"Message {number}" for number in range(EVENTS)]
