"""Followers: everything once and in order, from any revision, with previews that are never two halves."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import pytest

from conversation_service import followers
from conversation_service.previews import Previews
from protos import conversation_pb2 as pb
from protos import llm_pb2
from tests.conversation_service.harness import (
    Harness,
    eventually,
    new_conversation,
    running_app,
    running_service,
    settings_for,
    web_message,
)
from tests.scripted_llm import ScriptedLlm, delta, final, running_llm


class Stream:
    """One gateway's Follow stream, read in the background."""

    def __init__(self, service: Harness) -> None:
        self.call = service.stub.Follow(metadata=service.peer.metadata())
        self.events: list[pb.FollowEvent] = []
        self.reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for response in self.call:
            self.events.extend(response.events)

    async def subscribe(
        self, number: int, conversation: str, after_rev: int = 0, channel: str = "web", without_previews: bool = False
    ) -> None:
        await self.call.write(
            pb.FollowRequest(
                subscribe=pb.Subscribe(
                    subscription_id=number,
                    conversation_id=conversation,
                    channel=channel,
                    account="default",
                    after_rev=after_rev,
                    without_previews=without_previews,
                )
            )
        )

    async def unsubscribe(self, number: int) -> None:
        await self.call.write(pb.FollowRequest(unsubscribe=pb.Unsubscribe(subscription_id=number)))

    def revisions(self, number: int) -> list[int]:
        return [e.message.rev for e in self.events if e.HasField("message") and number in e.subscription_ids]

    def shown(self, number: int) -> list[str]:
        """What a person sees: + a delta, = a replacing delta, ! a reset, and the messages of the assistant."""
        seen = []
        for event in self.events:
            if number not in event.subscription_ids:
                continue
            if event.HasField("delta"):
                seen.append(("=" if event.delta.replace else "+") + event.delta.text)
            elif event.HasField("reset"):
                seen.append("!")
            elif event.HasField("message") and event.message.author == pb.AUTHOR_ASSISTANT:
                seen.append(event.message.text)
        return seen

    async def until(self, number: int, rev: int) -> None:
        await eventually(lambda: asyncio.sleep(0, self.revisions(number)), lambda revisions: rev in revisions)

    async def close(self) -> None:
        self.call.cancel()
        await asyncio.gather(self.reading, return_exceptions=True)


@asynccontextmanager
async def following(service: Harness) -> AsyncIterator[Stream]:
    stream = Stream(service)
    try:
        yield stream
    finally:
        await stream.close()


def test_a_follower_sees_the_message_the_deltas_and_the_reply_once_and_in_order(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service, following(service) as stream:
            conversation = new_conversation()
            await stream.subscribe(7, conversation)
            await service.receive(web_message(conversation, "hello"))
            await stream.until(7, 2)
            assert stream.revisions(7) == [1, 2]
            assert stream.shown(7) == ["=You asked: ", "+hello", "You asked: hello"]

    asyncio.run(scenario())


@pytest.mark.parametrize("after", [0, 1, 2, 3, 6])
def test_a_follower_resumes_at_any_revision_without_a_gap(database_url: str, after: int) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            conversation = new_conversation()
            for number in range(3):
                await service.receive(web_message(conversation, str(number)))
                await service.replies(conversation, number + 1)
            async with following(service) as stream:
                await stream.subscribe(1, conversation, after)
                await service.receive(web_message(conversation, "last"))
                await stream.until(1, 8)
                assert stream.revisions(1) == list(range(after + 1, 9))

    asyncio.run(scenario())


def test_a_long_history_is_read_page_by_page(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service, following(service) as stream:
            conversation = new_conversation()
            for _ in range(5):
                await service.receive(*(web_message(conversation, "x") for _ in range(100)))
            await stream.subscribe(1, conversation)
            await stream.until(1, 500)
            assert stream.revisions(1)[:500] == list(range(1, 501))

    asyncio.run(scenario())


def test_many_followers_of_one_conversation_each_see_everything_under_their_own_numbers(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service, following(service) as one, following(service) as two:
            conversation = new_conversation()
            await one.subscribe(1, conversation)
            await one.subscribe(2, conversation)
            await two.subscribe(1, conversation)
            await service.receive(web_message(conversation, "hello"))
            for stream, number in ((one, 1), (one, 2), (two, 1)):
                await stream.until(number, 2)
                assert stream.revisions(number) == [1, 2]
            assert two.revisions(2) == []

    asyncio.run(scenario())


def test_nothing_is_shown_to_a_follower_that_names_another_channel(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service, following(service) as stream:
            conversation = new_conversation()
            await stream.subscribe(1, conversation, channel="telegram")
            await stream.subscribe(2, conversation)
            await service.receive(web_message(conversation, "secret"))
            await stream.until(2, 2)
            await asyncio.sleep(0.7)
            assert [event for event in stream.events if 1 in event.subscription_ids] == []

    asyncio.run(scenario())


def test_after_unsubscribing_nothing_more_arrives(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service, following(service) as stream:
            conversation = new_conversation()
            await stream.subscribe(1, conversation)
            await stream.subscribe(2, conversation)
            await stream.unsubscribe(1)
            await asyncio.sleep(0.1)
            await service.receive(web_message(conversation, "hello"))
            await stream.until(2, 2)
            assert stream.revisions(1) == []

    asyncio.run(scenario())


def slow(go_on: asyncio.Event) -> ScriptedLlm:
    async def script(_start: llm_pb2.Start, _rpc: Any) -> AsyncIterator[llm_pb2.GenerateReplyResponse]:
        yield delta("First. ")
        await go_on.wait()
        yield delta("Second.")
        yield final("First. Second.")

    return ScriptedLlm(script)


def test_who_comes_in_the_middle_of_an_answer_sees_what_was_written_so_far(database_url: str) -> None:
    async def scenario() -> None:
        go_on = asyncio.Event()
        async with running_service(database_url, slow(go_on)) as service, following(service) as stream:
            conversation = new_conversation()
            await stream.subscribe(1, conversation)
            await service.receive(web_message(conversation, "hello"))
            await eventually(lambda: asyncio.sleep(0, stream.shown(1)), bool)
            await stream.subscribe(2, conversation)
            await eventually(lambda: asyncio.sleep(0, stream.shown(2)), bool)
            go_on.set()
            await stream.until(2, 2)
            assert stream.shown(1) == stream.shown(2) == ["=First. ", "+Second.", "First. Second."]

    asyncio.run(scenario())


def test_who_wants_no_previews_sees_nothing_before_the_reply(database_url: str) -> None:
    async def scenario() -> None:
        go_on = asyncio.Event()
        async with running_service(database_url, slow(go_on)) as service, following(service) as stream:
            conversation = new_conversation()
            await stream.subscribe(1, conversation)
            await stream.subscribe(2, conversation, without_previews=True)
            await service.receive(web_message(conversation, "hello"))
            await eventually(lambda: asyncio.sleep(0, stream.shown(1)), bool)
            await stream.subscribe(3, conversation, without_previews=True)
            go_on.set()
            await asyncio.gather(*(stream.until(number, 2) for number in (1, 2, 3)))
            assert stream.shown(1) == ["=First. ", "+Second.", "First. Second."]
            assert stream.shown(2) == stream.shown(3) == ["First. Second."]

    asyncio.run(scenario())


def test_a_message_received_on_one_replica_and_followed_on_another_shows_its_preview(database_url: str) -> None:
    async def scenario() -> None:
        go_on = asyncio.Event()
        llm = slow(go_on)
        async with running_llm(llm) as address, running_app(settings_for(database_url, address), llm) as one:
            async with running_app(settings_for(database_url, address), llm) as two, following(two) as stream:
                await two.app.answering.drain()  # so that the other one answers
                conversation = new_conversation()
                await stream.subscribe(1, conversation)
                await one.receive(web_message(conversation, "hello"))
                await eventually(lambda: asyncio.sleep(0, stream.shown(1)), bool)
                go_on.set()
                await stream.until(1, 2)
                assert stream.shown(1)[0] == "=First. "
                assert stream.shown(1)[-1] == "First. Second."

    asyncio.run(scenario())


def test_a_drain_ends_the_stream_so_that_followers_come_back_elsewhere(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            call = service.stub.Follow(metadata=service.peer.metadata())
            subscribe = pb.Subscribe(subscription_id=1, conversation_id=new_conversation())
            await call.write(pb.FollowRequest(subscribe=subscribe))
            await asyncio.sleep(0.1)
            service.app.hub.close()
            with pytest.raises(grpc.aio.AioRpcError) as end:
                await asyncio.wait_for(call.read(), 5)
            assert end.value.code() == grpc.StatusCode.UNAVAILABLE

    asyncio.run(scenario())


def test_a_conversation_id_that_is_none_harms_nobody(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service, following(service) as stream:
            conversation = new_conversation()
            await stream.subscribe(1, "not-a-uuid'; --")
            await stream.subscribe(2, conversation)
            await service.receive(web_message(conversation, "hello"))
            await stream.until(2, 2)
            refused = [event.ended.reason for event in stream.events if 1 in event.subscription_ids]
            assert refused == ["refused"]
            assert await service.messages("not-a-uuid") == []

    asyncio.run(scenario())


def test_who_subscribes_from_the_start_while_others_are_ahead_gets_everything(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            conversation = new_conversation()
            for number in range(6):
                await service.receive(web_message(conversation, str(number)))
                await service.replies(conversation, number + 1)
            for _ in range(20):
                async with following(service) as stream:
                    await stream.subscribe(1, conversation, after_rev=10)
                    await stream.subscribe(2, conversation, after_rev=0)
                    await stream.until(2, 12)
                    assert stream.revisions(2) == list(range(1, 13))
                    assert stream.revisions(1) == [11, 12]

    asyncio.run(scenario())


def test_a_history_larger_than_a_message_of_grpc_arrives_in_parts(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service, following(service) as stream:
            conversations = [new_conversation() for _ in range(3)]
            for conversation in conversations:
                for _ in range(10):
                    await service.receive(*(web_message(conversation, "\U0001f600" * 4000) for _ in range(20)))
            for number, conversation in enumerate(conversations):
                await stream.subscribe(number, conversation)
            for number in range(3):
                await stream.until(number, 200)
                assert stream.revisions(number)[:200] == list(range(1, 201))
            page = await service.stub.ListMessages(
                pb.ListMessagesRequest(
                    conversation_id=conversations[0], channel="web", account="default", page_size=500
                ),
                metadata=service.peer.metadata(),
            )
            assert page.more
            assert page.rev == page.messages[-1].rev == len(page.messages)

    asyncio.run(scenario())


def test_a_process_that_is_too_far_behind_is_sent_away_and_may_resume(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service:
            conversation = new_conversation()
            await service.receive(web_message(conversation, "hello"))
            monkeypatch.setattr(followers, "_MOST_BEHIND", 0)  # so is everybody
            async with following(service) as stream:
                await stream.subscribe(1, conversation)
                with pytest.raises(grpc.aio.AioRpcError):
                    await asyncio.wait_for(stream.reading, 10)
                assert stream.events == []
            assert not service.app.hub._followers
            monkeypatch.undo()
            async with following(service) as stream:
                await stream.subscribe(1, conversation)
                await stream.until(1, 2)

    asyncio.run(scenario())


def test_an_answer_so_far_is_not_shown_to_a_follower_that_names_another_channel(database_url: str) -> None:
    async def scenario() -> None:
        go_on = asyncio.Event()
        async with running_service(database_url, slow(go_on)) as service, following(service) as stream:
            conversation = new_conversation()
            await stream.subscribe(1, conversation)
            await service.receive(web_message(conversation, "hello"))
            await eventually(lambda: asyncio.sleep(0, stream.shown(1)), bool)
            await stream.subscribe(2, conversation, channel="telegram")
            await asyncio.sleep(0.2)
            go_on.set()
            await stream.until(1, 2)
            assert [event for event in stream.events if 2 in event.subscription_ids] == []

    asyncio.run(scenario())


@pytest.mark.parametrize("spelling", [str.upper, lambda text: f"urn:uuid:{text}", lambda text: f"{{{text}}}"])
def test_an_id_in_another_spelling_is_refused_and_harms_nobody(
    database_url: str, spelling: Callable[[str], str]
) -> None:
    async def scenario() -> None:
        async with running_service(database_url) as service, following(service) as stream:
            conversation = "abcdef00-0000-4000-8000-00000000000" + str(random.randrange(10))
            await stream.subscribe(1, spelling(conversation))
            await stream.subscribe(2, conversation)
            await service.receive(web_message(conversation, "hello"))
            await stream.until(2, 2)
            assert [e.ended.reason for e in stream.events if 1 in e.subscription_ids] == ["refused"]

    asyncio.run(scenario())


def test_an_abandoned_attempt_is_taken_back_from_the_screen(database_url: str) -> None:
    async def scenario() -> None:
        async with running_service(database_url, slow(asyncio.Event())) as service, following(service) as stream:
            conversation = new_conversation()
            await stream.subscribe(1, conversation)
            await service.receive(web_message(conversation, "hello"))
            await eventually(lambda: asyncio.sleep(0, stream.shown(1)), bool)
            await service.app.answering.drain()
            await eventually(lambda: asyncio.sleep(0, stream.shown(1)), lambda shown: shown == ["=First. ", "!"])

    asyncio.run(scenario())


def test_an_attempt_whose_turn_was_answered_by_somebody_else_is_taken_back_first_and_shows_no_more(
    database_url: str,
) -> None:
    async def scenario() -> None:
        go_on = asyncio.Event()
        async with running_service(database_url, slow(go_on)) as service, following(service) as stream:
            conversation = new_conversation()
            await stream.subscribe(1, conversation)
            await service.receive(web_message(conversation, "hello"))
            await eventually(lambda: asyncio.sleep(0, stream.shown(1)), bool)
            theirs = pb.Message(author=pb.AUTHOR_ASSISTANT, turn_no=1, rev=2, text="Another answer.")
            service.app.hub.publish((conversation, "web", "default"), theirs)
            go_on.set()
            await service.replies(conversation)
            await service.receive(web_message(conversation, "and now?"))
            await stream.until(1, 4)
            assert stream.shown(1)[:3] == ["=First. ", "!", "Another answer."]
            assert stream.shown(1)[3].startswith("=")

    asyncio.run(scenario())


@pytest.mark.parametrize("fences", [(1, 2), (2, 1)])
def test_an_attempt_behind_another_one_shows_nothing_whichever_began_first(fences: tuple[int, int]) -> None:
    previews = Previews(lambda _thread: ())
    thread = ("c", "web", "default")
    stale, fresh = sorted((previews.begin(thread, 1, fence) for fence in fences), key=lambda each: each.attempt)
    fresh.extend("new")
    stale.extend("old")
    stale.void()
    stale.end(committed=False)
    current = previews.current(thread)
    assert current is fresh
    assert current.text == "new"
