"""What platforms say about our messages: in any order, early, late, twice, or about messages that nobody knows."""

import asyncio
import itertools
from datetime import UTC, datetime, timedelta

import pytest

from protos import conversation_pb2 as pb
from tests.conversation_service.harness import eventually
from tests.conversation_service.outbox.senders import (
    Settle,
    accept,
    claim,
    lose,
    outbox,
    queue,
    read_mark,
    settle,
    states,
    status,
)

ORDERS = list(itertools.permutations(("sent", "delivered", "read")))


@pytest.mark.parametrize("order", ORDERS)
def test_a_status_only_ever_rises_and_early_ones_wait_for_the_answer(database_url: str, order: tuple[str, ...]) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service)
            (delivery,) = await claim(service)
            await service.receive(status(order[0], "wamid.1"), status(order[1], "wamid.1"))
            assert states(service, "state", "status") == [("sending", None)]
            await accept(service, delivery, "wamid.1")
            await service.receive(status(order[2], "wamid.1"), status("sent", "wamid.1"))
            assert states(service, "state", "status") == [("sent", "read")]
            assert service.query("SELECT count(*) FROM early_statuses") == [(0,)]

    asyncio.run(scenario())


@pytest.mark.parametrize("before", ["sending", "unknown", "given up"])
@pytest.mark.parametrize("state", ["sent", "delivered", "read"])
def test_our_own_id_in_a_status_settles_what_nobody_was_sure_of(database_url: str, before: str, state: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service, "34600", "one", "two")
            (delivery,) = await claim(service)
            if before != "sending":
                await lose(service, delivery)
            if before == "given up":
                service.query("UPDATE deliveries SET state = 'queued', blind_resends = 1 WHERE fence > 0")
            await service.receive(status(state, "wamid.1", delivery))
            assert states(service, "state", "status", "provider_id")[0] == ("sent", state, "wamid.1")
            assert [each.text for each in await claim(service)] == ["two"]
            ((proven,),) = service.query(
                "SELECT proven_through = (SELECT min(started_at) FROM delivery_attempts) FROM sending_accounts"
            )
            assert proven

    asyncio.run(scenario())


def test_failed_counts_only_before_delivered_and_ends_the_delivery_with_its_reason(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            for number in range(3):
                queue(service, str(number))
            for delivery in await claim(service):
                await accept(service, delivery, f"wamid.{delivery.thread_key}")
            await service.receive(
                status("failed", "wamid.0", reason="recipient"),
                status("delivered", "wamid.0"),
                status("delivered", "wamid.1"),
                status("failed", "wamid.1", reason="recipient"),
                status("failed", "wamid.2", reason="opted_out"),
            )
            found = service.query(
                "SELECT thread_key, state, reason, d.status, opted_out_at IS NOT NULL FROM deliveries d "
                "JOIN conversations c ON c.id = conversation_id ORDER BY 1"
            )
            assert found == [
                ("0", "dead", "recipient", "failed", False),
                ("1", "sent", None, "delivered", False),
                ("2", "dead", "opted_out", "failed", True),
            ]

    asyncio.run(scenario())


def test_a_failure_that_came_before_the_answer_counts_once_it_is_there(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service)
            (delivery,) = await claim(service)
            await service.receive(status("failed", "wamid.1", reason="window_closed"), status("sent", "wamid.1"))
            assert (await accept(service, delivery, "wamid.1")).state == "dead"
            assert states(service, "state", "reason") == [("dead", "window_closed")]

    asyncio.run(scenario())


def test_a_failure_of_one_of_two_copies_is_not_taken_for_the_others(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service)
            (first,) = await claim(service)
            await lose(service, first)
            service.query("UPDATE deliveries SET state = 'queued', blind_resends = 1")
            (second,) = await claim(service)
            await service.receive(status("failed", "wamid.first", first, "recipient"))
            assert (await accept(service, second, "wamid.second")).state == "sent"
            assert states(service, "state", "provider_id") == [("sent", "wamid.second")]

    asyncio.run(scenario())


def test_what_is_said_about_messages_of_others_is_harmless(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service)
            (delivery,) = await claim(service)
            await accept(service, delivery, "wamid.1")
            queue(service, "34700")
            (never_sent,) = service.query("SELECT id::text FROM deliveries WHERE state = 'queued'")
            receipts = await service.receive(
                status("read", "wamid.1", account="another"),
                status("read", "wamid.2", delivery, account="another"),
                status("read", "wamid.3", pb.Delivery(id="no uuid"), thread=""),
                status("read", "wamid.4", pb.Delivery(id="00000000-0000-4000-8000-000000000000")),
                status("read", "", pb.Delivery(id=never_sent[0])),
                status("unspecified", "wamid.1"),
            )
            assert {receipt.outcome for receipt in receipts} == {pb.Receipt.OUTCOME_RECORDED}
            assert states(service, "state", "status") == [("sent", "sent"), ("queued", None)]

    asyncio.run(scenario())


def test_a_status_that_met_the_answer_at_the_same_moment_is_found_by_the_sweep(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service)
            (delivery,) = await claim(service)
            await accept(service, delivery, "wamid.1")
            service.query(
                "INSERT INTO early_statuses (channel, account, provider_id, status) "
                "VALUES ('whatsapp', 'default', 'wamid.1', 'delivered')"
            )
            await eventually(lambda: asyncio.sleep(0.05, states(service, "status")), [("delivered",)].__eq__)

    asyncio.run(scenario())


def test_a_read_mark_covers_everything_that_was_sent_before(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service, "34600", "1", "2", "3", "4")
            for number in range(1, 5):
                (delivery,) = await claim(service)
                if number < 4:
                    await accept(service, delivery, f"m_{number}")
            await service.receive(read_mark("m_2"))
            assert states(service, "status") == [("read",), ("read",), ("sent",), (None,)]
            now = datetime.now(UTC)
            await service.receive(read_mark(until=now - timedelta(hours=1)))
            assert states(service, "status")[2] == ("sent",)
            await service.receive(read_mark(until=now + timedelta(seconds=1)))
            assert states(service, "state", "status")[2:] == [("sent", "read"), ("sending", "read")]

    asyncio.run(scenario())


def test_a_read_mark_that_was_faster_than_the_answer_is_kept(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service)
            (delivery,) = await claim(service)
            await service.receive(read_mark("m_1"))
            await accept(service, delivery, "m_1")
            assert states(service, "status") == [("read",)]

    asyncio.run(scenario())


def test_a_read_mark_by_time_that_was_faster_than_the_answer_is_kept_unless_nothing_was_sent(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service)
            (delivery,) = await claim(service)
            await service.receive(read_mark(until=datetime.now(UTC) + timedelta(seconds=1)))
            await settle(service, delivery, not_accepted=Settle.NotAccepted(error_code="busy"))
            assert states(service, "state", "status") == [("queued", None)]
            service.query("UPDATE deliveries SET run_at = now() RETURNING id")
            (delivery,) = await claim(service)
            await service.receive(read_mark(until=datetime.now(UTC) + timedelta(seconds=1)))
            await accept(service, delivery, "m_1")
            assert states(service, "state", "status") == [("sent", "read")]

    asyncio.run(scenario())
