"""A customer keeps one conversation, whatever the platform calls them."""

import asyncio

import pytest

from conversation_service.people.names import names_of
from protos import conversation_pb2 as pb
from tests.conversation_service.effects.events import message, platform_event
from tests.conversation_service.harness import Harness, new_conversation, running_replicas, running_service, web_message
from tests.conversation_service.races.rest import at_rest

PHONE, OTHER_PHONE, BSUID = "491510001", "491510002", "DE.abc"


def sender(*names: tuple[str, str], display_name: str = "") -> pb.Sender:
    aliases = [pb.Alias(kind=kind, value=value) for kind, value in names]
    return pb.Sender(external_id=names[0][1], aliases=aliases, display_name=display_name)


def written(key: str, *names: tuple[str, str], display_name: str = "") -> pb.Event:
    event = message(names[0][1], f"text {key}", key)
    event.sender.CopyFrom(sender(*names, display_name=display_name))
    return event


def changed(key: str, old: tuple[str, str], new: tuple[str, str]) -> pb.Event:
    change = pb.AliasChange(old=pb.Alias(kind=old[0], value=old[1]), new=pb.Alias(kind=new[0], value=new[1]))
    event = platform_event(old[1], f"alias:{key}", alias_change=change)
    event.sender.CopyFrom(sender(old))
    return event


async def receive(service: Harness, event: pb.Event) -> str:
    (receipt,) = await service.receive(event)
    return receipt.conversation_id


def counts(service: Harness) -> tuple[int, int]:
    """Participants who are nobody else, and conversations that continue nowhere else."""
    people = service.query("SELECT count(*) FROM participants WHERE merged_into IS NULL")
    conversations = service.query("SELECT count(*) FROM conversations WHERE continues_in IS NULL")
    return people[0][0], conversations[0][0]


def test_a_person_is_known_by_every_name_that_came_with_them(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            first = await receive(service, written("a", ("phone", PHONE), ("bsuid", BSUID), display_name="x" * 300))
            assert await receive(service, written("b", ("bsuid", BSUID))) == first
            assert await receive(service, written("c", ("phone", PHONE))) == first
            assert counts(service) == (1, 1)
            assert service.query("SELECT length(display_name) FROM participants") == [(255,)]
            await at_rest(service)

    asyncio.run(scenario())


def test_a_new_number_beside_a_known_name_keeps_the_conversation_and_retires_the_old_one(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            first = await receive(service, written("a", ("phone", PHONE), ("bsuid", BSUID)))
            assert await receive(service, written("b", ("phone", OTHER_PHONE), ("bsuid", BSUID))) == first
            valid = "SELECT value FROM participant_aliases WHERE kind = 'phone' AND valid_until IS NULL"
            assert service.query(valid) == [(OTHER_PHONE,)]
            stranger = await receive(service, written("c", ("phone", PHONE), ("bsuid", "DE.new")))
            assert stranger != first, "a number was given to somebody else, with what its last owner said"
            assert await receive(service, written("d", ("phone", PHONE))) == stranger
            assert counts(service) == (2, 2)
            await at_rest(service)

    asyncio.run(scenario())


def test_an_alias_change_keeps_the_conversation_and_frees_the_old_name(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            first = await receive(service, written("a", ("phone", PHONE)))
            event = changed("1", ("phone", PHONE), ("phone", OTHER_PHONE))
            assert await receive(service, event) == first
            assert await receive(service, written("b", ("phone", OTHER_PHONE))) == first
            assert await receive(service, written("c", ("phone", PHONE))) != first
            await service.receive(event)
            assert await receive(service, written("d", ("phone", PHONE))) != first, "a repeated change took effect"
            outcomes = service.query("SELECT outcome FROM inbound_events WHERE kind = 'alias_change'")
            assert outcomes == [("applied",)]
            await at_rest(service)

    asyncio.run(scenario())


def test_a_change_that_comes_after_the_first_message_under_the_new_name_joins_the_two(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            older = await receive(service, written("a", ("phone", PHONE)))
            newer = await receive(service, written("b", ("phone", OTHER_PHONE)))
            assert older != newer
            await service.receive(changed("1", ("phone", PHONE), ("phone", OTHER_PHONE)))
            assert await receive(service, written("c", ("phone", OTHER_PHONE))) == older
            assert await receive(service, message(OTHER_PHONE, "nameless", "d")) == older
            led = service.query("SELECT id::text, continues_in::text FROM conversations WHERE continues_in IS NOT NULL")
            assert led == [(newer, older)]
            assert counts(service) == (1, 1)
            await at_rest(service)

    asyncio.run(scenario())


def test_two_people_who_turn_out_to_be_one_go_on_in_the_older_conversation(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            older = await receive(service, written("a", ("phone", PHONE)))
            newer = await receive(service, written("b", ("bsuid", BSUID)))
            await service.receive(platform_event(BSUID, "preference:1", preference=pb.Preference(opted_out=True)))
            assert await receive(service, written("c", ("bsuid", BSUID), ("phone", PHONE))) == older
            assert await receive(service, message(BSUID, "nameless", "d")) == older
            assert counts(service) == (1, 1)
            assert service.query("SELECT count(*) FROM participants WHERE merged_into IS NOT NULL") == [(1,)]
            assert service.query("SELECT opted_out_at IS NULL FROM conversations WHERE id = %s", older) == [(False,)]
            assert newer != older
            await at_rest(service)

    asyncio.run(scenario())


def test_a_user_name_proves_nothing(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            first = await receive(service, written("a", ("bsuid", BSUID), ("username", "anna")))
            other = await receive(service, written("b", ("bsuid", "DE.other"), ("username", "anna")))
            assert first != other

    asyncio.run(scenario())


def test_a_group_is_not_taken_for_one_of_its_members(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            alone = await receive(service, written("a", ("phone", PHONE)))
            in_group = message("group 1", "hello all", "b")
            in_group.sender.CopyFrom(sender(("phone", PHONE)))
            assert await receive(service, in_group) != alone

    asyncio.run(scenario())


def test_consent_and_an_echo_open_the_conversation_of_somebody_who_never_wrote(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            out = pb.Preference(opted_out=True)
            await service.receive(platform_event(PHONE, "preference:1", preference=out))
            assert service.query("SELECT opted_out_at IS NULL FROM conversations") == [(False,)]
            await receive(service, written("a", ("phone", PHONE)))
            await at_rest(service)
            assert service.query("SELECT reason FROM turns") == [("opted_out",)]

    asyncio.run(scenario())


def test_nobody_is_remembered_for_the_web(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            event = web_message(new_conversation(), "hello")
            event.sender.CopyFrom(sender(("email", "a@example.org")))
            await service.receive(event)
            assert counts(service) == (0, 1)

    asyncio.run(scenario())


@pytest.mark.parametrize("alias", [("", "x"), ("Phone", "x"), ("phone", ""), ("phone", "x" * 256), ("k" * 33, "x")])
def test_what_is_no_name_is_left_out(alias: tuple[str, str]) -> None:
    named = pb.Sender(external_id="1", aliases=[pb.Alias(kind=alias[0], value=alias[1])])
    assert names_of(named) == (("id", "1"),)


def test_a_person_with_countless_names_does_not_cost_countless_rows(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            await receive(service, written("a", *(("phone", str(number)) for number in range(1000))))
            assert service.query("SELECT count(*) <= 16 FROM participant_aliases") == [(True,)]

    asyncio.run(scenario())


def test_ten_new_contacts_in_one_call_are_ten_people(database_url: str) -> None:
    async def scenario() -> None:
        async with running_replicas(database_url, 1) as (service,):
            events = [written(str(n), ("phone", f"49{n // 2}"), ("bsuid", f"DE.{n // 2}")) for n in range(20)]
            receipts = await service.receive(*events)
            assert len({receipt.conversation_id for receipt in receipts}) == 10
            assert counts(service) == (10, 10)

    asyncio.run(scenario())
