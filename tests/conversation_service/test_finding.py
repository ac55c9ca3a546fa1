"""Finding the conversation that a person wants to step into, with nothing running beside the command."""

import json

import pytest

from conversation_service import commands
from tests.conversation_service.desk import Desk, WithDesk, with_desk
from tests.conversation_service.harness import new_conversation, platform_message, web_message

__all__ = ["with_desk"]  # the fixture

WROTE = "UPDATE conversations SET last_customer_at = '2026-03-01'::timestamptz + %s * interval '1 hour' WHERE id = %s"


async def wrote(desk: Desk, hours: float, thread: str = "", text: str = "where is my parcel") -> str:
    """A conversation whose customer wrote last that long after the first of March; its id."""
    (receipt,) = await desk.record(platform_message(thread, text) if thread else web_message(new_conversation(), text))
    desk.query(WROTE, hours, receipt.conversation_id)
    return receipt.conversation_id


async def listed(desk: Desk, *words: str) -> list[str]:
    return await desk.run("conversations", "list", *words)


async def ids(desk: Desk, *words: str) -> list[str]:
    return [found["id"] for found in await desk.listed("conversations", "list", *words)]


def test_whose_customer_wrote_last_comes_first_and_one_without_any_by_its_beginning(with_desk: WithDesk) -> None:
    async def scenario(desk: Desk) -> None:
        made = {hours: await wrote(desk, hours) for hours in (1, 50, 2, 49.5, 0)}
        silent = await wrote(desk, 0, "34600")
        desk.query("UPDATE conversations SET last_customer_at = NULL, created_at = '2026-03-02' WHERE id = %s", silent)
        assert await ids(desk) == [made[50], made[49.5], silent, made[2], made[1], made[0]]

    with_desk(scenario)


def test_a_list_is_bounded_and_goes_on_over_many_pages(
    with_desk: WithDesk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(desk: Desk) -> None:
        made = [await wrote(desk, hours // 2) for hours in range(9)]
        desk.query("UPDATE conversations SET last_customer_at = NULL WHERE id = ANY (%s::uuid[])", made[:3])
        monkeypatch.setattr(commands, "_AT_ONCE", 2)
        everything = await ids(desk)
        assert sorted(everything) == sorted(made)
        assert capsys.readouterr().err == ""
        assert await ids(desk, "--limit", "7") == everything[:7]
        assert "there are more" in capsys.readouterr().err

    with_desk(scenario)


def test_a_channel_and_an_owner_are_picked_out(with_desk: WithDesk, capsys: pytest.CaptureFixture[str]) -> None:
    async def scenario(desk: Desk) -> None:
        web, platform = await wrote(desk, 1), await wrote(desk, 2, "34600")
        desk.query("UPDATE conversations SET owner = 'human', human_at = now() WHERE id = %s", web)
        assert await ids(desk, "--channel", "whatsapp") == [platform]
        assert await ids(desk, "--owner", "human") == [web]
        assert await ids(desk, "--owner", "assistant", "--channel", "whatsapp") == [platform]
        assert await ids(desk, "--owner", "human", "--channel", "whatsapp") == []
        assert capsys.readouterr().err == "there is no such conversation\n"

    with_desk(scenario)


def test_a_conversation_that_goes_on_under_another_id_is_left_out(with_desk: WithDesk) -> None:
    async def scenario(desk: Desk) -> None:
        old, new = await wrote(desk, 2), await wrote(desk, 1)
        desk.query("UPDATE conversations SET continues_in = %s WHERE id = %s", new, old)
        assert await ids(desk) == [new]

    with_desk(scenario)


def test_a_row_holds_the_id_in_full_and_no_word_unless_it_is_asked_for(with_desk: WithDesk) -> None:
    async def scenario(desk: Desk) -> None:
        thread = "34600" * 20
        conversation = await wrote(desk, 1, thread, "where\x1b[2J is my parcel")
        heading, row = await listed(desk)
        assert heading.split() == ["ID", "WROTE", "CHANNEL", "ACCOUNT", "OWNER", "STATUS", "THREAD", "NAME"]
        cells = row.split()[:7]
        assert cells == [conversation, "2026-03-01T01:00:00Z", "whatsapp", "default", "assistant", "open", cells[6]]
        assert thread.startswith(cells[6].removesuffix("…"))
        assert len(cells[6]) == 24
        assert "parcel" not in "".join(await listed(desk, "--json"))
        assert (await listed(desk, "--show"))[2] == "    customer: where\\x1b[2J is my parcel"
        (found,) = [json.loads(line) for line in await listed(desk, "--show", "--json")]
        assert (found["thread"], found["body"]) == (thread, "customer: where\x1b[2J is my parcel")

    with_desk(scenario)


def test_what_was_deleted_is_not_shown_as_the_last_words(with_desk: WithDesk) -> None:
    async def scenario(desk: Desk) -> None:
        await wrote(desk, 1, "34600", "hello")
        await wrote(desk, 2, "34600", "my card is 4711")
        desk.query("UPDATE messages SET deleted_at = now() WHERE text LIKE 'my card%'")
        assert (await listed(desk, "--show"))[2] == "    customer: hello"

    with_desk(scenario)


@pytest.mark.parametrize("words", [["--owner", "nobody"], ["--limit", "0"], ["requeue"]], ids=lambda words: words[0])
def test_a_mistyped_search_says_so(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        commands.parse(["conversations", *(words if words == ["requeue"] else ["list", *words])])
    assert end.value.code == 2
    assert len(capsys.readouterr().err) < 1000
