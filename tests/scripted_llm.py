"""A scripted LLM service: real gRPC, real port, replies and misbehaviour on demand, and a log of every prompt."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio

from protos import llm_pb2 as pb
from protos import llm_pb2_grpc
from tests.ports import free_port

Script = Callable[[pb.Start, Any], AsyncIterator[pb.GenerateReplyResponse]]


def delta(text: str) -> pb.GenerateReplyResponse:
    return pb.GenerateReplyResponse(delta=pb.Delta(text=text))


def reset() -> pb.GenerateReplyResponse:
    return pb.GenerateReplyResponse(reset=pb.Reset())


def final(text: str) -> pb.GenerateReplyResponse:
    call = pb.Call(provider="openai", model="scripted", prompt_tokens=7, completion_tokens=3, latency_ms=5)
    return pb.GenerateReplyResponse(
        final=pb.Final(
            text=text, provider="openai", model="scripted", calls=[call], prompt_version="p1", knowledge_version="k1"
        )
    )


async def echo(start: pb.Start, _rpc: Any) -> AsyncIterator[pb.GenerateReplyResponse]:
    """Answers with what was asked last, in two deltas."""
    asked = start.history[-1].text
    yield delta("You asked: ")
    yield delta(asked)
    yield final(f"You asked: {asked}")


class ScriptedLlm(llm_pb2_grpc.LlmServiceServicer):
    """Follows `script`; every Start is kept in `prompts`, oldest first."""

    def __init__(self, script: Script = echo) -> None:
        self.script = script
        self.prompts: list[pb.Start] = []
        self.metadata: list[dict[str, str]] = []
        self.in_flight = 0
        self.most_in_flight = 0

    async def GenerateReply(
        self, requests: AsyncIterator[pb.GenerateReplyRequest], rpc: Any
    ) -> AsyncIterator[pb.GenerateReplyResponse]:
        start = (await anext(aiter(requests))).start
        self.prompts.append(start)
        self.metadata.append(dict(rpc.invocation_metadata()))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            async for response in self.script(start, rpc):
                yield response
        finally:
            self.in_flight -= 1


@asynccontextmanager
async def running_llm(llm: ScriptedLlm, port: int | None = None) -> AsyncIterator[str]:
    """Serve `llm` and give its address."""
    limit = ("grpc.max_receive_message_length", 1 << 20)  # as in chassis/server.py
    server = grpc.aio.server(options=(("grpc.so_reuseport", 0), limit))
    llm_pb2_grpc.add_LlmServiceServicer_to_server(llm, server)
    address = f"127.0.0.1:{port or free_port()}"
    server.add_insecure_port(address)
    await server.start()
    try:
        yield address
    finally:
        await server.stop(0)


async def stall(_start: pb.Start, _rpc: Any) -> AsyncIterator[pb.GenerateReplyResponse]:
    """Never answers."""
    await asyncio.Event().wait()
    yield final("never")
