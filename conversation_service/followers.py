"""Those who follow conversations: a process with its subscriptions, and the events that wait for it."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any

from protos import conversation_pb2 as pb

Thread = tuple[str, str, str]  # conversation id, channel, account: a subscription with foreign ones stays empty

_MOST_BEHIND = 16 * 1024 * 1024  # bytes of events that one process may be behind
_BATCH = 256 * 1024  # bytes; gRPC clients refuse messages above 4 MiB
_GATHER_SECONDS = 0.005


@dataclass(eq=False)
class Follower:
    """One stream to one process."""

    subscriptions: dict[int, "Subscription"] = field(default_factory=dict)
    _events: list[pb.FollowEvent] = field(default_factory=list)
    _size: int = 0
    _wakeup: asyncio.Event = field(default_factory=asyncio.Event)
    _closed: bool = False

    def push(self, event: pb.FollowEvent) -> None:
        """Append an event. A process too far behind is sent away instead, and resumes from where it was.

        It hears of it once it reads again. To cancel who writes to it would leave it without a word, and waiting.
        """
        if self._closed:
            return
        self._events.append(event)
        self._size += event.ByteSize()
        if self._size > _MOST_BEHIND:
            self._events.clear()
            self.close()
        self._wakeup.set()

    def close(self) -> None:
        """No further events; `batches` ends after those that wait."""
        self._closed = True
        self._wakeup.set()

    async def batches(self) -> AsyncIterator[list[pb.FollowEvent]]:
        """The events as they come: the first at once, then what has gathered every few milliseconds."""
        while True:
            await self._wakeup.wait()
            self._wakeup.clear()
            while self._events:
                yield self._take()
            if self._closed:
                return
            await asyncio.sleep(_GATHER_SECONDS)

    def _take(self) -> list[pb.FollowEvent]:
        """As many events as one message should hold, but at least one."""
        size = count = 0
        for event in self._events:
            size += event.ByteSize()
            if count and size > _BATCH:
                size -= event.ByteSize()
                break
            count += 1
        taken, self._events = self._events[:count], self._events[count:]
        self._size -= size
        return taken


@dataclass(eq=False)
class Subscription:
    """One follower's interest in one conversation, and how far it has seen it."""

    follower: Follower
    number: int
    thread: Thread
    rev: int
    with_previews: bool = True
    silent_through: int = 0  # the newest turn that it was told to have ended without a reply


def send(subscriptions: Iterable[Subscription], **event: Any) -> None:
    """Give an event, as the contract's FollowEvent names its kinds, to each subscription."""
    numbers: dict[Follower, list[int]] = defaultdict(list)
    for subscription in subscriptions:
        numbers[subscription.follower].append(subscription.number)
    for follower, its_numbers in numbers.items():
        follower.push(pb.FollowEvent(subscription_ids=its_numbers, **event))
