"""Gets a turn's reply written by the LLM service, with patience for an outage of it and none for a long one."""

import asyncio
import random
import time
from pathlib import Path

import grpc
import grpc.aio
import structlog

from chassis.channel import Peer
from chassis.faultpoints import faultpoint
from conversation_service.events import clean
from conversation_service.fitting import first_within
from conversation_service.previews import Preview
from conversation_service.turns import Reply, Turn
from protos import llm_pb2, llm_pb2_grpc

_logger = structlog.get_logger()

SAFE_TEXT = (Path(__file__).parent / "texts" / "safe_reply.txt").read_text(encoding="utf-8").strip()

_MARGIN_SECONDS = 3.0  # the LLM service's lower rungs and the way there and back
_BACKOFF_SECONDS = (0.1, 2.0)
_MOST_HISTORY = 768 * 1024  # bytes; no service here takes a message above 1 MiB


def safe_reply(error_code: str) -> Reply:
    """What is said when nothing else can be."""
    return Reply(SAFE_TEXT, [llm_pb2.Call(provider="safe", error_code=error_code)], True, error_code)


def fixed_reply(text: str) -> Reply:
    """What is said without asking a model."""
    return Reply(text, [llm_pb2.Call(provider="fixed")], False, "")


class Writer:
    """Calls GenerateReply."""

    def __init__(self, peer: Peer, model_seconds: float, unavailable_seconds: float) -> None:
        """`model_seconds` is the LLM service's own limit; `unavailable_seconds` how long to try to reach it."""
        self._peer = peer
        self._stub = llm_pb2_grpc.LlmServiceStub(peer.connect_async())
        self._attempt_seconds = model_seconds + _MARGIN_SECONDS
        self._unavailable_seconds = unavailable_seconds

    async def write(self, turn: Turn, preview: Preview) -> Reply:
        """The reply to `turn`, shown in `preview` as it is written."""
        first_tried, backoff = time.monotonic(), _BACKOFF_SECONDS[0]
        while True:
            try:
                return await self._attempt(turn, preview)
            except grpc.aio.AioRpcError as error:
                preview.void()
                waited = time.monotonic() - first_tried
                _logger.warning("llm service failed", code=error.code().name, details=error.details(), waited=waited)
                if error.code() in _PERMANENT or waited + backoff >= self._unavailable_seconds:
                    return safe_reply("llm_unavailable")
            await asyncio.sleep(backoff * random.uniform(0.5, 1))  # noqa: S311 - jitter
            backoff = min(backoff * 2, _BACKOFF_SECONDS[1])

    async def _attempt(self, turn: Turn, preview: Preview) -> Reply:
        call = self._stub.GenerateReply(timeout=self._attempt_seconds, metadata=self._peer.metadata())
        try:
            await call.write(llm_pb2.GenerateReplyRequest(start=_start(turn)))
            async for response in call:
                event = response.WhichOneof("event")
                if event == "delta":
                    preview.extend(response.delta.text)
                    faultpoint("turn.streaming")
                elif event == "reset":
                    preview.void()
                elif event == "tool_intent":
                    await call.write(_refuse(response.tool_intent))
                elif event == "final":
                    return _reply(response.final)
        finally:
            call.cancel()  # an abandoned turn must not keep the model busy
        raise grpc.aio.AioRpcError(
            grpc.StatusCode.INTERNAL, grpc.aio.Metadata(), grpc.aio.Metadata(), "the stream ended without a final"
        )


# Trying again would fail the same way.
_PERMANENT = {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.UNIMPLEMENTED}


def _start(turn: Turn) -> llm_pb2.Start:
    """The turn with as much of its history as one message holds, the newest in any case."""
    newest = list(first_within(_MOST_HISTORY, reversed(turn.history)))
    return llm_pb2.Start(
        conversation_id=turn.conversation_id,
        turn_no=turn.turn_no,
        fence=turn.fence,
        channel=turn.channel,
        history=newest[::-1],
        safe_text=SAFE_TEXT,
    )


def _refuse(intent: llm_pb2.ToolIntent) -> llm_pb2.GenerateReplyRequest:
    """No tool may act yet: there is no rule by which one could be allowed to."""
    refusal = llm_pb2.ToolDecision.Refusal(reason="not_allowed")
    return llm_pb2.GenerateReplyRequest(tool_decision=llm_pb2.ToolDecision(call_key=intent.call_key, refusal=refusal))


def _reply(final: llm_pb2.Final) -> Reply:
    call = llm_pb2.Call(provider=final.provider, model=final.model, error_code=final.error_code)
    return Reply(
        text=clean(final.text) or SAFE_TEXT,
        calls=[_clean_call(call) for call in final.calls or [call]],
        used_fallback=final.used_fallback,
        error_code=clean(final.error_code),
        citations=[llm_pb2.Citation(source=clean(c.source), title=clean(c.title)) for c in final.citations],
        prompt_version=clean(final.prompt_version),
        knowledge_version=clean(final.knowledge_version),
        latency_ms=final.latency_ms,
    )


def _clean_call(call: llm_pb2.Call) -> llm_pb2.Call:
    call.provider, call.model, call.error_code = clean(call.provider), clean(call.model), clean(call.error_code)
    return call
