"""One client that follows a conversation: a bounded queue between the process's gRPC stream and a slow browser."""

import asyncio
from collections.abc import Callable

from chassis.faultpoints import faultpoint
from protos.conversation_pb2 import AUTHOR_CUSTOMER, FollowEvent, PreviewReset
from web_gateway.events import COMMENT

# Bytes that may wait for a client, beside what the sockets hold. More than any burst of an answer, little enough for
# thousands of clients that stand still.
_QUEUE_LIMIT = 256 * 1024
# Seconds that a client has to take what is still queued once its stream is over.
_GRACE = 2.0

# Turns an event into bytes (none: not shown to this client), and says whether they are the last.
View = Callable[[FollowEvent], tuple[bytes, bool]]


class Follower:
    """Made by the task that writes to the client; all methods run in that task's event loop.

    `ended` says why no more will come: done, late, slow, draining, expired, left, refused; None while it is open.
    """

    __slots__ = ("_cut_timer", "_queue", "_size", "_task", "_timer", "_turn_shown", "_view", "_waiter", "after_rev",
                 "conversation_id", "ended", "is_stream", "subscription_id")  # fmt: skip

    def __init__(self, conversation_id: str, after_rev: int, view: View, *, is_stream: bool) -> None:
        self.conversation_id = conversation_id
        self.after_rev = after_rev
        self.is_stream = is_stream
        self.subscription_id = 0
        self.ended: str | None = None
        self._view = view
        self._queue: list[bytes] = []
        self._size = 0
        self._turn_shown = 0  # whose preview the client has in part
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._cut_timer: asyncio.TimerHandle | None = None
        self._task = asyncio.current_task()

    async def next(self) -> bytes | None:
        """All that waits; None once it is over."""
        while not self._queue:
            if self.ended:
                return None
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        data = b"".join(self._queue)
        self._queue.clear()
        self._size = 0
        return data

    def take(self, event: FollowEvent) -> None:
        """Queue what this client is shown of an event; each revision once."""
        match event.WhichOneof("event"):
            case "message":
                if not self._is_new(event.message.rev):
                    return
                if event.message.author != AUTHOR_CUSTOMER and event.message.turn_no == self._turn_shown:
                    self._turn_shown = 0
            case "ownership":
                if not self._is_new(event.ownership.rev):
                    return
            case "delta":
                faultpoint("browser.streaming")
                if event.delta.replace:
                    self.void_preview()
                self._turn_shown = event.delta.turn_no
            case "reset":
                self.void_preview()
                return
            case "turn_silent":
                self._turn_shown = 0
        self._put(event)

    def void_preview(self) -> None:
        """Take back what the client was shown of an unfinished answer: a new attempt begins, or the stream broke."""
        if self._turn_shown:
            self._put(FollowEvent(reset=PreviewReset(turn_no=self._turn_shown)))
            self._turn_shown = 0

    def beat(self) -> None:
        """Queue a comment, unless the client has something to read already."""
        if self.is_stream and not self._queue and not self.ended:
            self._append(COMMENT)

    def end_after(self, seconds: float, reason: str) -> None:
        """End it then, if it is still open."""
        self._timer = asyncio.get_running_loop().call_later(seconds, self.end, reason)

    def end(self, reason: str) -> None:
        """Nothing more is queued; the client gets what is, if it takes it in time."""
        self.ended = self.ended or reason
        self._wake()
        if not self._cut_timer:
            self._cut_timer = asyncio.get_running_loop().call_later(_GRACE, self.cut, self.ended)

    def cut(self, reason: str) -> None:
        """End it now, even in the middle of a write that does not come to an end."""
        self.ended = reason
        if self._task:
            self._task.cancel()

    def close(self) -> None:
        """The writing task is done with it."""
        self._task = None
        for timer in (self._timer, self._cut_timer):
            if timer:
                timer.cancel()

    def _is_new(self, rev: int) -> bool:
        if rev <= self.after_rev:
            return False
        self.after_rev = rev
        return True

    def _put(self, event: FollowEvent) -> None:
        if self.ended:
            return
        data, is_last = self._view(event)
        if data:
            self._append(data)
        if is_last:
            self.ended = "done"
            self._wake()

    def _append(self, data: bytes) -> None:
        self._queue.append(data)
        self._size += len(data)
        self._wake()
        if self._size > _QUEUE_LIMIT:
            self.end("slow")

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)
