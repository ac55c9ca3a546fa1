"""The service over real gRPC: what it refuses, what it streams, what a caller that hangs up frees."""

import asyncio
from collections.abc import Awaitable, Callable

import grpc
import grpc.aio
import pytest

from protos import llm_pb2 as pb
from tests.llm_service.harness import IN_SHORT
from tests.llm_service.serving import answer, eventually, running, start
from tests.scripted_openai import HELLO, ScriptedOpenAI


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(test())  # type: ignore[arg-type]


def test_a_reply_is_streamed_with_all_that_is_told_of_it(server: ScriptedOpenAI) -> None:
    async def test() -> None:
        async with running(server) as call:
            *deltas, last = await answer(call(), start())
        assert all(event.HasField("delta") for event in deltas)
        final = last.final
        assert final.text == HELLO
        assert final.text.startswith("".join(event.delta.text for event in deltas))
        assert (final.provider, final.model, final.used_fallback, final.error_code) == (
            "openai",
            "gpt-4o-mini",
            False,
            "",
        )
        assert final.calls[0].prompt_tokens > 1000
        assert final.calls[0].completion_tokens == 16
        assert final.prompt_version
        assert final.knowledge_version

    run(test)


def test_a_reset_voids_what_a_failed_model_wrote(server: ScriptedOpenAI) -> None:
    async def test() -> None:
        server.then("cut")
        async with running(server) as call:
            events = await answer(call(), start())
        kinds = [event.WhichOneof("event") for event in events]
        assert kinds[:3] == ["delta", "reset", "delta"]
        assert kinds.count("reset") == kinds.count("final") == 1
        assert events[-1].final.citations[0].source == "Returns policy"

    run(test)


def test_people_of_the_shop_are_read_as_the_assistants_side(server: ScriptedOpenAI) -> None:
    async def test() -> None:
        said = ((pb.ROLE_CUSTOMER, "Hi"), (pb.ROLE_HUMAN, "Ana here"), (pb.ROLE_CUSTOMER, "Thanks"))
        async with running(server) as call:
            await answer(call(), start(*said))
        roles = [(message["role"], message["content"]) for message in server.prompts[0][2:]]
        assert roles == [("user", "Hi"), ("assistant", "Ana here"), ("user", "Thanks")]

    run(test)


@pytest.mark.parametrize(
    "request_",
    [
        pb.GenerateReplyRequest(),
        pb.GenerateReplyRequest(tool_decision=pb.ToolDecision(call_key="k")),
        start((pb.ROLE_ASSISTANT, "I spoke last")),
        start((pb.ROLE_UNSPECIFIED, "Who?")),
        start((99, "Who?")),
        start(safe_text=" "),
        pb.GenerateReplyRequest(start=pb.Start(safe_text="x")),
    ],
)
def test_what_breaks_the_contract_is_refused(request_: pb.GenerateReplyRequest) -> None:
    async def test() -> None:
        async with running(None) as call:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await answer(call(), request_)
        assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT

    run(test)


def test_a_call_without_a_start_is_refused() -> None:
    async def test() -> None:
        async with running(None) as call:
            opened = call()
            await opened.done_writing()
            assert await opened.code() == grpc.StatusCode.INVALID_ARGUMENT

    run(test)


def test_steps_after_the_start_do_no_harm(server: ScriptedOpenAI) -> None:
    async def test() -> None:
        async with running(server) as call:
            opened = call()
            await opened.write(start())
            await opened.write(pb.GenerateReplyRequest(tool_decision=pb.ToolDecision(call_key="k")))
            await opened.write(start((pb.ROLE_CUSTOMER, "Something else")))
            events = [event async for event in opened]
        assert [event.HasField("final") for event in events].count(True) == 1
        assert len(server.prompts) == 1

    run(test)


def test_more_replies_at_once_than_the_setting_allows_are_refused(server: ScriptedOpenAI) -> None:
    async def test() -> None:
        server.then("stall", "stall")
        async with running(server, llm_concurrency=2, **IN_SHORT) as call:
            held = [asyncio.create_task(answer(call(), start())) for _ in range(2)]
            await eventually(lambda: len(server.prompts) == 2)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await answer(call(), start())
            assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
            await asyncio.gather(*held)
            assert (await answer(call(), start()))[-1].final.provider == "openai"

    run(test)


def test_a_caller_that_cancels_frees_its_place_and_the_model(server: ScriptedOpenAI) -> None:
    async def test() -> None:
        server.then("stall")
        before = server.hangups
        async with running(server, llm_concurrency=1, llm_timeout_ms=30_000) as call:
            opened = call()
            await opened.write(start())
            await eventually(lambda: len(server.prompts) == 1)
            opened.cancel()
            await eventually(lambda: server.hangups == before + 1)
            assert (await answer(call(), start()))[-1].final.provider == "openai"

    run(test)
