"""Outages of a model under load: 200 conversations are answered in time, it is left alone, and used again at once."""

import asyncio
from statistics import median

import pytest

from llm_service.breaker import BREAKER_OPEN, State
from protos import llm_pb2
from tests.llm_service.crowd import CONVERSATIONS, Crowd, asking, state
from tests.llm_service.serving import answer, eventually, running, start
from tests.scripted_openai import BEHAVIOURS, HELLO, Exchange, ScriptedOpenAI

# (behaviour, seconds): what stalls takes a while to fill the ladder's two models.
OUTAGES = [
    ("limited", 2.5),
    ("limited_for_ages", 2.5),
    ("stall", 5),
    ("stall_midway", 5),
    ("drip", 5),
    ("unavailable", 2.5),
    ("invalid_key", 2.5),
    ("cut", 2.5),
]
MODEL_SECONDS = 2.0
RECOVERY_SECONDS = 10


@pytest.mark.parametrize(("behaviour", "storm"), OUTAGES)
def test_an_outage_is_bridged_and_ends_by_itself(server: ScriptedOpenAI, behaviour: str, storm: float) -> None:
    asyncio.run(bridge(server, behaviour, storm=storm, model_seconds=MODEL_SECONDS))


@pytest.mark.long
@pytest.mark.parametrize("behaviour", ["limited", "stall"])
def test_an_outage_of_a_minute_is_bridged_and_ends_by_itself(server: ScriptedOpenAI, behaviour: str) -> None:
    asyncio.run(bridge(server, behaviour, storm=60, model_seconds=15))


async def bridge(server: ScriptedOpenAI, behaviour: str, storm: float, model_seconds: float) -> None:
    """Both models of the ladder fail, and become well again."""
    before = server.asked
    changes = {"llm_timeout_ms": int(model_seconds * 1000), "openai_fallback_model": "second"}
    async with asking(server, behaviour, **changes) as crowd:
        await asyncio.sleep(storm)
        await eventually(
            lambda: bool(passed_over(crowd.told)), 20
        )  # on a busy machine it takes longer to fill the ladder
        assert state() is not State.CLOSED
        assert state("second") is not State.CLOSED
        during = Crowd(list(crowd.told), crowd.asked)
        server.behaviour = "normal"
        await eventually(lambda: state() is State.CLOSED and crowd.told[-1].model == "gpt-4o-mini", RECOVERY_SECONDS)
        calls = server.asked - before
    assert len(during.told) >= CONVERSATIONS
    assert {told.provider for told in during.told} == {"offline"}
    assert calls <= 1.1 * crowd.asked
    print(f"{len(during.told)} answers in the storm, {crowd.asked} turns, {calls} calls")
    assert median(told.latency_ms for told in passed_over(during.told)) < model_seconds * 1000, (
        "quotes come without a wait"
    )


def passed_over(told: list[llm_pb2.Final]) -> list[llm_pb2.Final]:
    """Those who were answered without asking a model."""
    return [final for final in told if [call.error_code for call in final.calls] == [BREAKER_OPEN] * 2 + [""]]


@pytest.mark.parametrize("behaviour", ["limited", "stall"])
def test_a_second_model_takes_over_and_gives_back(server: ScriptedOpenAI, behaviour: str) -> None:
    async def first_fails(exchange: Exchange) -> None:
        await (BEHAVIOURS[behaviour](exchange) if exchange.body["model"] != "second" else exchange.say(HELLO))

    async def test() -> None:
        async with asking(server, first_fails, 40, openai_fallback_model="second", llm_timeout_ms=5000) as crowd:
            await eventually(lambda: len(crowd.told) > 2 * 40, 30)
            during = list(crowd.told)
            server.behaviour = "normal"
            await eventually(lambda: crowd.told[-1].model == "gpt-4o-mini", RECOVERY_SECONDS)
        assert {told.model for told in during} == {"second"}
        assert state("second") is State.CLOSED, "each model has a breaker of its own"
        assert during[-1].error_code == BREAKER_OPEN
        assert [(call.model, call.error_code) for call in during[-1].calls] == [
            ("gpt-4o-mini", BREAKER_OPEN),
            ("second", ""),
        ]

    asyncio.run(test())


def test_a_model_that_is_passed_over_is_told_of_but_not_called(server: ScriptedOpenAI) -> None:
    async def test() -> None:
        server.then("limited")
        async with running(server, llm_breaker_failures=1) as call:
            await answer(call(), start())
            final = (await answer(call(), start()))[-1].final
        assert len(server.requests) == 1
        assert (final.provider, final.used_fallback, final.error_code) == ("offline", True, BREAKER_OPEN)
        assert [(made.provider, made.model, made.error_code) for made in final.calls] == [
            ("openai", "gpt-4o-mini", BREAKER_OPEN),
            ("offline", "", ""),
        ]
        assert (final.calls[0].prompt_tokens, final.calls[0].cost_micros) == (0, 0)

    asyncio.run(test())


def test_a_probe_whose_turn_is_abandoned_gives_its_place_back(server: ScriptedOpenAI) -> None:
    async def test() -> None:
        server.then("limited", "stall", "normal")
        async with running(server, llm_breaker_failures=1, llm_timeout_ms=30_000) as call:
            await answer(call(), start())
            await asyncio.sleep(1.3)
            probe = call()
            await probe.write(start())
            await eventually(lambda: len(server.requests) == 2)
            assert (await answer(call(), start()))[-1].final.error_code == BREAKER_OPEN
            hung_up = server.hangups
            probe.cancel()
            await eventually(lambda: server.hangups > hung_up)
            assert (await answer(call(), start()))[-1].final.provider == "openai"
            assert state() is State.CLOSED

    asyncio.run(test())
