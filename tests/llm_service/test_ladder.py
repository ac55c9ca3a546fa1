"""The ladder: what is tried, in which order, within which time, and what is told of it."""

import asyncio
import time
from contextlib import aclosing

import pytest
from prometheus_client import REGISTRY

from llm_service.app import Assembly
from llm_service.events import Delta, Final, Reset
from llm_service.providers.offline import Offline, Quote
from llm_service.writing import SECONDS_BETWEEN_CHUNKS
from tests.llm_service.harness import IN_SHORT, QUESTION, SAFE_TEXT, SECONDS, deltas, final, reply, settings, turn
from tests.scripted_openai import HELLO, Exchange, ScriptedOpenAI


def test_a_second_model_answers_where_the_first_one_fails(server: ScriptedOpenAI) -> None:
    server.then("cut", "normal")
    events = reply(server, openai_fallback_model="second")
    last = final(events)
    assert [request["model"] for request in server.requests] == ["gpt-4o-mini", "second"]
    assert (last.text, last.model, last.used_fallback) == (HELLO, "second", True)
    assert last.error_code == "connection_error"
    assert isinstance(events[1], Reset)


def test_a_first_model_that_stalls_leaves_the_second_one_half_of_the_time(server: ScriptedOpenAI) -> None:
    server.then("stall", "normal")
    last = final(reply(server, openai_fallback_model="second", llm_timeout_ms=2000))
    assert 1000 <= last.latency_ms < 2000
    assert [(call.model, call.error_code) for call in last.calls] == [("gpt-4o-mini", "timeout"), ("second", "")]


def test_two_models_that_stall_share_one_deadline(server: ScriptedOpenAI) -> None:
    server.then("stall", "stall")
    last = final(reply(server, openai_fallback_model="second", **IN_SHORT))
    assert last.latency_ms < (SECONDS + 1) * 1000
    assert [call.error_code for call in last.calls] == ["timeout", "timeout", ""]
    assert last.provider == "offline"


def test_a_second_model_that_could_not_answer_in_time_is_not_asked(server: ScriptedOpenAI) -> None:
    server.then("stall_midway", "normal")
    last = final(reply(server, openai_fallback_model="second", **IN_SHORT))
    assert [call.provider for call in last.calls] == ["openai", "offline"]


def test_the_safe_text_is_said_where_even_the_knowledge_fails(
    server: ScriptedOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(Offline, "answer", fail)
    server.then("broken")
    last = final(reply(server))
    assert (last.text, last.provider, last.error_code) == (SAFE_TEXT, "safe", "upstream_error")
    assert [(call.provider, call.error_code) for call in last.calls] == [
        ("openai", "upstream_error"),
        ("offline", "internal_error"),
        ("safe", ""),
    ]


def test_tokens_and_cost_are_told_by_the_configured_prices(server: ScriptedOpenAI) -> None:
    call = final(reply(server, openai_prompt_price=0.15, openai_completion_price=0.6)).calls[0]
    assert call.prompt_tokens > 1000
    assert call.completion_tokens == 16
    assert call.cost_micros == round(call.prompt_tokens * 0.15 + 16 * 0.6)
    assert 0 < call.first_token_ms <= call.latency_ms + 1


def test_versions_change_with_the_texts_only(server: ScriptedOpenAI) -> None:
    one, other = (final(reply(server, text)) for text in ("hello", "What about boots?"))
    assert one.prompt_version == other.prompt_version
    assert one.knowledge_version == other.knowledge_version
    assert one.prompt_version != one.knowledge_version


def test_the_first_sentence_goes_at_once_and_chunks_keep_their_distance(server: ScriptedOpenAI) -> None:
    async def burst(exchange: Exchange) -> None:
        exchange.begin()
        for number in range(20):
            exchange.event(f"This is sentence {number}. ")
            await asyncio.sleep(0.02)
        exchange.event(finish="stop")
        exchange.end()

    async def run() -> list[float]:
        assembly, times = Assembly(settings(server)), []
        async with aclosing(assembly.replies.generate(turn(QUESTION))) as events:
            async for event in events:
                if isinstance(event, Delta):
                    times.append(asyncio.get_running_loop().time())
        await assembly.close()
        return times

    server.then(burst)
    times = asyncio.run(run())
    # Seen from here, the last chunk may come late and the next one early by as much.
    assert len(times) <= (times[-1] - times[0]) / SECONDS_BETWEEN_CHUNKS + 2.5
    assert 3 <= len(times) < 20


def test_a_sentence_that_passed_is_shown_although_the_model_then_pauses(server: ScriptedOpenAI) -> None:
    async def pause(exchange: Exchange) -> None:
        exchange.begin()
        exchange.event("One. Two. ")
        await asyncio.sleep(0.01)
        exchange.event("Three. Four")
        await asyncio.sleep(0.4)
        exchange.event(finish="stop")
        exchange.end()

    async def run() -> list[tuple[str, float]]:
        assembly, seen = Assembly(settings(server)), []
        started = asyncio.get_running_loop().time()
        async with aclosing(assembly.replies.generate(turn(QUESTION))) as events:
            async for event in events:
                if isinstance(event, Delta):
                    seen.append((event.text, asyncio.get_running_loop().time() - started))
        await assembly.close()
        return seen

    server.then(pause)
    seen = asyncio.run(run())
    assert [text for text, _ in seen] == ["One. Two.", " Three."]
    assert seen[1][1] < 0.35, "it was held until the model went on"


def test_a_caller_that_hangs_up_ends_the_call_to_the_model_which_is_counted(server: ScriptedOpenAI) -> None:
    async def run() -> None:
        assembly = Assembly(settings(server, llm_timeout_ms=30_000))
        async with aclosing(assembly.replies.generate(turn(QUESTION))) as events:
            async for event in events:
                assert isinstance(event, Delta)
                break
        await assembly.close()

    def counted() -> float:
        labels = {"provider": "openai", "model": "gpt-4o-mini", "error_code": "cancelled"}
        return REGISTRY.get_sample_value("llm_calls_total", labels) or 0

    before, calls = server.hangups, counted()
    server.then("stall_midway")
    asyncio.run(run())
    deadline = time.monotonic() + 2
    while server.hangups == before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.hangups == before + 1
    assert counted() == calls + 1


def test_several_hundred_replies_at_once_do_not_wait_for_each_other(server: ScriptedOpenAI) -> None:
    count = 300

    async def slow(exchange: Exchange) -> None:
        await asyncio.sleep(1.0)
        await exchange.say(HELLO)

    async def run() -> list[str]:
        assembly = Assembly(settings(server, llm_timeout_ms=20_000))

        async def one() -> str:
            async with aclosing(assembly.replies.generate(turn(QUESTION))) as events:
                return final([event async for event in events]).provider

        answers = await asyncio.gather(*(one() for _ in range(count)))
        await assembly.close()
        return answers

    server.then(*[slow] * count)
    started = time.monotonic()
    assert asyncio.run(run()) == ["openai"] * count
    assert time.monotonic() - started < 10


def test_deltas_are_whole_sentences(server: ScriptedOpenAI) -> None:
    async def in_pieces(exchange: Exchange) -> None:
        exchange.begin()
        for piece in ("It takes 2 to 4 da", "ys, e.g. until Fri", "day. It costs 4.", "90 euros.", " Bye"):
            exchange.event(piece)
            await asyncio.sleep(0.08)
        exchange.event(finish="stop")
        exchange.end()

    server.then(in_pieces)
    events = reply(server)
    assert deltas(events) == ["It takes 2 to 4 days, e.g. until Friday.", " It costs 4.90 euros."]
    assert final(events).text == "It takes 2 to 4 days, e.g. until Friday. It costs 4.90 euros. Bye"


def test_an_answer_that_comes_as_a_whole_is_not_shown_in_parts_first(server: ScriptedOpenAI) -> None:
    async def at_once(exchange: Exchange) -> None:
        exchange.whole("One. Two.")

    server.then(at_once)
    events = reply(server)
    assert [type(event) for event in events] == [Final]
    assert final(events).text == "One. Two."


def test_a_long_quote_is_streamed_within_a_second(server: ScriptedOpenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    long = Quote(" ".join(["A sentence of the knowledge."] * 60))
    monkeypatch.setattr(Offline, "answer", lambda *_: long)
    server.then("broken")
    events = reply(server)
    assert "".join(deltas(events)) == final(events).text == long.text
    assert 3 <= len(deltas(events)) <= 12
