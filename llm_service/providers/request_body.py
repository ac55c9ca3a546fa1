"""Writes the body of a request; what stands in every prompt is put into JSON once."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache

from llm_service.prompts.prompt import Message

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class RequestBody:
    """What one model is sent."""

    def __init__(self, parameters: Mapping[str, object]) -> None:
        """`parameters` are all but the messages; there is one at least."""
        self._head = f'{_encode(dict(parameters))[:-1]},"messages":['.encode()

    def of(self, messages: Sequence[Message]) -> bytes:
        """The body with these messages."""
        return b"".join((self._head, b",".join(map(_written, messages)), b"]}"))


def _written(message: Message) -> bytes:
    return _written_once(message["content"]) if message["role"] == "system" else _encode(message).encode()


@lru_cache(maxsize=16)
def _written_once(system: str) -> bytes:
    # Instructions and knowledge are thousands of characters; to escape them takes as long as to read an answer.
    return _encode({"role": "system", "content": system}).encode()
