"""What the business's side wrote: ours is never taken for a person's word, and a person's never for ours."""

import asyncio

import pytest

from protos import conversation_pb2 as pb
from tests.conversation_service.harness import Harness, eventually
from tests.conversation_service.outbox.senders import accept, claim, echo, lose, outbox, queue, split, states, status


def owner(service: Harness) -> str:
    ((name,),) = service.query("SELECT owner FROM conversations")
    return str(name)


def said_by_people(service: Harness) -> list[str]:
    return [text for (text,) in service.query("SELECT text FROM messages WHERE author = 'human' ORDER BY seq")]


def held(service: Harness) -> int:
    ((count,),) = service.query("SELECT count(*) FROM held_echoes")
    return int(count)


@pytest.mark.parametrize("origin", ["", "ours", "other"])
def test_an_echo_with_our_own_id_settles_the_delivery(database_url: str, origin: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service)
            (delivery,) = await claim(service)
            await lose(service, delivery)
            await service.receive(echo("whatever it became", "m_1", origin, delivery))
            assert states(service, "state", "provider_id") == [("sent", "m_1")]
            assert owner(service) == "assistant"

    asyncio.run(scenario())


@pytest.mark.parametrize("origin", ["", "ours"])
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("**Hello** you, see [here](https://x.example)", "Hello you,\nsee here (https://x.example)"),
        ("Write to [help@x.example](mailto:help@x.example), please.", "Write to help@x.example, please."),
        ("See [https://x.example](https://x.example) for all of it", "See https://x.example for all of it"),
        ("The shoe of your order: ![a shoe](https://x.example/s.png)", "The shoe of your order: a shoe"),
    ],
)
def test_an_echo_that_is_faster_than_the_answer_is_known_by_its_text(
    database_url: str, origin: str, text: str, shown: str
) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service, "34600", text)
            (delivery,) = await claim(service)
            await service.receive(echo(shown, "m_1", origin))
            assert states(service, "state", "provider_id") == [("sent", "m_1")]
            assert (await accept(service, delivery, "m_1")).applied
            assert (owner(service), held(service)) == ("assistant", 0)

    asyncio.run(scenario())


@pytest.mark.parametrize("origin", ["", "other"])
def test_a_person_who_writes_while_we_send_is_heard_once_our_send_is_settled(database_url: str, origin: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service, "34600", "one", "two")
            (delivery,) = await claim(service)
            await service.receive(echo("I am a person", "m_9", origin))
            assert (owner(service), held(service)) == ("assistant", 1)
            await lose(service, delivery)
            assert (owner(service), held(service)) == ("assistant", 1)
            await accept(service, delivery, "m_1")
            assert (owner(service), held(service), said_by_people(service)) == ("human", 0, ["I am a person"])
            assert states(service) == [("sent",), ("cancelled",)]
            assert await claim(service) == []

    asyncio.run(scenario())


def test_an_echo_of_another_origin_that_our_answer_names_is_ours(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service, "34600", "as we wrote it")
            (delivery,) = await claim(service)
            await service.receive(echo("as the platform shows it, quite otherwise", "m_1", "other"))
            assert held(service) == 1
            await accept(service, delivery, "m_1")
            assert (owner(service), held(service), said_by_people(service)) == ("assistant", 0, [])

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "said", ["Yes, we do", "you can return it", "Your parcel has left, you can track it on our page"]
)
def test_a_person_who_says_part_of_it_or_nearly_the_same_is_a_person(database_url: str, said: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service, "34600", "Yes, we do: you can return it within 30 days, and track your parcel on our page.")
            (delivery,) = await claim(service)
            await accept(service, delivery, "m_1")
            await service.receive(echo(said, "m_2"))
            assert (owner(service), said_by_people(service)) == ("human", [said])

    asyncio.run(scenario())


def test_our_own_application_never_takes_over(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service)
            await service.receive(echo("nobody knows this text", "m_7", "ours"))
            (delivery,) = await claim(service)
            await service.receive(echo("nor this one", "m_8", "ours"))
            await accept(service, delivery, "m_1")
            assert (owner(service), held(service), said_by_people(service)) == ("assistant", 0, [])

    asyncio.run(scenario())


@pytest.mark.parametrize("origin", ["", "other"])
def test_without_anything_under_way_an_unknown_text_is_a_persons(database_url: str, origin: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service)
            (delivery,) = await claim(service)
            await accept(service, delivery, "m_1")
            await service.receive(echo("hello", "m_1", origin))
            await service.receive(echo("hello", "m_1b", origin))
            assert owner(service) == "assistant", "the same text so soon is ours under another id"
            await service.receive(echo("let me look into it", "m_2", origin))
            assert (owner(service), said_by_people(service)) == ("human", ["let me look into it"])

    asyncio.run(scenario())


def test_the_echo_of_a_second_copy_is_ours_also_where_the_first_one_failed(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service)
            (delivery,) = await claim(service)
            await service.receive(status("failed", "m_1", delivery, "recipient"), echo("hello", "m_2", "other"))
            assert (states(service), owner(service)) == ([("dead",)], "assistant")

    asyncio.run(scenario())


def test_the_same_text_much_later_is_a_persons(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service)
            (delivery,) = await claim(service)
            await accept(service, delivery, "m_1")
            service.query("UPDATE deliveries SET settled_at = now() - interval '3 min'")
            await service.receive(echo("hello", "m_2"))
            assert owner(service) == "human"

    asyncio.run(scenario())


def test_echoes_of_several_parts_each_prove_their_own(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service, "34600", "a b")
            (delivery,) = await claim(service)
            await split(service, delivery, "a", "b")
            await service.receive(echo("a", "m_1"))
            (part,) = await claim(service)
            await service.receive(echo("b", "m_2", "ours"), echo("a", "m_1"))
            assert states(service, "state", "provider_id") == [("sent", "m_1"), ("sent", "m_2")]
            assert (part.text, owner(service)) == ("b", "assistant")

    asyncio.run(scenario())


def test_an_echo_is_judged_after_ten_minutes_whatever_is_under_way(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service)
            (delivery,) = await claim(service)
            await lose(service, delivery)
            await service.receive(echo("a person's", "m_5", "other"))
            service.query("UPDATE held_echoes SET received_at = now() - interval '601 s'")
            await eventually(lambda: asyncio.sleep(0.05, owner(service)), "human".__eq__)
            assert (held(service), said_by_people(service)) == (0, ["a person's"])
            assert states(service) == [("unknown",)]

    asyncio.run(scenario())


def test_a_person_who_begins_a_conversation_has_it_and_one_without_a_customer_is_kept(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            nobody = echo("to nobody", "m_0", "other")
            nobody.thread_key = ""
            receipts = await service.receive(nobody, echo("hello there", "m_1", "other"))
            assert {receipt.outcome for receipt in receipts} == {pb.Receipt.OUTCOME_RECORDED}
            assert (owner(service), said_by_people(service)) == ("human", ["hello there"])

    asyncio.run(scenario())


def test_a_person_who_sends_a_picture_takes_over_as_well(database_url: str) -> None:
    async def scenario() -> None:
        async with outbox(database_url) as service:
            queue(service)
            (delivery,) = await claim(service)
            picture = echo("", "m_6", "other")
            picture.echo.content.attachments.add(kind="image", media_id="7")
            silent = echo("", "m_8", "other")
            await service.receive(picture, silent)
            assert held(service) == 2
            await accept(service, delivery, "m_1")
            assert (owner(service), said_by_people(service)) == ("human", ["", ""])
            assert service.query("SELECT content FROM messages WHERE author = 'human' ORDER BY seq") == [
                ({"attachments": [{"kind": "image", "media_id": "7"}]},),
                (None,),
            ]

    asyncio.run(scenario())
