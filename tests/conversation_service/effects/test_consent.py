"""STOP, START and HELP, and what a platform says about them: whether a customer wants to be written to."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from conversation_service import consent
from protos import conversation_pb2 as pb
from protos import llm_pb2
from tests.conversation_service.effects.events import edit, message, platform_event
from tests.conversation_service.harness import Harness, eventually, new_conversation, running_service, web_message
from tests.conversation_service.races.rest import at_rest
from tests.scripted_llm import ScriptedLlm, final

ENDS = "SELECT state, reason FROM turns ORDER BY turn_no"
_HELP, _START = (consent.answer_to([word]) for word in ("HELP", "START"))


async def ends(service: Harness, count: int) -> list[tuple[str, str | None]]:
    """How the turns ended, once there are so many and none is open."""
    await eventually(
        lambda: asyncio.sleep(0, service.query(ENDS)),
        lambda rows: len(rows) == count and all(state in ("done", "silent") for state, _reason in rows),
    )
    return service.query(ENDS)


@pytest.mark.parametrize("text", ["STOP", "stop", " Stop! ", "stop all.", "„Abmelden“", "ARRET", "arrêt", "стоп"])
def test_a_word_is_understood_in_any_case_and_with_any_punctuation(text: str) -> None:
    assert consent.word_of(text) == consent.STOP


@pytest.mark.parametrize("text", ["CANCEL", "END", " QUIT\n"])
def test_a_word_that_may_answer_a_question_means_stop_in_capital_letters(text: str) -> None:
    assert consent.word_of(text) == consent.STOP
    assert consent.word_of(text.capitalize()) is None
    assert consent.word_of(text.casefold()) is None
    assert consent.word_of(f"{text.strip()} IT") is None


@pytest.mark.parametrize(
    "text", ["please stop", "stop it", "the end of the line", "", "?", "yes", "s t o p", "stop" * 50]
)
def test_a_word_within_other_words_means_nothing(text: str) -> None:
    assert consent.word_of(text) is None


def test_stop_ends_the_turn_and_cancels_what_is_queued_until_start(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=0) as service:
            (first,) = await service.receive(message("t", "hello", "a"))
            await service.replies(first.conversation_id, channel="whatsapp")
            await service.receive(message("t", "Stop.", "b"))
            assert service.query("SELECT state, reason FROM deliveries") == [("cancelled", "opted_out")]
            await service.receive(message("t", "are you there?", "c"))
            assert await ends(service, 3) == [("done", None), ("silent", "opted_out"), ("silent", "opted_out")]
            await service.receive(message("t", "START", "d"))
            replies = await service.replies(first.conversation_id, 2, channel="whatsapp")
            assert (replies[-1].text, replies[-1].meta.provider) == (_START, "fixed")
            await service.receive(message("t", "hello again", "e"))
            replies = await service.replies(first.conversation_id, 3, channel="whatsapp")
            assert replies[-1].text == "You asked: hello again"
            assert len(service.llm.prompts) == 2
            await at_rest(service)

    asyncio.run(scenario())


def test_stop_ends_a_turn_that_still_gathers_and_the_next_message_opens_another(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=30) as service:
            await service.receive(message("t", "hello", "a"), message("t", "STOP", "b"))
            (after,) = await service.receive(message("t", "START", "c"))
            assert after.turn_no == 2
            assert service.query(ENDS) == [("silent", "opted_out"), ("pending", None)]

    asyncio.run(scenario())


def test_a_reply_that_is_being_written_when_stop_comes_is_not_sent(database_url: str) -> None:
    async def scenario() -> None:
        go_on = asyncio.Event()

        async def wait(_start: llm_pb2.Start, _rpc: Any) -> AsyncIterator[llm_pb2.GenerateReplyResponse]:
            await go_on.wait()
            yield final("an answer")

        async with running_service(database_url, ScriptedLlm(wait), gather_seconds=0) as service:
            await service.receive(message("t", "hello", "a"))
            await eventually(lambda: asyncio.sleep(0, service.llm.in_flight), bool)
            await service.receive(message("t", "STOP", "b"))
            go_on.set()
            assert await ends(service, 2) == [("silent", "opted_out")] * 2
            assert service.query("SELECT count(*) FROM deliveries") == [(0,)]

    asyncio.run(scenario())


def test_help_is_answered_without_a_model(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=0) as service:
            (receipt,) = await service.receive(message("t", "info", "a"))
            (reply,) = await service.replies(receipt.conversation_id, channel="whatsapp")
            assert reply.text == _HELP
            assert service.llm.prompts == []

    asyncio.run(scenario())


def test_start_as_the_first_word_of_all_is_answered_by_the_model(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=0) as service:
            (receipt,) = await service.receive(message("t", "/start", "a"))
            (reply,) = await service.replies(receipt.conversation_id, channel="whatsapp")
            assert reply.meta.provider != "fixed"

    asyncio.run(scenario())


def test_a_word_with_more_than_a_text_is_answered_by_the_model(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=0) as service:
            (receipt,) = await service.receive(message("t", "hello", "a"))
            await service.replies(receipt.conversation_id, channel="whatsapp")
            linked = message("t", "/start", "b")
            linked.message.referral.CopyFrom(pb.Referral(source="link", ref="summer"))
            await service.receive(linked)
            replies = await service.replies(receipt.conversation_id, 2, channel="whatsapp")
            assert (replies[-1].text, len(service.llm.prompts)) == ("You asked: /start", 2)

    asyncio.run(scenario())


def test_a_question_beside_help_is_answered_by_the_model(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=0.2) as service:
            question = message("t", "where is my order?", "a", at=1)
            (receipt, _) = await service.receive(question, message("t", "help", "b", at=2))
            (reply,) = await service.replies(receipt.conversation_id, channel="whatsapp")
            assert reply.text == "You asked: help"

    asyncio.run(scenario())


def test_on_the_web_the_words_mean_nothing_special(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            conversation = new_conversation()
            await service.receive(web_message(conversation, "STOP"))
            (reply,) = await service.replies(conversation)
            assert reply.text == "You asked: STOP"

    asyncio.run(scenario())


@pytest.mark.parametrize(("category", "counts"), [("", True), ("all", True), ("marketing", False)])
def test_what_the_platform_says_about_consent_counts_where_it_is_about_all(
    database_url: str, category: str, counts: bool
) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=0) as service:
            (first,) = await service.receive(message("t", "hello", "a"))
            await service.replies(first.conversation_id, channel="whatsapp")
            out = pb.Preference(opted_out=True, category=category)
            await service.receive(platform_event("t", "preference:1", preference=out))
            opted_out = "SELECT opted_out_at IS NOT NULL FROM conversations"
            assert service.query(opted_out) == [(counts,)]
            back = pb.Preference(opted_out=False, category=category)
            await service.receive(platform_event("t", "preference:2", preference=back))
            assert service.query(opted_out) == [(False,)]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "text", ["ST\u200bOP", "\u200fSTOP\u200f", "STOP" + "\n" * 100, "Opt-out.", "OPTOUT", "REVOKE\u200b"]
)
def test_what_nobody_sees_changes_no_word(text: str) -> None:
    assert consent.word_of(text) == consent.STOP


def test_stop_and_help_count_as_an_answer_to_a_quoted_message_too(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=0) as service:
            words = [message("t", "HELP", "a"), message("t", "STOP", "b")]
            for word in words:
                word.message.reply_to_key = "message:quoted"
                await service.receive(word)
                await at_rest(service)
            assert service.query(ENDS) == [("done", None), ("silent", "opted_out")]
            assert service.llm.prompts == []

    asyncio.run(scenario())


def test_a_start_from_before_a_stop_that_comes_after_it_does_not_take_it_back(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=0) as service:
            opted_out = "SELECT opted_out_at IS NOT NULL FROM conversations"
            for text, at, counts in (("STOP", 20, True), ("START", 10, True), ("START", 20, False)):
                await service.receive(message("t", text, f"{text} {at}", at))
                assert service.query(opted_out) == [(counts,)]
            await service.receive(platform_event("t", "p:1", 40, preference=pb.Preference(opted_out=True)))
            await service.receive(platform_event("t", "p:2", 30, preference=pb.Preference(opted_out=False)))
            assert service.query(opted_out) == [(True,)]
            await at_rest(service)

    asyncio.run(scenario())


def test_a_message_that_is_changed_to_stop_says_stop_and_one_that_was_changed_since_does_not(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=30) as service:
            opted_out = "SELECT opted_out_at IS NOT NULL FROM conversations"
            await service.receive(message("t", "Stpo", "a", at=1), edit("t", "a", "Stop it now", at=3))
            await service.receive(edit("t", "a", "STOP", at=2))
            assert service.query(opted_out) == [(False,)], "the platform's older edit came later"
            await service.receive(edit("t", "a", "STOP", at=4))
            assert service.query(opted_out) == [(True,)]
            assert service.query(ENDS) == [("silent", "opted_out")]

    asyncio.run(scenario())


def test_a_stop_that_is_known_by_its_edit_alone_counts(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=30) as service:
            await service.receive(edit("t", "a", "STOP"))
            assert service.query(ENDS) == [("silent", "opted_out")]

    asyncio.run(scenario())
