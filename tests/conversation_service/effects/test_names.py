"""Names of a person that come again, or in one call with their change."""

import asyncio

from tests.conversation_service.effects.test_people import (
    BSUID,
    OTHER_PHONE,
    PHONE,
    changed,
    counts,
    receive,
    sender,
    written,
)
from tests.conversation_service.harness import running_service

PHONES = "SELECT value FROM participant_aliases WHERE kind = 'phone' AND valid_until IS NULL"


def test_a_message_that_comes_again_does_not_bring_an_old_number_back(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            first = written("a", ("phone", PHONE), ("bsuid", BSUID))
            await receive(service, first)
            await receive(service, written("b", ("phone", OTHER_PHONE), ("bsuid", BSUID)))
            await receive(service, first)
            assert service.query(PHONES) == [(OTHER_PHONE,)]

    asyncio.run(scenario())


def test_a_message_that_comes_again_after_a_change_of_number_makes_nobody_known(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            first = written("a", ("phone", PHONE))
            conversation = await receive(service, first)
            await service.receive(changed("1", ("phone", PHONE), ("phone", OTHER_PHONE)))
            assert await receive(service, first) == conversation
            assert counts(service) == (1, 1)

    asyncio.run(scenario())


def test_what_was_written_before_a_change_of_number_counts_so_in_one_call_too(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            first = await receive(service, written("a", ("phone", PHONE)))
            change = changed("1", ("phone", PHONE), ("phone", OTHER_PHONE))
            before, after = written("b", ("phone", PHONE)), written("c", ("phone", OTHER_PHONE))
            receipts = await service.receive(before, change, after)
            assert {receipt.conversation_id for receipt in receipts} == {first}
            assert counts(service) == (1, 1)

    asyncio.run(scenario())


def test_a_message_under_the_new_number_goes_where_the_change_behind_it_leads(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            first = await receive(service, written("a", ("phone", PHONE)))
            change = changed("1", ("phone", PHONE), ("phone", OTHER_PHONE))
            receipts = await service.receive(written("b", ("phone", OTHER_PHONE)), change)
            assert {receipt.conversation_id for receipt in receipts} == {first}

    asyncio.run(scenario())


def test_a_change_of_a_number_that_nobody_knew_is_of_whom_its_other_name_tells(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            first = await receive(service, written("a", ("bsuid", BSUID)))
            change = changed("1", ("phone", PHONE), ("phone", OTHER_PHONE))
            change.thread_key = BSUID
            change.sender.CopyFrom(sender(("bsuid", BSUID), ("phone", PHONE)))
            assert await receive(service, change) == first
            assert counts(service) == (1, 1)
            assert await receive(service, written("b", ("phone", OTHER_PHONE))) == first
            assert service.query(PHONES) == [(OTHER_PHONE,)]

    asyncio.run(scenario())
