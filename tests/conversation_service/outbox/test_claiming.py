"""What a claim hands out: only what may be sent now, at the pace of its channel, to whom it is due."""

import asyncio

import grpc
import grpc.aio
import pytest

from conversation_service.outbox import reconciling
from protos import conversation_pb2 as pb
from protos import conversation_pb2_grpc
from tests.conversation_service.harness import eventually, platform_message
from tests.conversation_service.outbox.senders import accept, ask, claim, lose, outbox, queue, states
from tests.scripted_llm import ScriptedLlm

BARRED = [
    (
        "UPDATE conversations SET reply_window_seconds = 60, last_customer_at = now() - interval '61 s'",
        ("dead", "window_closed"),
    ),
    ("UPDATE conversations SET reply_window_seconds = 60, last_customer_at = NULL", ("dead", "window_closed")),
    ("UPDATE conversations SET opted_out_at = now()", ("dead", "opted_out")),
    ("UPDATE conversations SET status = 'closed'", ("cancelled", "conversation_closed")),
]


@pytest.mark.parametrize("author", ["assistant", "human"])
@pytest.mark.parametrize(("change", "end"), BARRED)
def test_what_may_not_be_sent_any_more_is_ended_with_its_reason(
    database_url: str, change: str, end: tuple[str, str], author: str
) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service, "34600", "one", "two", author=author)
            service.query(change)
            assert await claim(service) == []
            assert states(service, "state", "reason") == [end, end]

    asyncio.run(scenario())


def test_where_replies_are_always_taken_only_what_is_a_day_old_is_given_up(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service, "34600", "one", "two", "three")
            service.query("UPDATE deliveries SET created_at = now() - interval '25 h' WHERE text <> 'three'")
            service.query("UPDATE deliveries SET run_at = 'infinity' WHERE text <> 'one'")
            assert [delivery.text for delivery in await claim(service)] == ["three"]
            assert states(service, "state", "reason") == [("dead", "expired")] * 2 + [("sending", None)]

    asyncio.run(scenario())


def test_within_its_window_a_reply_is_sent(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service)
            service.query("UPDATE conversations SET reply_window_seconds = 60, last_customer_at = now()")
            assert len(await claim(service)) == 1

    asyncio.run(scenario())


def test_a_delivery_names_its_customer_as_the_platform_does_now_and_who_wrote_it(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service, author="human")
            service.query(
                """
                WITH p AS (INSERT INTO participants DEFAULT VALUES RETURNING id), c AS (
                    UPDATE conversations SET participant_id = p.id FROM p)
                INSERT INTO participant_aliases (channel, account, kind, value, participant_id, valid_until)
                SELECT v.channel, 'default', v.kind, v.value, p.id, v.until FROM p, (VALUES
                    ('whatsapp', 'id', '34600', NULL), ('whatsapp', 'bsuid', 'US.1', NULL),
                    ('whatsapp', 'phone', 'old', now()), ('telegram', 'id', '7', NULL)) v (channel, kind, value, until)
                """
            )
            (delivery,) = await claim(service)
            assert [(alias.kind, alias.value) for alias in delivery.recipient] == [("id", "34600"), ("bsuid", "US.1")]
            assert delivery.author == pb.AUTHOR_HUMAN

    asyncio.run(scenario())


def test_one_customer_gets_a_burst_and_then_one_after_each_interval(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service, "34600", "1", "2", "3")
            queue(service, "34700")
            pace = {"recipient_interval_ms": 60_000, "recipient_burst": 2}
            for expected in (["34600", "34700"], ["34600"]):
                claimed = await claim(service, **pace)
                assert sorted(delivery.thread_key for delivery in claimed) == expected
                for delivery in claimed:
                    await accept(service, delivery, f"wamid.{delivery.id}")
            assert await claim(service, **pace) == []
            ((wait,),) = service.query(
                "SELECT extract(epoch FROM run_at - now())::float8 FROM deliveries WHERE state = 'queued'"
            )
            assert 55 < wait <= 60
            service.query("UPDATE conversations SET paced_at = paced_at - interval '61 s'")
            service.query("UPDATE deliveries SET run_at = now() WHERE state = 'queued'")
            assert [delivery.text for delivery in await claim(service, **pace)] == ["3"]

    asyncio.run(scenario())


def test_two_senders_at_once_never_send_more_than_the_account_may(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            for number in range(40):
                queue(service, f"a{number}")
                queue(service, f"b{number}", account="second")
            claims = await asyncio.gather(*(claim(service, 100, account_per_minute=120) for _ in range(12)))
            accounts = [delivery.account for part in claims for delivery in part]
            # 120 a minute: two at once, and another one for each half second that has passed.
            for account in ("default", "second"):
                assert 2 <= accounts.count(account) <= 4
            service.query("UPDATE sending_accounts SET paced_at = now() - interval '1 h'")
            again = await claim(service, 100, account_per_minute=120)
            assert [delivery.account for delivery in again].count("default") == 2, "what was not used is not saved up"

    asyncio.run(scenario())


def test_an_account_that_is_paused_hands_out_nothing_and_the_others_everything(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service, "34600")
            queue(service, "34700", account="second")
            service.query(
                "INSERT INTO sending_accounts (channel, account, paused_until, pauses) "
                "VALUES ('whatsapp', 'default', now() + interval '1 h', 1)"
            )
            assert [delivery.account for delivery in await claim(service)] == ["second"]
            service.query("UPDATE sending_accounts SET paused_until = now()")
            assert [delivery.account for delivery in await claim(service)] == ["default"]

    asyncio.run(scenario())


def test_an_account_that_failed_tries_a_single_send_first(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            for number in range(5):
                queue(service, str(number))
            service.query("INSERT INTO sending_accounts (channel, account, pauses) VALUES ('whatsapp', 'default', 3)")
            (first,) = await claim(service)
            await accept(service, first, "wamid.1")
            assert len(await claim(service)) == 4

    asyncio.run(scenario())


def test_a_backlog_of_one_account_does_not_hold_up_another(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            for number in range(30):
                queue(service, str(number))
            queue(service, "late", account="second")
            assert "second" in {delivery.account for delivery in await claim(service, 4)}

    asyncio.run(scenario())


def test_nor_does_it_where_a_sender_asks_for_one_after_another(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            for number in range(30):
                queue(service, str(number))
            queue(service, "late", account="second")
            claimed = [account for _ in range(20) for account in [each.account for each in await claim(service, 1)]]
            assert (len(claimed), claimed.count("second")) == (20, 1)

    asyncio.run(scenario())


def test_only_the_channels_that_were_asked_for_are_claimed(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            for channel in ("whatsapp", "telegram", "twilio"):
                queue(service, "34600", channel=channel)
            assert [delivery.channel for delivery in await claim(service, 10, "telegram")] == ["telegram"]
            assert {delivery.channel for delivery in await claim(service)} == {"whatsapp", "twilio"}

    asyncio.run(scenario())


def test_what_waits_behind_an_unknown_send_goes_as_soon_as_that_is_settled(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service, "34600", "1", "2", "3")
            (first,) = await claim(service)
            await lose(service, first)
            assert await claim(service) == []
            assert states(service, "run_at = 'infinity'") == [(False,), (True,), (True,)]
            await accept(service, first, "wamid.1")
            assert [delivery.text for delivery in await claim(service)] == ["2"]

    asyncio.run(scenario())


def test_a_line_that_somebody_cut_short_goes_on_by_itself(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciling, "_STUCK_SECONDS", 0.5)

    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service, "34600", "1", "2")
            await claim(service)
            await claim(service)
            service.query("UPDATE deliveries SET state = 'cancelled' WHERE out_seq = 1")
            assert [delivery.text for delivery in await eventually(lambda: claim(service), bool)] == ["2"]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"limit": 101}, "limit must be"),
        ({"limit": -1}, "limit must be"),
        ({"channels": ["What sapp"]}, "a channel is a word"),
        ({"channels": ["a"] * 101}, "at most 100"),
        ({"terms": [{"channel": ""}]}, "a channel is a word"),
        ({"terms": [{"channel": "a"}, {"channel": "a"}]}, "twice"),
        ({"terms": [{"channel": "a", "account_per_minute": -1}]}, "account_per_minute"),
        ({"terms": [{"channel": "a", "recipient_interval_ms": 1}]}, "recipient_burst"),
        ({"terms": [{"channel": "a", "recipient_interval_ms": -1}]}, "recipient_interval_ms"),
        ({"terms": [{"channel": "a", "typing_refresh_ms": -1}]}, "typing_refresh_ms"),
    ],
)
def test_terms_that_make_no_sense_are_refused_in_words(
    database_url: str, request_: dict[str, object], words: str
) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            with pytest.raises(grpc.aio.AioRpcError, match=words) as refusal:
                await ask(service, pb.ClaimDeliveriesRequest(**request_))  # type: ignore[arg-type]
            assert refusal.value.code() == grpc.StatusCode.INVALID_ARGUMENT

    asyncio.run(scenario())


def test_a_customer_sees_that_somebody_writes_and_one_sender_says_so(database_url: str) -> None:
    async def scenario() -> None:
        llm = ScriptedLlm()
        go_on = asyncio.Event()
        echo = llm.script

        async def wait(start, rpc):  # type: ignore[no-untyped-def]
            await go_on.wait()
            async for part in echo(start, rpc):
                yield part

        llm.script = wait
        async with outbox(database_url, llm=llm) as service:
            await service.receive(platform_message("34600", "hello", key="wamid.1"))
            await eventually(lambda: asyncio.sleep(0, llm.in_flight), lambda count: count == 1)
            terms = [pb.ChannelTerms(channel="whatsapp", typing_refresh_ms=60_000)]
            request = pb.ClaimDeliveriesRequest(channels=["whatsapp"], terms=terms)
            assert not (await ask(service, pb.ClaimDeliveriesRequest(channels=["whatsapp"]))).typing
            answers = await asyncio.gather(*(ask(service, request) for _ in range(6)))
            (signal,) = [signal for answer in answers for signal in answer.typing]
            assert (signal.channel, signal.thread_key, signal.message_key) == ("whatsapp", "34600", "wamid.1")
            service.query("UPDATE turns SET typing_at = now() - interval '61 s'")
            assert len((await ask(service, request)).typing) == 1
            go_on.set()
            (delivery,) = await eventually(lambda: claim(service), bool)
            service.query("UPDATE turns SET typing_at = to_timestamp(0)")
            assert not (await ask(service, request)).typing
            assert delivery.reply_to_key == "wamid.1"

    asyncio.run(scenario())


def test_a_claim_of_the_longest_replies_arrives(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            longest = "\N{CLINKING BEER MUGS}" * 65_536
            for number in range(20):
                queue(service, f"3460{number}", longest)
            async with service.peer.connect_async() as channel:
                stub = conversation_pb2_grpc.ConversationServiceStub(channel)
                request = pb.ClaimDeliveriesRequest(worker="test", limit=20)
                answer = await stub.ClaimDeliveries(request, timeout=5, metadata=service.peer.metadata())
            assert [delivery.text == longest for delivery in answer.deliveries] == [True] * 20

    asyncio.run(scenario())
