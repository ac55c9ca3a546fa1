"""Writes the body of a request; what stands in every prompt is put into JSON once and held once, for all replies."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import lru_cache

from llm_service.prompts.prompt import Message

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class RequestBody:
    """One body, to be sent once. It lets go of its bytes then, for the call keeps it until the model has answered."""

    def __init__(self, opening: bytes, rest: bytes) -> None:
        self._pieces: tuple[bytes, ...] = (opening, rest)
        self.length = len(opening) + len(rest)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces, self._pieces = self._pieces, ()
        for piece in pieces:
            yield piece


class RequestBodies:
    """What one model is sent."""

    def __init__(self, parameters: Mapping[str, object]) -> None:
        """`parameters` are all but the messages; there is one at least."""
        self._head = f'{_encode(dict(parameters))[:-1]},"messages":['

    def of(self, messages: Sequence[Message]) -> RequestBody:
        """The body with these messages: the system's, if any, and after them at least one other."""
        fixed = [message["content"] for message in messages if message["role"] == "system"]
        said = ",".join(map(_encode, messages[len(fixed) :]))
        return RequestBody(_opening(self._head, *fixed), f"{said}]}}".encode())


# Of each model one; a few more, for tests.
@lru_cache(maxsize=16)
def _opening(head: str, *fixed: str) -> bytes:
    # Thousands of characters: to escape them anew takes as long as to read an answer.
    return (head + "".join(f"{_encode({'role': 'system', 'content': text})}," for text in fixed)).encode()
