"""What an effect is given, and what it answers: the changes that followers are told once they are committed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from conversation_service.database import Session
from conversation_service.events import Entry
from protos import conversation_pb2 as pb

Thread = tuple[str, str, str]  # conversation, channel, account


@dataclass(frozen=True)
class Occurrence:
    """An event that takes effect now, in the transaction that records it."""

    event: pb.Event
    entry: Entry
    # The conversation of its thread, which is locked; None where there is none.
    conversation_id: str | None


@dataclass(frozen=True)
class Change:
    """Something that followers see. Of `message`, `owner` and `silent` one is set."""

    thread: Thread
    rev: int = 0  # under which they see it; 0: it has none
    message: pb.Message | None = None
    owner: "pb.Author | None" = None
    silent: tuple[int, str] | None = None  # a turn that ended without a reply, and why


# Called once for each event, within the transaction; an event that comes again is not seen here.
Effect = Callable[[Session, Occurrence], Sequence[Change]]
