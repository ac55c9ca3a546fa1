"""Finding the conversation that a person wants to step into, with nothing running beside the command."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import closing

import psycopg2
import pytest

from conversation_service import commands
from conversation_service.database import Database, connect
from conversation_service.inbox import Inbox, Windows
from tests.conversation_service.harness import new_conversation, platform_message, web_message

WROTE = "UPDATE conversations SET last_customer_at = '2026-03-01'::timestamptz + %s * interval '1 hour' WHERE id = %s"


class Desk:
    """The commands on a database of their own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.database = Database(connect(url, "test"), 2)
        self.inbox = Inbox(self.database, Windows(0, 0, 60))

    async def wrote(self, hours: float, thread: str = "", text: str = "where is my parcel") -> str:
        """A conversation whose customer wrote last that long after the first of March; its id."""
        event = platform_message(thread, text) if thread else web_message(new_conversation(), text)
        (receipt,) = (await self.inbox.record([event], "test", None)).receipts
        self.query(WROTE, hours, receipt.conversation_id)
        return receipt.conversation_id

    async def listed(self, *words: str) -> list[str]:
        lines: list[str] = []
        arguments = commands.parse(["conversations", "list", *words])
        assert await commands.run(arguments, self.database, self.inbox, lines.append) == 0
        return lines

    async def ids(self, *words: str) -> list[str]:
        return [json.loads(line)["id"] for line in await self.listed("--json", *words)]

    def query(self, sql: str, *parameters: object) -> None:
        with closing(psycopg2.connect(self.url)) as connection:
            connection.autocommit = True
            connection.cursor().execute(sql, parameters or None)


@pytest.fixture
def at_desk(database_url: str) -> Callable[[Callable[[Desk], Awaitable[None]]], None]:
    def run(scenario: Callable[[Desk], Awaitable[None]]) -> None:
        async def whole() -> None:
            desk = Desk(database_url)
            try:
                await scenario(desk)
            finally:
                await desk.database.close()

        asyncio.run(whole())

    return run


AtDesk = Callable[[Callable[[Desk], Awaitable[None]]], None]


def test_whose_customer_wrote_last_comes_first_and_one_without_any_by_its_beginning(at_desk: AtDesk) -> None:
    async def scenario(desk: Desk) -> None:
        made = {hours: await desk.wrote(hours) for hours in (1, 50, 2, 49.5, 0)}
        silent = await desk.wrote(0, "34600")
        desk.query("UPDATE conversations SET last_customer_at = NULL, created_at = '2026-03-02' WHERE id = %s", silent)
        assert await desk.ids() == [made[50], made[49.5], silent, made[2], made[1], made[0]]

    at_desk(scenario)


def test_a_list_is_bounded_and_goes_on_over_many_pages(
    at_desk: AtDesk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(desk: Desk) -> None:
        made = [await desk.wrote(hours // 2) for hours in range(9)]
        desk.query("UPDATE conversations SET last_customer_at = NULL WHERE id = ANY (%s::uuid[])", made[:3])
        monkeypatch.setattr(commands, "_AT_ONCE", 2)
        everything = await desk.ids()
        assert sorted(everything) == sorted(made)
        assert capsys.readouterr().err == ""
        assert await desk.ids("--limit", "7") == everything[:7]
        assert "there are more" in capsys.readouterr().err

    at_desk(scenario)


def test_a_channel_and_an_owner_are_picked_out(at_desk: AtDesk, capsys: pytest.CaptureFixture[str]) -> None:
    async def scenario(desk: Desk) -> None:
        web, platform = await desk.wrote(1), await desk.wrote(2, "34600")
        desk.query("UPDATE conversations SET owner = 'human' WHERE id = %s", web)
        assert await desk.ids("--channel", "whatsapp") == [platform]
        assert await desk.ids("--owner", "human") == [web]
        assert await desk.ids("--owner", "assistant", "--channel", "whatsapp") == [platform]
        assert await desk.ids("--owner", "human", "--channel", "whatsapp") == []
        assert capsys.readouterr().err == "there is no such conversation\n"

    at_desk(scenario)


def test_a_conversation_that_goes_on_under_another_id_is_left_out(at_desk: AtDesk) -> None:
    async def scenario(desk: Desk) -> None:
        old, new = await desk.wrote(2), await desk.wrote(1)
        desk.query("UPDATE conversations SET continues_in = %s WHERE id = %s", new, old)
        assert await desk.ids() == [new]

    at_desk(scenario)


def test_a_row_holds_the_id_in_full_and_no_word_unless_it_is_asked_for(at_desk: AtDesk) -> None:
    async def scenario(desk: Desk) -> None:
        thread = "34600" * 20
        conversation = await desk.wrote(1, thread, "where\x1b[2J is my parcel")
        heading, row = await desk.listed()
        assert heading.split() == ["ID", "WROTE", "CHANNEL", "ACCOUNT", "OWNER", "STATUS", "THREAD", "NAME"]
        cells = row.split()[:7]
        assert cells == [conversation, "2026-03-01T01:00:00Z", "whatsapp", "default", "assistant", "open", cells[6]]
        assert thread.startswith(cells[6].removesuffix("…"))
        assert len(cells[6]) == 24
        assert "parcel" not in "".join(await desk.listed("--json"))
        assert (await desk.listed("--show"))[2] == "    customer: where\\x1b[2J is my parcel"
        (found,) = [json.loads(line) for line in await desk.listed("--show", "--json")]
        assert (found["thread"], found["body"]) == (thread, "customer: where\x1b[2J is my parcel")

    at_desk(scenario)


def test_what_was_deleted_is_not_shown_as_the_last_words(at_desk: AtDesk) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.wrote(1, "34600", "hello")
        await desk.wrote(2, "34600", "my card is 4711")
        desk.query("UPDATE messages SET deleted_at = now() WHERE text LIKE 'my card%'")
        assert (await desk.listed("--show"))[2] == "    customer: hello"

    at_desk(scenario)


@pytest.mark.parametrize("words", [["--owner", "nobody"], ["--limit", "0"], ["requeue"]], ids=lambda words: words[0])
def test_a_mistyped_search_says_so(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        commands.parse(["conversations", *(words if words == ["requeue"] else ["list", *words])])
    assert end.value.code == 2
    assert len(capsys.readouterr().err) < 1000
