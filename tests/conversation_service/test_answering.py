"""Turns: S4 to S6 and S8 to S10 of the promises."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio

from conversation_service.app import App
from conversation_service.writer import SAFE_TEXT, safe_reply
from protos import conversation_pb2 as pb
from protos import llm_pb2
from tests.conversation_service.harness import (
    eventually,
    new_conversation,
    platform_message,
    running_app,
    running_service,
    settings_for,
    web_message,
)
from tests.ports import free_port
from tests.scripted_llm import ScriptedLlm, delta, echo, final, reset, running_llm, stall


def prompt(start: llm_pb2.Start) -> list[tuple[int, str]]:
    return [(message.role, message.text) for message in start.history]


def test_rapid_messages_on_a_platform_are_gathered_into_one_turn(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=0.5) as service:
            thread = str(uuid.uuid4())
            for text in ("hi", "one more thing", "do you ship?"):
                (receipt,) = await service.receive(platform_message(thread, text))
                await asyncio.sleep(0.2)
            (reply,) = await service.replies(receipt.conversation_id, channel="whatsapp")
            assert reply.text == "You asked: do you ship?"
            assert [text for _role, text in prompt(service.llm.prompts[0])] == ["hi", "one more thing", "do you ship?"]
            assert len(service.llm.prompts) == 1

    asyncio.run(scenario())


def test_what_arrives_while_a_turn_runs_forms_the_next_one_and_is_not_in_its_prompt(database_url: str) -> None:
    async def scenario() -> None:
        go_on = asyncio.Event()

        async def wait(start: llm_pb2.Start, rpc: Any) -> AsyncIterator[llm_pb2.GenerateReplyResponse]:
            await go_on.wait()
            async for response in echo(start, rpc):
                yield response

        async with running_service(database_url, ScriptedLlm(wait)) as service:
            conversation = new_conversation()
            await service.receive(web_message(conversation, "first"))
            await eventually(lambda: asyncio.sleep(0, service.llm.in_flight), bool)
            receipts = [(await service.receive(web_message(conversation, text)))[0] for text in ("second", "third")]
            assert [receipt.turn_no for receipt in receipts] == [2, 2]
            assert service.llm.most_in_flight == 1
            go_on.set()
            await service.replies(conversation, 2)
            customer, assistant = llm_pb2.ROLE_CUSTOMER, llm_pb2.ROLE_ASSISTANT
            assert prompt(service.llm.prompts[0]) == [(customer, "first")]
            assert prompt(service.llm.prompts[1]) == [
                (customer, "first"),
                (assistant, "You asked: first"),
                (customer, "second"),
                (customer, "third"),
            ]
            texts = [(m.seq, m.text) for m in await service.messages(conversation)]
            assert texts == [
                (1, "first"),
                (2, "second"),
                (3, "third"),
                (4, "You asked: first"),
                (5, "You asked: third"),
            ]

    asyncio.run(scenario())


def test_the_history_is_bounded_and_keeps_the_newest(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, llm_history_limit=4) as service:
            conversation = new_conversation()
            for number in range(4):
                await service.receive(web_message(conversation, str(number)))
                await service.replies(conversation, number + 1)
            assert [text for _role, text in prompt(service.llm.prompts[-1])] == [
                "You asked: 1",
                "2",
                "You asked: 2",
                "3",
            ]

    asyncio.run(scenario())


def test_a_history_too_large_for_one_message_is_sent_without_its_oldest(database_url: str) -> None:
    async def scenario() -> None:
        letter = "\N{FACE WITH TEARS OF JOY}" * 65_000  # a quarter of what a message of gRPC may hold

        async def thank(_start: llm_pb2.Start, _rpc: Any) -> AsyncIterator[llm_pb2.GenerateReplyResponse]:
            yield final("Thank you.")

        unanswered = "SELECT count(*) FROM turns WHERE state <> 'done'"
        async with running_service(database_url, ScriptedLlm(thank), gather_seconds=0) as service:
            for number in range(1, 6):
                await service.receive(platform_message("thread", f"{number} {letter}"))
                await eventually(lambda: asyncio.sleep(0, service.query(unanswered)), lambda found: found == [(0,)])
            kept = [text[:1] for _role, text in prompt(service.llm.prompts[-1])]
            assert kept == ["T", "3", "T", "4", "T", "5"]

    asyncio.run(scenario())


def test_five_hundred_conversations_are_in_flight_in_one_process(database_url: str) -> None:
    async def scenario() -> None:
        go_on = asyncio.Event()

        async def wait(start: llm_pb2.Start, rpc: Any) -> AsyncIterator[llm_pb2.GenerateReplyResponse]:
            await go_on.wait()
            yield final(f"answer to {start.history[-1].text}")

        async with running_service(database_url, ScriptedLlm(wait)) as service:
            conversations = [new_conversation() for _ in range(500)]
            for first in range(0, 500, 100):
                await service.receive(*(web_message(c, c) for c in conversations[first : first + 100]))
            await eventually(lambda: asyncio.sleep(0, service.llm.in_flight), lambda count: count == 500)
            go_on.set()

            async def done() -> int:
                return int(service.query("SELECT count(*) FROM turns WHERE state = 'done'")[0][0])

            await eventually(done, lambda count: count == 500)
            wrong = (
                "SELECT count(*) FROM messages WHERE author = 'assistant' AND text <> 'answer to ' || conversation_id"
            )
            assert service.query(wrong) == [(0,)]

    asyncio.run(scenario())


def test_a_dead_workers_turn_is_answered_by_another_within_lease_and_sweep(database_url: str) -> None:
    async def scenario() -> None:
        llm = ScriptedLlm(stall)
        async with running_llm(llm) as address:
            dead = App(settings_for(database_url, address, turn_lease_seconds=1.0))
            await dead.start()
            async with running_app(settings_for(database_url, address, turn_lease_seconds=1.0), llm) as service:
                conversation = new_conversation()
                await service.app.answering.drain()  # only the one that dies claims
                await service.receive(web_message(conversation, "hello"))
                await eventually(lambda: asyncio.sleep(0, llm.in_flight), bool)
                kill(dead)
                llm.script = echo
                async with running_app(settings_for(database_url, address, turn_lease_seconds=1.0), llm) as other:
                    (reply,) = await other.replies(conversation)
                    assert reply.text == "You asked: hello"
                assert service.query("SELECT attempts, fence, state FROM turns") == [(2, 2, "done")]
            await dead.server.grpc.stop(0)
            await dead.database.close()

    asyncio.run(scenario())


def kill(app: App) -> None:
    """As far as others can tell: it does not renew, finish or hand back."""
    for task in app._background:
        task.cancel()
    for _turn, task in app.answering._tasks.values():
        task.cancel()


def test_a_stopped_worker_that_wakes_up_after_its_lease_commits_nothing(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, ScriptedLlm(stall)) as service:
            await service.app.answering.drain()
            turns = service.app.answering._turns
            conversation = new_conversation()
            await service.receive(web_message(conversation, "hello"))
            (stale,) = await turns.claim(1)
            service.query("UPDATE turns SET lease_until = now() - interval '1 s'")
            assert await turns.release_expired() == 1
            (fresh,) = await turns.claim(1)
            assert (stale.fence, fresh.fence) == (1, 2)
            assert await turns.finish(stale, safe_reply("late")) is None
            assert await turns.renew([stale]) == set()
            assert await turns.finish(fresh, safe_reply("in_time")) is not None
            assert await turns.finish(fresh, safe_reply("twice")) is None
            assert service.query("SELECT error_code FROM llm_calls") == [("in_time",)]
            assert service.query("SELECT count(*) FROM messages WHERE author = 'assistant'") == [(1,)]

    asyncio.run(scenario())


def test_the_third_attempt_gives_the_safe_text_without_the_model(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            conversation = new_conversation()
            await service.app.answering.drain()
            await service.receive(web_message(conversation, "hello"))
            service.query("UPDATE turns SET attempts = 2")
            async with running_app(settings_for(database_url, "127.0.0.1:1"), service.llm) as other:
                (reply,) = await other.replies(conversation)
            assert (reply.text, reply.meta.error_code) == (SAFE_TEXT, "attempts_exhausted")
            assert service.llm.prompts == []

    asyncio.run(scenario())


def test_a_drain_hands_unfinished_turns_back_at_once_and_does_not_count_the_attempt(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, ScriptedLlm(stall)) as service:
            await service.receive(web_message(new_conversation(), "hello"))
            await eventually(lambda: asyncio.sleep(0, service.llm.in_flight), bool)
            await service.app.answering.drain()
            assert service.query("SELECT state, attempts, worker FROM turns") == [("pending", 0, None)]
            await eventually(lambda: asyncio.sleep(0, service.llm.in_flight), lambda count: count == 0)

    asyncio.run(scenario())


def test_a_turn_past_its_deadline_gets_the_safe_text(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, ScriptedLlm(stall), turn_deadline_seconds=1.0) as service:
            conversation = new_conversation()
            started = time.monotonic()
            await service.receive(web_message(conversation, "hello"))
            (reply,) = await service.replies(conversation)
            assert (reply.text, reply.meta.error_code) == (SAFE_TEXT, "deadline_exceeded")
            assert 0.9 < time.monotonic() - started < 5

    asyncio.run(scenario())


def test_the_safe_text_is_given_when_the_llm_service_stays_out_of_reach(database_url: str) -> None:
    async def scenario() -> None:
        nobody = f"127.0.0.1:{free_port()}"
        async with running_service(database_url, llm_address=nobody, llm_unavailable_seconds=1.0) as service:
            conversation = new_conversation()
            await service.receive(web_message(conversation, "hello"))
            (reply,) = await service.replies(conversation)
            assert (reply.text, reply.meta.provider, reply.meta.error_code) == (SAFE_TEXT, "safe", "llm_unavailable")
            assert service.query("SELECT provider, error_code, used_fallback FROM llm_calls") == [
                ("safe", "llm_unavailable", True)
            ]

    asyncio.run(scenario())


def test_an_llm_service_that_comes_back_in_time_is_used(database_url: str) -> None:
    async def scenario() -> None:
        port = free_port()
        async with running_service(database_url, llm_address=f"127.0.0.1:{port}") as service:
            conversation = new_conversation()
            await service.receive(web_message(conversation, "hello"))
            await asyncio.sleep(1)
            async with running_llm(service.llm, port):
                (reply,) = await service.replies(conversation)
            assert reply.text == "You asked: hello"

    asyncio.run(scenario())


def test_a_broken_stream_is_tried_again_and_its_preview_is_voided(database_url: str) -> None:
    async def scenario() -> None:
        attempts = 0

        async def break_once(start: llm_pb2.Start, rpc: Any) -> AsyncIterator[llm_pb2.GenerateReplyResponse]:
            nonlocal attempts
            attempts += 1
            yield delta("half an ans")
            if attempts == 1:
                await rpc.abort(grpc.StatusCode.UNAVAILABLE, "restarting")
            yield reset()
            yield delta("A whole answer.")
            yield final("A whole answer.")

        async with running_service(database_url, ScriptedLlm(break_once)) as service:
            conversation = new_conversation()
            await service.receive(web_message(conversation, "hello"))
            (reply,) = await service.replies(conversation)
            assert (reply.text, attempts) == ("A whole answer.", 2)
            assert service.query("SELECT attempts FROM turns") == [(1,)]

    asyncio.run(scenario())


def test_nothing_is_committed_under_a_changed_owner(database_url: str) -> None:
    async def scenario() -> None:
        go_on = asyncio.Event()

        async def wait(_start: llm_pb2.Start, _rpc: Any) -> AsyncIterator[llm_pb2.GenerateReplyResponse]:
            await go_on.wait()
            yield final("too late")

        async with running_service(database_url, ScriptedLlm(wait)) as service:
            conversation = new_conversation()
            await service.receive(web_message(conversation, "hello"))
            await eventually(lambda: asyncio.sleep(0, service.llm.in_flight), bool)
            service.query("UPDATE conversations SET owner = 'human', owner_epoch = owner_epoch + 1")
            go_on.set()
            await eventually(
                lambda: asyncio.sleep(0, service.query("SELECT state, reason FROM turns")),
                lambda rows: rows == [("silent", "human_owner")],
            )
            await service.receive(web_message(conversation, "anyone?"))
            await eventually(
                lambda: asyncio.sleep(0, service.query("SELECT state FROM turns")),
                lambda rows: rows == [("silent",), ("silent",)],
            )
            assert len(service.llm.prompts) == 1
            assert [m.author for m in await service.messages(conversation)] == [pb.AUTHOR_CUSTOMER] * 2

    asyncio.run(scenario())


def test_a_platforms_reply_is_queued_for_delivery_and_a_browsers_is_not(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, gather_seconds=0) as service:
            web = new_conversation()
            await service.receive(web_message(web, "hello"))
            await service.replies(web)
            (receipt,) = await service.receive(platform_message("34600", "hola"))
            await service.replies(receipt.conversation_id, channel="whatsapp")
            rows = service.query("SELECT conversation_id::text, out_seq, part, text, state FROM deliveries")
            assert rows == [(receipt.conversation_id, 1, 0, "You asked: hola", "queued")]

    asyncio.run(scenario())


def test_the_request_id_of_the_message_reaches_the_llm_service_and_the_call_record(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            conversation = new_conversation()
            metadata = [pair for pair in service.peer.metadata() if pair[0] != "x-request-id"]
            await service.stub.Receive(
                pb.ReceiveRequest(events=[web_message(conversation, "hello")]),
                timeout=5,
                metadata=[*metadata, ("x-request-id", "trace-me-123")],
            )
            await service.replies(conversation)
            assert service.llm.metadata[0]["x-request-id"] == "trace-me-123"
            assert service.query("SELECT request_id FROM llm_calls") == [("trace-me-123",)]

    asyncio.run(scenario())


def test_a_caller_without_the_shared_token_is_refused(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            for metadata in ((), (("authorization", "Bearer wrong"),), (("authorization", "Bearer "),)):
                try:
                    await service.stub.Receive(
                        pb.ReceiveRequest(events=[web_message(new_conversation(), "x")]), timeout=5, metadata=metadata
                    )
                except grpc.aio.AioRpcError as error:
                    assert error.code() == grpc.StatusCode.UNAUTHENTICATED
                else:
                    raise AssertionError("accepted")

    asyncio.run(scenario())


def test_renewing_never_shortens_a_lease(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            await service.app.answering.drain()
            turns = service.app.answering._turns
            await service.receive(web_message(new_conversation(), "hello"))
            service.query("UPDATE turns SET deadline_at = now() - interval '1 minute'")
            (turn,) = await turns.claim(1)
            before = service.query("SELECT lease_until FROM turns")
            assert await turns.renew([turn]) == {turn.claim}
            assert service.query("SELECT lease_until FROM turns") == before

    asyncio.run(scenario())


def test_a_claim_under_way_during_a_drain_is_handed_back(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, ScriptedLlm(stall)) as service:
            for _ in range(20):
                await service.receive(web_message(new_conversation(), "hello"))
            await service.app.answering.drain()
            assert service.query("SELECT count(*) FROM turns WHERE state <> 'pending' OR attempts > 0") == [(0,)]

    asyncio.run(scenario())


def test_a_turn_whose_lease_ran_out_in_the_same_process_is_answered_once_and_shown_whole(database_url: str) -> None:
    async def scenario() -> None:
        attempts = 0

        async def stall_first(start: llm_pb2.Start, rpc: Any) -> AsyncIterator[llm_pb2.GenerateReplyResponse]:
            nonlocal attempts
            attempts += 1
            yield delta("half")
            if attempts == 1:
                await asyncio.sleep(3600)
            yield final("half and half")

        async with running_service(database_url, ScriptedLlm(stall_first)) as service:
            conversation = new_conversation()
            await service.receive(web_message(conversation, "hello"))
            await eventually(lambda: asyncio.sleep(0, service.llm.in_flight), bool)
            service.query("UPDATE turns SET lease_until = now() - interval '1 s'")
            (reply,) = await service.replies(conversation)
            assert (reply.text, attempts) == ("half and half", 2)
            await eventually(lambda: asyncio.sleep(0, service.llm.in_flight), lambda count: count == 0)

    asyncio.run(scenario())


def test_a_conversation_that_was_given_back_in_the_meantime_is_answered(database_url: str) -> None:
    async def scenario() -> None:
        go_on = asyncio.Event()

        async def wait(_start: llm_pb2.Start, _rpc: Any) -> AsyncIterator[llm_pb2.GenerateReplyResponse]:
            await go_on.wait()
            yield final("here I am")

        async with running_service(database_url, ScriptedLlm(wait)) as service:
            conversation = new_conversation()
            await service.receive(web_message(conversation, "hello"))
            await eventually(lambda: asyncio.sleep(0, service.llm.in_flight), bool)
            service.query("UPDATE conversations SET owner_epoch = owner_epoch + 2")
            go_on.set()
            (reply,) = await service.replies(conversation)
            assert reply.text == "here I am"

    asyncio.run(scenario())


def test_an_answer_that_postgres_would_refuse_is_cleaned_and_committed(database_url: str) -> None:
    async def scenario() -> None:
        async def hostile(_start: llm_pb2.Start, _rpc: Any) -> AsyncIterator[llm_pb2.GenerateReplyResponse]:
            call = llm_pb2.Call(provider="open\0ai", model="m\0")
            citation = llm_pb2.Citation(source="s\0", title="t")
            text = llm_pb2.Final(text="a\0b", calls=[call], citations=[citation], prompt_version="p\0")
            yield llm_pb2.GenerateReplyResponse(final=text)

        async with running_service(database_url, ScriptedLlm(hostile)) as service:
            conversation = new_conversation()
            await service.receive(web_message(conversation, "hello"))
            (reply,) = await service.replies(conversation)
            assert reply.text == "a\ufffdb"

    asyncio.run(scenario())
