"""How the chain's processes call each other: unary, JSON in bytes, no contract, no options, no deadlines."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import grpc.aio

from chassis.memory import settle

CONVERSATION, LLM = "chain.Conversation", "chain.Llm"
Json = dict[str, Any]
_METHOD = "Answer"


def dump(value: Json) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


async def serve(name: str, answer: Callable[[Json, Any], Awaitable[Json]], port: int) -> None:
    """Until the process is ended."""
    method = grpc.unary_unary_rpc_method_handler(answer, request_deserializer=json.loads, response_serializer=dump)
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, {_METHOD: method}),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    settle()
    await server.wait_for_termination()


def connect(name: str, port: int) -> Callable[[Json], Awaitable[bytes]]:
    """The other side's method, over a channel that lives as long as the process; the answer's bytes are unread."""
    channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}")
    return channel.unary_unary(f"/{name}/{_METHOD}", request_serializer=dump)
