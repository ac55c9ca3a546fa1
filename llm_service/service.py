"""The gRPC surface: translates a call into a turn, and what the ladder gives into the contract's events."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import grpc
import grpc.aio

from chassis.faultpoints import faultpoint
from llm_service import figures
from llm_service.events import Delta, Event, Final, Reset, Said, Turn
from llm_service.replies import Replies
from protos import llm_pb2 as pb
from protos import llm_pb2_grpc

_Rpc = Any  # grpc.aio.ServicerContext, whose type parameters add nothing here


class LlmService(llm_pb2_grpc.LlmServiceServicer):
    """Implements the contract of protos/llm.proto."""

    def __init__(self, replies: Replies, concurrency: int) -> None:
        self._replies = replies
        self._concurrency = concurrency
        self._in_flight = 0

    async def GenerateReply(
        self, requests: AsyncIterator[pb.GenerateReplyRequest], rpc: _Rpc
    ) -> AsyncIterator[pb.GenerateReplyResponse]:
        # There are no tools yet that ask the caller, so nothing after `start` is awaited or read.
        turn = await self._turn(await anext(requests, None), rpc)
        if self._in_flight >= self._concurrency:
            await rpc.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many replies at once (LLM_CONCURRENCY)")
        self._in_flight += 1
        try:
            with figures.replies_in_flight.track_inprogress():
                async with aclosing(self._replies.generate(turn)) as events:
                    async for event in events:
                        yield _RESPONSES[type(event)](event)
                        faultpoint("model.streaming")
        finally:
            self._in_flight -= 1

    async def _turn(self, request: pb.GenerateReplyRequest | None, rpc: _Rpc) -> Turn:
        start = request.start if request is not None and request.HasField("start") else None
        if problem := _problem(start):
            await rpc.abort(grpc.StatusCode.INVALID_ARGUMENT, problem)
        assert start is not None  # noqa: S101 - _problem says so
        return Turn(
            start.conversation_id,
            tuple(Said(message.role == pb.ROLE_CUSTOMER, message.text) for message in start.history),
            start.safe_text,
        )


def _problem(start: pb.Start | None) -> str:
    if start is None:
        return "send `start` first"
    if not start.safe_text.strip():
        return "start.safe_text is empty: say what to answer when every rung fails"
    if any(message.role not in _ROLES for message in start.history):
        return "start.history: a role is unset or unknown"
    if not start.history or start.history[-1].role != pb.ROLE_CUSTOMER:
        return "start.history must end with what the customer said"
    return ""


_ROLES = (pb.ROLE_CUSTOMER, pb.ROLE_ASSISTANT, pb.ROLE_HUMAN)


def _delta(event: Delta) -> pb.GenerateReplyResponse:
    return pb.GenerateReplyResponse(delta=pb.Delta(text=event.text))


def _reset(_event: Reset) -> pb.GenerateReplyResponse:
    return pb.GenerateReplyResponse(reset=pb.Reset())


def _final(event: Final) -> pb.GenerateReplyResponse:
    return pb.GenerateReplyResponse(
        final=pb.Final(
            text=event.text,
            citations=[pb.Citation(source=citation.source, title=citation.title) for citation in event.citations],
            provider=event.provider,
            model=event.model,
            used_fallback=event.used_fallback,
            error_code=event.error_code,
            calls=[
                pb.Call(
                    provider=call.provider,
                    model=call.model,
                    error_code=call.error_code,
                    prompt_tokens=call.prompt_tokens,
                    completion_tokens=call.completion_tokens,
                    latency_ms=call.latency_ms,
                    first_token_ms=call.first_token_ms,
                    cost_micros=call.cost_micros,
                )
                for call in event.calls
            ],
            prompt_version=event.prompt_version,
            knowledge_version=event.knowledge_version,
            latency_ms=event.latency_ms,
        )
    )


_RESPONSES: dict[type[Event], Any] = {Delta: _delta, Reset: _reset, Final: _final}
