"""Runs the service and calls it over real gRPC."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from chassis.channel import Peer
from chassis.credentials import Credentials
from llm_service.app import App
from protos import llm_pb2 as pb
from protos import llm_pb2_grpc
from tests.llm_service.harness import QUESTION, SAFE_TEXT, settings
from tests.ports import free_port
from tests.scripted_openai import ScriptedOpenAI

Call = Any


@asynccontextmanager
async def running(
    server: ScriptedOpenAI | None, *, seconds: float = 20, **changes: object
) -> AsyncIterator[Callable[[], Call]]:
    """The service on a free port; gives what opens a call, which may take so many `seconds`."""
    port = free_port()
    given = settings(server, llm_service_port=port, **changes)
    app = App(given)
    await app.start()
    peer = Peer(f"127.0.0.1:{port}", Credentials(given))
    async with peer.connect_async() as channel:
        stub = llm_pb2_grpc.LlmServiceStub(channel)
        yield lambda: stub.GenerateReply(metadata=peer.metadata(), timeout=seconds)
    await app.server.grpc.stop(1)
    await app.stop()


def start(*said: tuple[int, str], safe_text: str = SAFE_TEXT) -> pb.GenerateReplyRequest:
    history = [pb.HistoryMessage(role=role, text=text) for role, text in said or ((pb.ROLE_CUSTOMER, QUESTION),)]  # type: ignore[arg-type]
    return pb.GenerateReplyRequest(
        start=pb.Start(conversation_id="c", turn_no=1, fence=1, channel="web", history=history, safe_text=safe_text)
    )


async def answer(call: Call, request: pb.GenerateReplyRequest) -> list[pb.GenerateReplyResponse]:
    await call.write(request)
    return [event async for event in call]


async def eventually(holds: Callable[[], bool], seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - the scripted server runs in another thread
            await asyncio.sleep(0.01)
