"""A running conversation service in the test's own event loop: real Postgres, real gRPC, a scripted LLM service."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc.aio
import psycopg2
from psycopg2.extensions import connection

from chassis.channel import Peer
from chassis.credentials import Credentials
from conversation_service.app import App
from conversation_service.config import ConversationSettings
from protos import conversation_pb2 as pb
from protos import conversation_pb2_grpc
from tests.ports import free_port
from tests.scripted_llm import ScriptedLlm, running_llm

TOKEN = "a-token-for-tests-only"


@dataclass
class Client:
    """One replica of the service as its callers see it, and the database behind it."""

    stub: Any
    settings: ConversationSettings
    peer: Peer
    _looking: connection | None = field(default=None, init=False, repr=False)

    async def receive(self, *events: pb.Event, limits: tuple[pb.RateLimit, ...] = ()) -> list[pb.Receipt]:
        request = pb.ReceiveRequest(events=events, rate_limits=limits)
        response = await self.stub.Receive(request, timeout=10, metadata=self.peer.metadata())
        return list(response.receipts)

    async def messages(self, conversation_id: str, after_rev: int = 0, channel: str = "web") -> list[pb.Message]:
        request = pb.ListMessagesRequest(
            conversation_id=conversation_id, channel=channel, account="default", after_rev=after_rev
        )
        return list((await self.stub.ListMessages(request, timeout=10, metadata=self.peer.metadata())).messages)

    async def replies(self, conversation_id: str, count: int = 1, channel: str = "web") -> list[pb.Message]:
        """Wait until there are `count` replies."""

        async def look() -> list[pb.Message]:
            found = await self.messages(conversation_id, channel=channel)
            return [message for message in found if message.author == pb.AUTHOR_ASSISTANT]

        return await eventually(look, lambda replies: len(replies) >= count)

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """By one connection, for tests look again and again."""
        if self._looking is None or self._looking.closed:
            self._looking = psycopg2.connect(self.settings.database_url.get_secret_value())
            self._looking.autocommit = True
        with self._looking.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []


@dataclass
class Harness(Client):
    """What a test drives and looks at: a replica in this process, with its parts and its LLM service."""

    app: App
    llm: ScriptedLlm


async def eventually(look: Callable[[], Any], enough: Callable[[Any], bool], seconds: float = 20) -> Any:
    """Look again and again until it is enough."""
    async with asyncio.timeout(seconds):
        while True:
            seen = await look()
            if enough(seen):
                return seen
            await asyncio.sleep(0.02)


def settings_for(database_url: str, llm_address: str, **overrides: Any) -> ConversationSettings:
    port = free_port()
    values: dict[str, Any] = {
        "database_url": database_url,
        "durability_elsewhere": True,  # the tests' server has fsync off
        "service_token": TOKEN,
        "conversation_service_port": port,
        "conversation_service_advertise": f"127.0.0.1:{port}",
        "conversation_service_metrics_port": 0,
        "automatic_notice": "-",
        "llm_service_address": llm_address,
    }
    return ConversationSettings(**{**values, **overrides})


@asynccontextmanager
async def running_service(url: str, llm: ScriptedLlm | None = None, **overrides: Any) -> AsyncIterator[Harness]:
    llm = llm or ScriptedLlm()
    async with running_llm(llm) as llm_address:
        settings = settings_for(url, overrides.pop("llm_address", llm_address), **overrides)
        async with running_app(settings, llm) as service:
            yield service


@asynccontextmanager
async def running_replicas(
    url: str, count: int = 2, llm: ScriptedLlm | None = None, **overrides: Any
) -> AsyncIterator[list[Harness]]:
    """Several replicas in this process that share one database and one LLM service."""
    llm = llm or ScriptedLlm()
    async with running_llm(llm) as llm_address, AsyncExitStack() as replicas:
        settings = [settings_for(url, llm_address, **overrides) for _ in range(count)]
        yield [await replicas.enter_async_context(running_app(each, llm)) for each in settings]


@asynccontextmanager
async def connected(settings: ConversationSettings, seconds: float = 10) -> AsyncIterator[Client]:
    """A caller of the replica that runs, or is about to run, under `settings`."""
    peer = Peer(f"127.0.0.1:{settings.conversation_service_port}", Credentials(settings))
    # Without the client's own health checks: a test wants to hear what the service says when it is not well.
    channel = grpc.aio.insecure_channel(f"127.0.0.1:{settings.conversation_service_port}")
    try:
        async with asyncio.timeout(seconds):
            await channel.channel_ready()
        yield Client(conversation_pb2_grpc.ConversationServiceStub(channel), settings, peer)
    finally:
        await channel.close()


@asynccontextmanager
async def running_app(settings: ConversationSettings, llm: ScriptedLlm) -> AsyncIterator[Harness]:
    app = App(settings)
    await app.start()
    try:
        async with connected(settings) as client:
            yield Harness(client.stub, client.settings, client.peer, app, llm)
    finally:
        await app.drain()
        await app.server.grpc.stop(1)
        await app.stop()


def web_message(conversation_id: str, text: str, key: str | None = None) -> pb.Event:
    return pb.Event(
        channel="web",
        account="default",
        event_key=f"{conversation_id}:{key or uuid.uuid4()}",
        thread_key=conversation_id,
        surface=pb.SURFACE_LIVE,
        conversation_id=conversation_id,
        message=pb.MessageContent(text=text),
    )


def platform_message(thread: str, text: str, key: str | None = None, account: str = "default") -> pb.Event:
    return pb.Event(
        channel="whatsapp",
        account=account,
        event_key=key or f"wamid.{uuid.uuid4()}",
        thread_key=thread,
        surface=pb.SURFACE_MESSAGING,
        message=pb.MessageContent(text=text),
        raw=b'{"raw":true}',
    )


def new_conversation() -> str:
    return str(uuid.uuid4())
