"""The gRPC surface: translates calls into the service's own words, and its errors into statuses."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Sequence
from typing import Any, TypeVar

import grpc
import grpc.aio

from chassis import context, traces
from chassis.faultpoints import faultpoint
from conversation_service import messages, ownership
from conversation_service.answering import Answering
from conversation_service.batch import Result
from conversation_service.database import Database, DatabaseUnavailable
from conversation_service.followers import Follower
from conversation_service.history import History
from conversation_service.hub import Hub
from conversation_service.identifiers import is_id
from conversation_service.inbox import Inbox
from conversation_service.limits import Limits
from conversation_service.outbox.outbox import Outbox
from protos import conversation_pb2 as pb
from protos import conversation_pb2_grpc

T = TypeVar("T")
_Rpc = Any  # grpc.aio.ServicerContext, whose type parameters add nothing here

_MAX_EVENTS, _MAX_BYTES = 100, 512 * 1024
_MAX_WAITING = 512  # calls that wait for a connection; beyond that the next one would miss its deadline anyway


class ConversationService(conversation_pb2_grpc.ConversationServiceServicer):
    """Implements the contract of protos/conversation.proto."""

    def __init__(
        self,
        database: Database,
        inbox: Inbox,
        limits: Limits,
        history: History,
        outbox: Outbox,
        hub: Hub,
        answering: Answering,
        overload_seconds: float,
    ) -> None:
        self._database = database
        self._inbox = inbox
        self._limits = limits
        self._history = history
        self._outbox = outbox
        self._hub = hub
        self._answering = answering
        self._overload_seconds = overload_seconds

    async def Receive(self, request: pb.ReceiveRequest, rpc: _Rpc) -> pb.ReceiveResponse:
        if not 1 <= len(request.events) <= _MAX_EVENTS or request.ByteSize() > _MAX_BYTES:
            await rpc.abort(grpc.StatusCode.INVALID_ARGUMENT, f"send 1 to {_MAX_EVENTS} events and {_MAX_BYTES} bytes")
        await self._refuse_overload(request, rpc)
        if request.rate_limits:
            await self._charge(request, rpc)
        recording = self._inbox.record(request.events, context.request_id.get(), traces.trace_parent())
        result = await _available(rpc, recording)
        faultpoint("receive.committed")
        self._tell(result)
        return pb.ReceiveResponse(receipts=result.receipts)

    def _tell(self, result: Result) -> None:
        if result.changes or any(recorded.turn is None for recorded in result.recorded):
            self._answering.wake()
        for recorded in result.recorded:
            self._hub.note(recorded.receipt.conversation_id, recorded.receipt.rev)
            thread = recorded.receipt.conversation_id, *recorded.entry.key[:2]
            if self._hub.is_followed(thread):
                self._hub.publish(thread, messages.from_recorded(recorded))
        for change in result.changes:
            self._hub.tell(change)

    async def _refuse_overload(self, request: pb.ReceiveRequest, rpc: _Rpc) -> None:
        """People at a screen are told before anything is written; platforms' events wait in the tables."""
        behind = (
            self._answering.oldest_wait > self._overload_seconds
            or self._database.waiting + self._inbox.waiting > _MAX_WAITING
        )
        if behind and any(event.surface == pb.SURFACE_LIVE for event in request.events):
            await _exhausted(rpc, "overloaded", random.uniform(2, 5))  # noqa: S311 - jitter

    async def _charge(self, request: pb.ReceiveRequest, rpc: _Rpc) -> None:
        if not _are_limits(request.rate_limits):
            await rpc.abort(grpc.StatusCode.INVALID_ARGUMENT, "a rate limit needs a key of its own, a burst and a rate")
        seconds = await _available(rpc, self._limits.charge(request.rate_limits))
        if seconds > 0:
            await _exhausted(rpc, "rate_limited", seconds)

    async def Follow(self, requests: AsyncIterator[pb.FollowRequest], rpc: _Rpc) -> AsyncIterator[pb.FollowResponse]:
        follower = self._hub.join()
        reading = asyncio.create_task(self._read_commands(requests, follower))
        try:
            async for events in follower.batches():
                yield pb.FollowResponse(events=events)
        finally:
            reading.cancel()
            self._hub.leave(follower)
        await rpc.abort(grpc.StatusCode.UNAVAILABLE, "subscribe again from the last revision")

    async def _read_commands(self, requests: AsyncIterator[pb.FollowRequest], follower: Follower) -> None:
        async for request in requests:
            if request.HasField("subscribe"):
                self._hub.subscribe(follower, request.subscribe)
            elif request.HasField("unsubscribe"):
                self._hub.unsubscribe(follower, request.unsubscribe.subscription_id)

    async def ListMessages(self, request: pb.ListMessagesRequest, rpc: _Rpc) -> pb.ListMessagesResponse:
        return await _available(rpc, self._history.page(request))

    async def ClaimDeliveries(self, request: pb.ClaimDeliveriesRequest, rpc: _Rpc) -> pb.ClaimDeliveriesResponse:
        return await _answered(rpc, self._outbox.claim(request, rpc.time_remaining()))

    async def SplitDelivery(self, request: pb.SplitDeliveryRequest, rpc: _Rpc) -> pb.SplitDeliveryResponse:
        if not is_id(request.delivery_id):
            await rpc.abort(grpc.StatusCode.INVALID_ARGUMENT, "delivery_id is no UUID")
        if not await _answered(rpc, self._outbox.split(request)):
            await rpc.abort(grpc.StatusCode.FAILED_PRECONDITION, "the claim is over, or the delivery has other parts")
        return pb.SplitDeliveryResponse()

    async def SettleDelivery(self, request: pb.SettleDeliveryRequest, rpc: _Rpc) -> pb.SettleDeliveryResponse:
        if request.WhichOneof("outcome") is None or not is_id(request.delivery_id):
            await rpc.abort(grpc.StatusCode.INVALID_ARGUMENT, "delivery_id is no UUID, or outcome is not set")
        response = await _available(rpc, self._outbox.settle(request))
        if not response.state:
            await rpc.abort(grpc.StatusCode.NOT_FOUND, "no such delivery")
        return response

    async def SetOwner(self, request: pb.SetOwnerRequest, rpc: _Rpc) -> pb.SetOwnerResponse:
        if request.owner not in (pb.AUTHOR_HUMAN, pb.AUTHOR_ASSISTANT) or not is_id(request.conversation_id):
            await rpc.abort(
                grpc.StatusCode.INVALID_ARGUMENT, "conversation_id is no UUID, or owner is nobody who answers"
            )
        result = await _available(rpc, ownership.set_owner(self._database, request))
        if result is None:
            await rpc.abort(grpc.StatusCode.NOT_FOUND, "no such conversation")
            raise AssertionError("abort has raised")
        changes, response = result
        for change in changes:
            self._hub.tell(change)
        self._answering.wake()
        return response

    async def ListParked(self, request: pb.ListParkedRequest, rpc: _Rpc) -> pb.ListParkedResponse:
        return await _answered(rpc, self._outbox.list_parked(request))

    async def ResolveParked(self, request: pb.ResolveParkedRequest, rpc: _Rpc) -> pb.ResolveParkedResponse:
        if not request.decision or not is_id(request.delivery_id):
            await rpc.abort(grpc.StatusCode.INVALID_ARGUMENT, "delivery_id is no UUID, or decision is not set")
        response = await _available(rpc, self._outbox.resolve_parked(request))
        if not response.state:
            await rpc.abort(grpc.StatusCode.NOT_FOUND, "no such delivery")
        return response

    async def Preview(self, request: pb.PreviewRequest, rpc: _Rpc) -> AsyncIterator[pb.PreviewResponse]:
        preview = self._hub.previews.current((request.conversation_id, request.channel, request.account))
        if preview is None or preview.attempt != (request.turn_no, request.fence):
            await rpc.abort(grpc.StatusCode.NOT_FOUND, "this turn is not answered here")
            return
        watcher = Follower()
        preview.watch(watcher)
        try:
            async for events in watcher.batches():
                for event in events:
                    yield pb.PreviewResponse(
                        delta=event.delta if event.HasField("delta") else None,
                        reset=event.reset if event.HasField("reset") else None,
                    )
        finally:
            preview.watchers.discard(watcher)


def _are_limits(limits: Sequence[pb.RateLimit]) -> bool:
    sound = all(1 <= len(x.key) <= 128 and "\0" not in x.key and x.burst >= 1 and x.per_minute >= 1 for x in limits)
    return sound and len({limit.key for limit in limits}) == len(limits)


async def _available(rpc: _Rpc, work: Awaitable[T]) -> T:
    try:
        return await work
    except DatabaseUnavailable as error:
        await rpc.abort(grpc.StatusCode.UNAVAILABLE, f"the database is not available: {error}")
        raise  # abort has raised already; this tells the type checker


async def _answered(rpc: _Rpc, work: Awaitable[T]) -> T:
    """Where `work` says in a ValueError what is wrong with the request, the caller is told."""
    try:
        return await _available(rpc, work)
    except ValueError as error:
        await rpc.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        raise  # abort has raised already; this tells the type checker


async def _exhausted(rpc: _Rpc, reason: str, seconds: float) -> None:
    rpc.set_trailing_metadata((("retry-after-ms", str(max(1, round(seconds * 1000)))),))
    await rpc.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, reason)
