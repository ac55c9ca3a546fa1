"""The commands of the person who runs it: what was set aside is shown with care, and takes effect exactly once."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conversation_service import commands
from conversation_service.commands import CommandError
from conversation_service.dead_letters import ParkedDeliveries, PoisonEvents, key_of_its_own
from protos import conversation_pb2 as pb
from tests.conversation_service.desk import Desk, WithDesk, with_desk
from tests.conversation_service.harness import new_conversation, platform_message, web_message
from tests.ports import free_port

__all__ = ["with_desk"]  # the fixture

ROOT = Path(__file__).parents[2]


async def poison(desk: Desk, text: str = "where is my parcel") -> pb.Event:
    """An event that was refused for a reason that has been mended since: nobody has the conversation any more."""
    taken, event = new_conversation(), web_message(new_conversation(), text)
    await desk.record(web_message(taken, "mine"))
    event.conversation_id = taken
    (receipt,) = await desk.record(event)
    assert receipt.outcome == pb.Receipt.OUTCOME_POISON
    desk.query("DELETE FROM messages; DELETE FROM turns; DELETE FROM conversations")
    return event


async def broken(desk: Desk, key: str = "broken", **fields: Any) -> pb.Event:
    event = pb.Event(channel="web", account="default", event_key=key, **fields)
    await desk.record(event)
    return event


async def conflict(desk: Desk, first: str = "hello", second: str = "my address is 12 Elm Street") -> str:
    conversation = new_conversation()
    await desk.record(web_message(conversation, first, key="k"))
    (receipt,) = await desk.record(web_message(conversation, second, key="k"))
    assert receipt.outcome == pb.Receipt.OUTCOME_CONFLICT
    return conversation


async def parked(desk: Desk, text: str = "Your parcel is at 12 Elm Street") -> tuple[str, str]:
    """A conversation and its delivery that nobody knows the fate of."""
    (receipt,) = await desk.record(platform_message("34600", "hello"))
    ((delivery,),) = desk.query(
        """WITH replied AS (
            INSERT INTO messages (id, conversation_id, seq, rev, author, text, turn_no)
            VALUES (gen_random_uuid(), %s, 100, 100, 'assistant', %s, 1) RETURNING id, conversation_id, text)
        INSERT INTO deliveries (channel, account, conversation_id, out_seq, message_id, part, text,
            state, reason, fence, settled_at)
        SELECT 'test', 'default', conversation_id, 1, id, 0, text,
            'parked', 'no_proof', 2, now() FROM replied RETURNING id""",
        receipt.conversation_id,
        text,
    )
    return receipt.conversation_id, str(delivery)


def test_a_poison_event_takes_effect_once_its_cause_is_mended(with_desk: WithDesk) -> None:
    async def scenario(desk: Desk) -> None:
        event = await poison(desk)
        (found,) = await desk.listed("poison", "list")
        assert (found["channel"], found["key"]) == ("web", event.event_key)
        assert await desk.run("poison", "requeue", str(found["id"])) == [f"{found['id']}: recorded"]
        assert desk.query("SELECT text FROM messages") == [("where is my parcel",)]
        assert desk.query("SELECT count(*) FROM poison_events") == [(0,)]
        assert (await desk.record(event))[0].outcome == pb.Receipt.OUTCOME_DUPLICATE

    with_desk(scenario)


def test_a_requeue_that_dies_before_it_forgets_the_poison_is_harmless_to_repeat(
    with_desk: WithDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(desk: Desk) -> None:
        await poison(desk)

        async def die(*_arguments: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(PoisonEvents, "_drop", die)
            with pytest.raises(KeyboardInterrupt):
                await desk.run("poison", "requeue", "--all")
        assert desk.query("SELECT count(*) FROM messages") == [(1,)]
        (line,) = await desk.run("poison", "requeue", "--all")
        assert line.endswith(": was recorded already")
        assert desk.query("SELECT count(*) FROM messages") == [(1,)]
        assert desk.query("SELECT count(*) FROM poison_events") == [(0,)]

    with_desk(scenario)


def test_what_is_still_poison_is_kept_and_says_why(with_desk: WithDesk) -> None:
    async def scenario(desk: Desk) -> None:
        await broken(desk)
        await poison(desk)
        lines = await desk.run("poison", "requeue", "--all", status=1)
        assert [line.partition(": ")[2] for line in lines] == ["still poison: no content", "recorded"]
        assert desk.query("SELECT event_key FROM poison_events") == [("broken",)]

    with_desk(scenario)


def test_poison_whose_key_was_taken_in_the_meantime_becomes_a_conflict(with_desk: WithDesk) -> None:
    async def scenario(desk: Desk) -> None:
        event = await poison(desk)
        other = pb.Event()
        other.CopyFrom(event)
        other.message.text, other.conversation_id = "another text", event.thread_key
        assert (await desk.record(other))[0].outcome == pb.Receipt.OUTCOME_RECORDED
        (line,) = await desk.run("poison", "requeue", "--all")
        assert "among the conflicts" in line
        assert [len(await desk.listed(kind, "list")) for kind in ("poison", "conflicts")] == [0, 1]

    with_desk(scenario)


def test_a_conflict_becomes_a_message_of_its_own_and_only_once(with_desk: WithDesk) -> None:
    async def scenario(desk: Desk) -> None:
        conversation = await conflict(desk)
        again = web_message(conversation, "my address is 12 Elm Street", key="k")
        (line,) = await desk.run("conflicts", "requeue", "--all")
        assert ": recorded under the key " in line
        await desk.record(again)  # the platform repeats itself, and the conflict is there once more
        (line,) = await desk.run("conflicts", "requeue", "--all")
        assert ": was recorded already under the key " in line
        texts = desk.query("SELECT text FROM messages ORDER BY seq")
        assert texts == [("hello",), ("my address is 12 Elm Street",)]
        assert desk.query("SELECT count(*) FROM event_conflicts") == [(0,)]

    with_desk(scenario)


def test_a_conflict_of_an_earlier_release_says_that_it_cannot_be_requeued_until_it_comes_again(
    with_desk: WithDesk,
) -> None:
    async def scenario(desk: Desk) -> None:
        conversation = await conflict(desk)
        desk.query("UPDATE event_conflicts SET event = NULL, raw = 'the old bytes'")
        (line,) = await desk.run("conflicts", "requeue", "--all", status=1)
        assert "cannot be requeued" in line
        (found,) = await desk.listed("conflicts", "list", "--show")
        assert (found["requeue"], found["body"]) == ("no", "the old bytes")
        await desk.record(web_message(conversation, "my address is 12 Elm Street", key="k"))
        assert "recorded under" in (await desk.run("conflicts", "requeue", "--all"))[0]

    with_desk(scenario)


def test_the_longest_keys_still_get_a_key_of_their_own() -> None:
    keys = ["k" * 512, "\U0001f600" * 400, "k" * 511 + "l", "k"]
    made = {key_of_its_own(key, meaning) for key in keys for meaning in (b"one", b"two")}
    assert len(made) == 8
    assert all(len(key) <= 512 and len(key.encode()) < 900 for key in made)
    assert key_of_its_own("k", b"one") == key_of_its_own("k", b"one")


def test_a_parked_delivery_is_due_again_and_holds_its_place(with_desk: WithDesk) -> None:
    async def scenario(desk: Desk) -> None:
        conversation, delivery = await parked(desk)
        (found,) = await desk.listed("parked", "list")
        assert (found["id"], found["conversation"], found["reason"]) == (delivery, conversation, "no_proof")
        assert await desk.run("parked", "requeue", delivery) == [f"{delivery}: queued, due now"]
        state = desk.query("SELECT state, reason, fence, settled_at, run_at <= now() FROM deliveries")
        assert state == [("queued", "resend", 2, None, True)]
        assert await desk.run("parked", "requeue", "--all") == []

    with_desk(scenario)


def test_a_delivery_that_somebody_else_has_requeued_in_the_meantime_is_left_alone(with_desk: WithDesk) -> None:
    async def scenario(desk: Desk) -> None:
        await parked(desk)
        letters = ParkedDeliveries(desk.database)
        (letter,) = await letters.read(letters.start, 1)
        desk.query("UPDATE deliveries SET state = 'sending', lease_until = now()")
        assert await letters.requeue(letter) == (False, "is not parked any more")
        assert desk.query("SELECT state FROM deliveries") == [("sending",)]

    with_desk(scenario)


@pytest.mark.parametrize("kind", ["poison", "conflicts", "parked"])
def test_nothing_that_the_customer_wrote_is_listed_unless_it_is_asked_for(with_desk: WithDesk, kind: str) -> None:
    async def scenario(desk: Desk) -> None:
        await {"poison": poison, "conflicts": conflict, "parked": parked}[kind](desk)
        words = ("parcel", "Elm Street")
        for form in ([], ["--json"]):
            hidden = "\n".join(await desk.run(kind, "list", *form))
            shown = "\n".join(await desk.run(kind, "list", "--show", *form))
            assert not any(word in hidden for word in words)
            assert any(word in shown for word in words)

    with_desk(scenario)


def test_a_list_is_oldest_first_bounded_and_goes_on_over_many_pages(
    with_desk: WithDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.record(*(pb.Event(channel="web", account="a", event_key=f"key-{n:03}") for n in range(120)))
        desk.query("UPDATE poison_events SET id = DEFAULT WHERE event_key = 'key-000'")
        keys = [found["key"] for found in await desk.listed("poison", "list", "--limit", "110")]
        ordered = [key for (key,) in desk.query("SELECT event_key FROM poison_events ORDER BY id")]
        assert keys == ordered[:110]
        assert "there are more" in capsys.readouterr().err
        assert len(await desk.run("poison", "requeue", "--all", "--limit", "70", status=1)) == 70

    with_desk(scenario)


def test_a_table_shows_no_control_characters_of_a_stranger(with_desk: WithDesk) -> None:
    async def scenario(desk: Desk) -> None:
        await broken(desk, "\x1b[2Jgone\u202eback\n", thread_key="\x1b[31mred", reaction=None)
        for form in ([], ["--show"]):
            text = "\n".join(await desk.run("poison", "list", *form))
            assert "\x1b" not in text
            assert "\u202e" not in text
        assert "\\x1b[2Jgone\\u202eback\\n" in text

    with_desk(scenario)


def test_with_an_unknown_id_nothing_is_done(with_desk: WithDesk) -> None:
    async def scenario(desk: Desk) -> None:
        await poison(desk)
        (found,) = await desk.listed("poison", "list")
        with pytest.raises(CommandError, match=r"no poison event 4711, 4712: nothing was done"):
            await desk.run("poison", "requeue", "4711", str(found["id"]), "4712")
        with pytest.raises(CommandError, match="no parked delivery 00000000-0000-0000-0000-000000000001"):
            await desk.run("parked", "requeue", "00000000-0000-0000-0000-000000000001")
        assert desk.query("SELECT count(*) FROM poison_events") == [(1,)]

    with_desk(scenario)


@pytest.mark.parametrize(
    "words",
    [
        ["poison"],
        ["poison", "requeue"],
        ["poison", "requeue", "0"],
        ["poison", "requeue", "9" * 5000],
        ["conflicts", "requeue", "1; DROP TABLE turns"],
        ["parked", "requeue", "12"],
        ["parked", "requeue", "--all", "00000000-0000-0000-0000-000000000001"],
        ["poison", "list", "--limit", "0"],
        ["poison", "list", "--limit", "1000000"],
        ["elsewhere", "list"],
    ],
    ids=lambda words: " ".join(words)[:40],
)
def test_a_mistyped_command_says_so(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        commands.parse(words)
    assert end.value.code == 2
    assert len(capsys.readouterr().err) < 1000


def test_without_arguments_the_service_is_started() -> None:
    assert commands.parse([]).kind is None


def started(url: str, *words: str) -> subprocess.CompletedProcess[str]:
    """The real thing, with the settings that a command needs and none of the server's."""
    return subprocess.run(
        [sys.executable, "-m", "conversation_service", *words],
        check=False,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DATABASE_URL": url, "DURABILITY_ELSEWHERE": "yes"},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_process_needs_nothing_but_the_database(database_url: str) -> None:
    asyncio.run(Desk(database_url).record(pb.Event(channel="web", account="default", event_key="broken")))
    listed = started(database_url, "poison", "list")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert [line.split()[0] for line in listed.stdout.splitlines()] == ["ID", "1"]
    nothing = started(database_url, "conflicts", "requeue", "--all")
    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert nothing.stderr == "there is no conflict: nothing to do\n"


def test_a_database_out_of_reach_is_one_line() -> None:
    ended = started(f"postgresql://spur:a-secret@127.0.0.1:{free_port()}/spur", "poison", "list")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("The database is not available, see DATABASE_URL: cannot connect (connection to")
    assert len(ended.stderr.splitlines()) == 1
    assert "a-secret" not in ended.stderr


def test_a_schema_of_another_release_is_one_line_too(empty_database_url: str) -> None:
    ended = started(empty_database_url, "parked", "list")
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "python -m migrations up" in ended.stderr


def test_help_names_every_command() -> None:
    ended = started("", "--help")
    assert ended.returncode == 0
    assert {"poison", "conflicts", "parked"} <= set(ended.stdout.split())
