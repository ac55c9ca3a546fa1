"""Cuts what is sent to what one message of gRPC may hold."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from google.protobuf.message import Message

Part = TypeVar("Part", bound=Message)


def first_within(size: int, parts: Iterable[Part]) -> Iterator[Part]:
    """The first ones that fit into `size` bytes together, but at least one."""
    used = 0
    for number, part in enumerate(parts):
        used += part.ByteSize()
        if number and used > size:
            return
        yield part
