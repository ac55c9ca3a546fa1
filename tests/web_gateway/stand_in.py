"""An in-memory conversation service over real gRPC that misbehaves on demand: the other side of the gateway's tests."""

import asyncio
import threading
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio

from chassis.credentials import Credentials
from chassis.server import Server
from chassis.settings import ServiceSettings
from protos import conversation_pb2 as pb
from protos.conversation_pb2_grpc import ConversationServiceServicer, add_ConversationServiceServicer_to_server

TOKEN = "a-token-between-services"
DELTAS = ("You have ", "30 days ", "to return shoes.")


@dataclass
class Conversation:
    """What is stored of one conversation."""

    messages: list[pb.Message] = field(default_factory=list)
    rev: int = 0
    turns: int = 0
    previews: dict[int, str] = field(default_factory=dict)
    silences: dict[int, str] = field(default_factory=dict)


class StandIn(ConversationServiceServicer):
    """Answers every message, unless the message's text or the test says otherwise.

    A text may hold `slow` (answered after 0.8 s), `followed` (answered once somebody follows), `never` (not answered),
    `silent` (the turn ends without a reply), `partial` (two deltas, then nothing).
    """

    def __init__(self) -> None:
        self.receive: Callable[[Any, Any], Any] | None = None  # runs before each unary call: (request, context)
        self.conversations: dict[str, Conversation] = defaultdict(Conversation)
        self.events: dict[str, tuple[pb.Event, pb.Receipt]] = {}
        self.received: list[pb.ReceiveRequest] = []
        self.metadata: list[dict[str, str]] = []
        self.streams: set[asyncio.Queue[pb.FollowResponse | None]] = set()
        self.subscriptions: dict[tuple[int, int], tuple[asyncio.Queue[Any], str]] = {}

    async def Receive(self, request: pb.ReceiveRequest, context: Any) -> pb.ReceiveResponse:
        if self.receive:
            await self.receive(request, context)
        self.received.append(request)
        self.metadata.append({key: value for key, value in context.invocation_metadata() if isinstance(value, str)})
        return pb.ReceiveResponse(receipts=[self._record(event) for event in request.events])

    def _record(self, event: pb.Event) -> pb.Receipt:
        known = self.events.get(event.event_key)
        if known:
            receipt = pb.Receipt()
            receipt.CopyFrom(known[1])
            same = known[0].message.text == event.message.text
            receipt.outcome = pb.Receipt.OUTCOME_DUPLICATE if same else pb.Receipt.OUTCOME_CONFLICT
            return receipt
        if event.message.text == "poison":
            return pb.Receipt(event_key=event.event_key, outcome=pb.Receipt.OUTCOME_POISON, reason="test")
        conversation = self.conversations[event.conversation_id]
        conversation.turns += 1
        message = self._store(event.conversation_id, pb.AUTHOR_CUSTOMER, event.message.text, conversation.turns)
        message.event_key = event.event_key
        self.publish(event.conversation_id, pb.FollowEvent(message=message))
        receipt = pb.Receipt(
            event_key=event.event_key,
            outcome=pb.Receipt.OUTCOME_RECORDED,
            conversation_id=event.conversation_id,
            message_id=message.id,
            seq=message.seq,
            rev=message.rev,
            turn_no=message.turn_no,
        )
        self.events[event.event_key] = (event, receipt)
        self._answering = asyncio.ensure_future(self._answer(event.conversation_id, message))
        return receipt

    def _store(self, conversation_id: str, author: Any, text: str, turn_no: int) -> pb.Message:
        conversation = self.conversations[conversation_id]
        conversation.rev += 1
        message = pb.Message(
            id=str(uuid.uuid4()),
            seq=len(conversation.messages) + 1,
            rev=conversation.rev,
            author=author,
            kind="text",
            text=text,
            turn_no=turn_no,
        )
        message.created_at.GetCurrentTime()
        conversation.messages.append(message)
        return message

    async def _answer(self, conversation_id: str, message: pb.Message) -> None:
        text = message.text
        if "never" in text:
            return
        await asyncio.sleep(0.8 if "slow" in text else 0)
        while "followed" in text and conversation_id not in self.followed():  # noqa: ASYNC110 - a test may poll
            await asyncio.sleep(0.01)
        conversation = self.conversations[conversation_id]
        if "silent" in text:
            conversation.silences[message.turn_no] = "human_owner"
            silent = pb.TurnSilent(turn_no=message.turn_no, reason="human_owner")
            self.publish(conversation_id, pb.FollowEvent(turn_silent=silent))
            return
        for part in DELTAS[:2] if "partial" in text else DELTAS:
            shown = conversation.previews.get(message.turn_no, "")
            delta = pb.PreviewDelta(turn_no=message.turn_no, text=part, replace=not shown)
            conversation.previews[message.turn_no] = shown + part
            self.publish(conversation_id, pb.FollowEvent(delta=delta))
        if "partial" not in text:
            self.reply(conversation_id, message.turn_no)

    def reply(self, conversation_id: str, turn_no: int, text: str = "".join(DELTAS)) -> None:
        """Commit an answer."""
        self.conversations[conversation_id].previews.pop(turn_no, None)
        reply = self._store(conversation_id, pb.AUTHOR_ASSISTANT, text, turn_no)
        reply.meta.CopyFrom(
            pb.ReplyMeta(
                provider="offline", used_fallback=False, latency_ms=7, citations=[pb.Citation(source="returns")]
            )
        )
        self.publish(conversation_id, pb.FollowEvent(message=reply))

    def preview(self, conversation_id: str, turn_no: int, text: str) -> None:
        """Begin to show an answer that is being written."""
        delta = pb.PreviewDelta(turn_no=turn_no, text=text, replace=True)
        self.publish(conversation_id, pb.FollowEvent(delta=delta))

    def followed(self) -> set[str]:
        """The conversations that somebody follows."""
        return {conversation_id for _, conversation_id in self.subscriptions.values()}

    def cut_streams(self) -> None:
        """End every Follow stream with UNAVAILABLE."""
        for queue in self.streams:
            queue.put_nowait(None)

    def end_subscriptions(self, conversation_id: str, reason: str) -> None:
        """Tell the followers of a conversation that their subscriptions are over."""
        self.publish(conversation_id, pb.FollowEvent(ended=pb.SubscriptionEnded(reason=reason)))
        for key in [key for key, (_, followed) in self.subscriptions.items() if followed == conversation_id]:
            del self.subscriptions[key]

    def publish(self, conversation_id: str, event: pb.FollowEvent) -> None:
        """Show an event to every follower of a conversation."""
        for (_, number), (queue, followed) in list(self.subscriptions.items()):
            if followed == conversation_id:
                shown = pb.FollowEvent()
                shown.CopyFrom(event)
                shown.subscription_ids.append(number)
                queue.put_nowait(pb.FollowResponse(events=[shown]))

    async def Follow(self, requests: Any, context: Any) -> AsyncIterator[pb.FollowResponse]:
        queue: asyncio.Queue[pb.FollowResponse | None] = asyncio.Queue()
        self.streams.add(queue)
        reader = asyncio.ensure_future(self._read(requests, queue))
        try:
            while (response := await queue.get()) is not None:
                yield response
            await context.abort(grpc.StatusCode.UNAVAILABLE, "cut by the test")
        finally:
            reader.cancel()
            self.streams.discard(queue)
            for key in [key for key in self.subscriptions if key[0] == id(queue)]:
                del self.subscriptions[key]

    async def _read(self, requests: Any, queue: asyncio.Queue[Any]) -> None:
        async for request in requests:
            if request.HasField("unsubscribe"):
                self.subscriptions.pop((id(queue), request.unsubscribe.subscription_id), None)
                continue
            subscribe = request.subscribe
            self.subscriptions[id(queue), subscribe.subscription_id] = (queue, subscribe.conversation_id)
            for event in self._state(subscribe):
                event.subscription_ids.append(subscribe.subscription_id)
                queue.put_nowait(pb.FollowResponse(events=[event]))

    def _state(self, subscribe: pb.Subscribe) -> Iterator[pb.FollowEvent]:
        """What a new subscription is shown at once."""
        if subscribe.conversation_id not in self.conversations:
            return
        conversation = self.conversations[subscribe.conversation_id]
        for message in conversation.messages:
            if message.rev > subscribe.after_rev:
                yield pb.FollowEvent(message=message)
        for turn_no, text in conversation.previews.items():
            yield pb.FollowEvent(delta=pb.PreviewDelta(turn_no=turn_no, text=text, replace=True))
        for turn_no, reason in conversation.silences.items():
            yield pb.FollowEvent(turn_silent=pb.TurnSilent(turn_no=turn_no, reason=reason))

    async def ListMessages(self, request: pb.ListMessagesRequest, context: Any) -> pb.ListMessagesResponse:
        if self.receive:
            await self.receive(request, context)
        if request.conversation_id not in self.conversations:
            return pb.ListMessagesResponse()
        conversation = self.conversations[request.conversation_id]
        later = [message for message in conversation.messages if message.rev > request.after_rev]
        page = later[: request.page_size or 100]
        more = len(page) < len(later)
        return pb.ListMessagesResponse(messages=page, rev=page[-1].rev if more else conversation.rev, more=more)


class Running:
    """A stand-in in a thread with a loop of its own; tests call into it with `do`."""

    def __init__(self, port: int) -> None:
        self.service = StandIn()
        self.address = f"127.0.0.1:{port}"
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server: Server | None = None
        self.start()

    def start(self) -> None:
        """Listen; again after `stop`."""
        self.run(self._start())

    def stop(self) -> None:
        """End all calls at once, like a process that is killed."""
        assert self._server
        self.run(self._server.grpc.stop(0))

    def close(self) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def run(self, work: Any) -> Any:
        """Run a coroutine in the stand-in's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def do(self, act: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """Call a function in the stand-in's loop."""

        async def call() -> Any:
            return act(*args, **named)

        return self.run(call())

    async def _start(self) -> None:
        settings = ServiceSettings(service_token=TOKEN)  # type: ignore[arg-type]
        self._server = Server(settings, self._port, Credentials(settings))
        add_ConversationServiceServicer_to_server(self.service, self._server.grpc)
        await self._server.start([])
        await self._server.ready(True)
