"""Those who follow conversations: a gateway process with its subscriptions, and the events that wait for it."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any

from protos import conversation_pb2 as pb

Thread = tuple[str, str, str]  # conversation id, channel, account: a subscription with foreign ones stays empty

_QUEUE = 20_000  # events that one process may be behind
_GATHER_SECONDS = 0.005


@dataclass(eq=False)
class Follower:
    """One stream to one process."""

    subscriptions: dict[int, "Subscription"] = field(default_factory=dict)
    _events: list[pb.FollowEvent] = field(default_factory=list)
    _wakeup: asyncio.Event = field(default_factory=asyncio.Event)
    _closed: bool = False

    def push(self, event: pb.FollowEvent) -> None:
        """Append an event; a follower too far behind is closed instead, and resumes from where it was."""
        if len(self._events) >= _QUEUE:
            self.close()
        self._events.append(event)
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
            events, self._events = self._events, []
            if events:
                yield events
            if self._closed:
                return
            await asyncio.sleep(_GATHER_SECONDS)


@dataclass(eq=False)
class Subscription:
    """One follower's interest in one conversation, and how far it has seen it."""

    follower: Follower
    number: int
    thread: Thread
    rev: int


def send(subscriptions: Iterable[Subscription], **event: Any) -> None:
    """Give an event, as the contract's FollowEvent names its kinds, to each subscription."""
    numbers: dict[Follower, list[int]] = defaultdict(list)
    for subscription in subscriptions:
        numbers[subscription.follower].append(subscription.number)
    for follower, its_numbers in numbers.items():
        follower.push(pb.FollowEvent(subscription_ids=its_numbers, **event))
