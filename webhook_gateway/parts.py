"""Splits the events of a webhook into calls of the contract's size."""

from collections.abc import Iterable, Iterator

from protos import conversation_pb2 as pb

MAX_EVENTS, MAX_BYTES = 100, 512 * 1024
_FRAME_BYTES = 8  # around each event of a call


def size(event: pb.Event) -> int:
    """The bytes that `event` takes in a call."""
    return event.ByteSize() + _FRAME_BYTES


def split(events: Iterable[pb.Event]) -> Iterator[list[pb.Event]]:
    """All events, in their order; each alone is smaller than a call."""
    part: list[pb.Event] = []
    total = 0
    for event in events:
        added = size(event)
        if part and (len(part) == MAX_EVENTS or total + added > MAX_BYTES):
            yield part
            part, total = [], 0
        part.append(event)
        total += added
    if part:
        yield part
