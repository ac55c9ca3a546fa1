"""Outcomes of sends: who has to wait for what was not accepted, and when it is given up."""

import asyncio

import pytest
from prometheus_client import REGISTRY

from tests.conversation_service.harness import Harness
from tests.conversation_service.outbox.senders import (
    Scope,
    Settle,
    accept,
    claim,
    lose,
    outbox,
    queue,
    settle,
    states,
    status,
)


def seconds_until_due(service: Harness) -> float:
    ((wait,),) = service.query(
        "SELECT extract(epoch FROM run_at - now())::float8 FROM deliveries WHERE state = 'queued'"
    )
    return float(wait)


def account(service: Harness) -> tuple[float, int, str]:
    """Seconds until it sends again, pauses in a row, why."""
    ((wait, pauses, reason),) = service.query(
        "SELECT extract(epoch FROM paused_until - now())::float8, pauses, pause_reason FROM sending_accounts"
    )
    return wait, pauses, reason


def test_each_attempt_that_was_not_accepted_waits_twice_as_long(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service)
            for longest in (1, 2, 4, 8, 16):
                (delivery,) = await claim(service)
                assert (await settle(service, delivery, not_accepted=Scope(error_code="4"))).state == "queued"
                assert longest / 2 - 1 < seconds_until_due(service) <= longest
                service.query("UPDATE deliveries SET run_at = now()")
            service.query("UPDATE deliveries SET attempts = 40")
            (delivery,) = await claim(service)
            await settle(service, delivery, not_accepted=Scope(error_code="4"))
            assert 140 < seconds_until_due(service) <= 300

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("change", "retry_after_ms"),
    [
        ("UPDATE deliveries SET created_at = now() - interval '25 h' WHERE text = 'one'", 0),
        ("UPDATE conversations SET reply_window_seconds = 60", 61_000),
        ("UPDATE deliveries SET created_at = now() - interval '23 h'", 2 * 3_600_000),
        ("UPDATE conversations SET reply_window_seconds = 1, last_customer_at = now() - interval '2 s'", 0),
    ],
)
def test_what_could_not_be_tried_in_time_any_more_is_given_up_and_releases_the_line(
    database_url: str, change: str, retry_after_ms: int
) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service, "34600", "one", "two")
            (delivery,) = await claim(service)
            service.query(change)
            outcome = Scope(error_code="4", retry_after_ms=retry_after_ms)
            assert (await settle(service, delivery, not_accepted=outcome)).state == "dead"
            assert states(service, "state", "reason")[0] == ("dead", "expired")
            service.query("UPDATE conversations SET reply_window_seconds = 0")
            assert [delivery.text for delivery in await claim(service)] == ["two"]

    asyncio.run(scenario())


def test_a_wait_of_a_day_is_the_longest_that_is_kept(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service)
            (delivery,) = await claim(service)
            service.query("UPDATE conversations SET reply_window_seconds = 1000000")
            await settle(service, delivery, not_accepted=Scope(error_code="131049", retry_after_ms=10**12))
            assert 86_390 < seconds_until_due(service) <= 86_400

    asyncio.run(scenario())


def test_a_customer_who_got_too_much_gets_nothing_until_they_may(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            conversation = queue(service)
            queue(service, "34700")
            first, second = sorted(await claim(service), key=lambda delivery: delivery.thread_key)
            outcome = Scope(error_code="131056", retry_after_ms=30_000, scope=Scope.SCOPE_RECIPIENT)
            await settle(service, first, not_accepted=outcome)
            # A person who takes over has their own words sent no sooner.
            service.query("UPDATE deliveries SET state = 'cancelled' WHERE state = 'queued'")
            queue(service, "34600", "a person's", author="human")
            assert await claim(service, recipient_interval_ms=1000, recipient_burst=1) == []
            ((wait,),) = service.query(
                "SELECT extract(epoch FROM paced_at - now())::float8 FROM conversations WHERE id = %s", conversation
            )
            assert 25 < wait <= 30
            assert (await accept(service, second, "wamid.2")).state == "sent"

    asyncio.run(scenario())


def test_an_account_that_is_stopped_pauses_longer_each_time_and_loses_nothing(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service)
            outcome = Scope(error_code="190", scope=Scope.SCOPE_ACCOUNT)
            for pauses, seconds in enumerate((30, 60, 120, 240, 480, 900, 900), start=1):
                (delivery,) = await claim(service)
                assert delivery.attempt == 1, "an account's trouble is no attempt"
                assert (await settle(service, delivery, not_accepted=outcome)).state == "queued"
                wait, count, reason = account(service)
                assert (seconds - 5 < wait <= seconds, count, reason) == (True, pauses, "190")
                assert await claim(service) == []
                service.query("UPDATE sending_accounts SET paused_until = now()")
            (delivery,) = await claim(service)
            await accept(service, delivery, "wamid.1")
            assert service.query("SELECT pauses, paused_until, pause_reason FROM sending_accounts") == [(0, None, None)]

    asyncio.run(scenario())


def test_sends_that_were_under_way_when_the_account_was_paused_make_the_pause_no_longer_and_do_not_end_it(
    database_url: str,
) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            for number in range(4):
                queue(service, str(number))
            first, second, third, fourth = await claim(service)
            stopped = Scope(error_code="130429", scope=Scope.SCOPE_ACCOUNT)
            await asyncio.gather(*(settle(service, each, not_accepted=stopped) for each in (first, second, third)))
            await accept(service, fourth, "wamid.4")
            wait, count, _reason = account(service)
            assert (25 < wait <= 30, count) == (True, 1)
            told = Scope(error_code="130429", scope=Scope.SCOPE_ACCOUNT, retry_after_ms=120_000)
            service.query("UPDATE sending_accounts SET paused_until = now()")
            (again,) = await claim(service)
            await settle(service, again, not_accepted=told)
            assert 110 < account(service)[0] <= 120, "what the platform says counts"

    asyncio.run(scenario())


def test_who_has_opted_out_gets_nothing_more(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service, "34600", "one", "two")
            (delivery,) = await claim(service)
            await settle(service, delivery, rejected=Settle.Rejected(error_code="131050", reason="opted_out"))
            assert await claim(service) == []
            assert states(service, "state", "reason") == [("dead", "opted_out"), ("cancelled", "opted_out")]
            assert service.query("SELECT opted_out_at IS NOT NULL FROM conversations") == [(True,)]

    asyncio.run(scenario())


def test_who_has_opted_out_has_done_so_in_all_conversations_that_became_one(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            stays, joined = queue(service, "34600"), queue(service, "34601")
            service.query("UPDATE conversations SET continues_in = %s WHERE id = %s RETURNING id", stays, joined)
            first, _second = sorted(await claim(service), key=lambda delivery: delivery.thread_key)
            await settle(service, first, rejected=Settle.Rejected(error_code="131050", reason="opted_out"))
            assert service.query("SELECT opted_out_at IS NOT NULL FROM conversations") == [(True,)] * 2

    asyncio.run(scenario())


def test_an_answer_that_came_too_late_to_be_believed_still_saves_the_second_copy(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service)
            (delivery,) = await claim(service)
            await lose(service, delivery)
            service.query("UPDATE deliveries SET state = 'queued', blind_resends = 1")
            assert (await accept(service, delivery, "wamid.1")).applied
            assert states(service, "state", "provider_id") == [("sent", "wamid.1")]
            assert await claim(service) == []

    asyncio.run(scenario())


def test_an_answer_after_the_proof_names_the_message_and_takes_what_was_said_about_it(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service)
            (delivery,) = await claim(service)
            await service.receive(status("sent", delivery=delivery), status("read", "wamid.1"))
            assert states(service, "state", "status", "provider_id") == [("sent", "sent", None)]
            late = await settle(service, delivery, rejected=Settle.Rejected(reason="content"))
            assert (late.applied, late.state) == (False, "sent")
            assert (await accept(service, delivery, "wamid.1")).applied
            assert states(service, "state", "status", "provider_id") == [("sent", "read", "wamid.1")]

    asyncio.run(scenario())


def test_outcomes_are_counted_by_channel_and_class(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service, channel="settled")
            (delivery,) = await claim(service)
            await settle(service, delivery, rejected=Settle.Rejected(error_code="1", reason="a word of the sender's"))
            labels = {"channel": "settled", "outcome": "rejected", "error_class": "other"}
            assert REGISTRY.get_sample_value("deliveries_settled_total", labels) == 1
            ended = {"channel": "settled", "reason": "other"}
            assert REGISTRY.get_sample_value("deliveries_ended_total", ended) == 1

    asyncio.run(scenario())


def test_what_a_sender_or_a_platform_makes_too_long_is_cut_and_still_found(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service)
            (delivery,) = await claim(service)
            long = "\0" + "m" * 100_000
            await accept(service, delivery, long)
            await service.receive(status("read", long))
            assert states(service, "status", "length(provider_id)") == [("read", 512)]

    asyncio.run(scenario())
