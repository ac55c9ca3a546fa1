"""A message as it was just recorded."""

from dataclasses import dataclass
from datetime import datetime

from conversation_service.events import Entry
from conversation_service.turns import Turn
from protos import conversation_pb2 as pb


@dataclass(frozen=True)
class Recorded:
    """A customer message that took effect now."""

    entry: Entry
    receipt: pb.Receipt
    created_at: datetime
    turn: Turn | None  # where it was claimed in the same moment
