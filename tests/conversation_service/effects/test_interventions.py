"""The commands handback, reply and close."""

import asyncio
import contextlib
from collections.abc import Iterator

import peewee
import pytest

from conversation_service import commands
from conversation_service.commands import CommandError
from conversation_service.database import Session
from protos import conversation_pb2 as pb
from tests.conversation_service.effects.events import message, platform_event
from tests.conversation_service.effects.test_people import changed, written
from tests.conversation_service.harness import Harness, new_conversation, running_service, web_message
from tests.conversation_service.races.rest import at_rest

DELIVERIES = """
    SELECT m.author, d.state, d.reason, d.text
    FROM deliveries d JOIN messages m ON m.id = d.message_id ORDER BY d.out_seq
"""


async def run(service: Harness, *words: str) -> list[str]:
    lines: list[str] = []
    inbox = service.app.database
    assert await commands.run(commands.parse(words), inbox, None, lines.append) == 0  # type: ignore[arg-type]
    return lines


async def answered(service: Harness) -> str:
    (receipt,) = await service.receive(message("t", "hello", "a"))
    await service.replies(receipt.conversation_id, channel="whatsapp")
    return receipt.conversation_id


def test_a_reply_takes_over_and_is_sent_and_handback_gives_back(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=0) as service:
            conversation = await answered(service)
            await run(service, "reply", conversation, "I am Ann")
            assert service.query(DELIVERIES) == [
                ("assistant", "cancelled", "human_owner", "You asked: hello"),
                ("human", "queued", None, "I am Ann"),
            ]
            await run(service, "reply", conversation, "and I look into it")
            assert [row[:2] for row in service.query(DELIVERIES)[1:]] == [("human", "queued")] * 2
            await service.receive(message("t", "thanks", "b"))
            await at_rest(service)
            assert service.query("SELECT reason FROM turns WHERE turn_no = 2") == [("human_owner",)]
            assert (await run(service, "handback", conversation))[0].startswith("the assistant answers from")
            assert await run(service, "handback", conversation) == ["the assistant answers there already"]
            await service.receive(message("t", "and now?", "c"))
            assert len(await service.replies(conversation, 2, channel="whatsapp")) == 2
            await at_rest(service)

    asyncio.run(scenario())


def test_a_reply_whose_commit_is_not_answered_is_written_once(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection breaks between COMMIT and its answer, so the work is done again."""
    transaction = Session.transaction
    breaks = iter([peewee.OperationalError("server closed the connection unexpectedly")])

    @contextlib.contextmanager
    def broken(session: Session) -> Iterator[None]:
        with transaction(session):
            yield
        for error in breaks:
            raise error

    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=0) as service:
            conversation = await answered(service)
            monkeypatch.setattr(Session, "transaction", broken)
            await run(service, "reply", conversation, "I am Ann")
            assert next(breaks, None) is None, "nothing broke"
            written = "SELECT count(*) FROM messages WHERE author = 'human'"
            assert service.query(written) == [(1,)]

    asyncio.run(scenario())


def test_a_reply_on_the_web_is_stored_and_needs_no_delivery(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            conversation = new_conversation()
            await service.receive(web_message(conversation, "hello"))
            await service.replies(conversation)
            await run(service, "reply", conversation, "a person here")
            said = await service.messages(conversation)
            assert (said[-1].author, said[-1].text) == (pb.AUTHOR_HUMAN, "a person here")
            assert service.query(DELIVERIES) == []

    asyncio.run(scenario())


def test_in_a_closed_conversation_nothing_is_sent_until_the_customer_writes(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=0) as service:
            conversation = await answered(service)
            service.query("UPDATE conversations SET open_count = 0")
            await run(service, "close", conversation)
            assert [row[1:3] for row in service.query(DELIVERIES)] == [("cancelled", "conversation_closed")]
            assert await run(service, "close", conversation) == ["it is closed already"]
            await service.receive(message("t", "one more thing", "b"))
            assert len(await service.replies(conversation, 2, channel="whatsapp")) == 2
            assert service.query("SELECT status FROM conversations") == [("open",)]
            await at_rest(service)

    asyncio.run(scenario())


def test_a_turn_that_waits_when_a_conversation_is_closed_ends_silent(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=30) as service:
            (receipt,) = await service.receive(message("t", "hello", "a"))
            await run(service, "close", receipt.conversation_id)
            assert service.query("SELECT state, reason FROM turns") == [("silent", "human_owner")]
            (after,) = await service.receive(message("t", "hello", "b"))
            assert after.turn_no == 2

    asyncio.run(scenario())


def test_a_reply_that_could_not_be_sent_is_refused_with_the_reason(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=0) as service:
            conversation = await answered(service)
            await service.receive(platform_event("t", "preference:1", preference=pb.Preference(opted_out=True)))
            with pytest.raises(CommandError, match="asked for no more messages"):
                await run(service, "reply", conversation, "hello")
            service.query("""UPDATE conversations SET opted_out_at = NULL, reply_window_seconds = 60,
                last_customer_at = now() - interval '1 hour'""")
            with pytest.raises(CommandError, match="too old"):
                await run(service, "reply", conversation, "hello")
            assert service.query("SELECT owner FROM conversations") == [("assistant",)]

    asyncio.run(scenario())


@pytest.mark.parametrize("words", [("handback",), ("reply", "hello"), ("close",)])
def test_an_unknown_conversation_is_said_to_be_unknown(database_url: str, words: tuple[str, ...]) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            with pytest.raises(CommandError, match="nothing was done"):
                await run(service, words[0], new_conversation(), *words[1:])

    asyncio.run(scenario())


def test_a_conversation_that_continues_elsewhere_says_where(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            (older,) = await service.receive(written("a", ("phone", "1")))
            (newer,) = await service.receive(written("b", ("phone", "2")))
            await service.receive(changed("1", ("phone", "1"), ("phone", "2")))
            with pytest.raises(CommandError, match=f"continues in {older.conversation_id}"):
                await run(service, "close", newer.conversation_id)

    asyncio.run(scenario())


def test_a_reply_is_in_time_where_the_customer_wrote_in_the_other_of_two_that_are_one(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=30) as service:
            (older,) = await service.receive(written("a", ("phone", "1")))
            await service.receive(written("b", ("phone", "2")))
            service.query("UPDATE conversations SET reply_window_seconds = 60")
            long_ago = "UPDATE conversations SET last_customer_at = now() - interval '1 hour' WHERE id = %s"
            service.query(long_ago, older.conversation_id)
            await service.receive(changed("1", ("phone", "1"), ("phone", "2")))
            assert (await run(service, "reply", older.conversation_id, "hello"))[0].startswith("written")

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "words", [("close", "nonsense"), ("handback",), ("reply", new_conversation.__name__), ("reply", "0" * 36, "x")]
)
def test_what_is_mistyped_is_refused(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        commands.parse(words)
    assert ended.value.code == 2
    assert capsys.readouterr().err


def test_an_empty_reply_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        commands.parse(["reply", new_conversation(), "  "])
    assert "the text is empty" in capsys.readouterr().err
