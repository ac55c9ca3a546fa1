"""Records the events of one webhook: all of them, in the order of each thread, or none is acknowledged."""

from collections.abc import Sequence

from protos import conversation_pb2 as pb
from webhook_gateway.conversations import Conversations
from webhook_gateway.parts import split


class Recording:
    """Shared by all threads of a process."""

    def __init__(self, conversations: Conversations) -> None:
        self._conversations = conversations

    def record(self, events: Sequence[pb.Event], deadline: float) -> None:
        """Returns once all are committed. Raises NotRecorded by `deadline`; what was committed is recognised then."""
        for part in split(events):
            self._conversations.record(part, deadline)
