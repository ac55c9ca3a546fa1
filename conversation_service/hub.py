"""What followers see: committed changes in the order of their revisions, and previews of answers being written.

Postgres is the truth. What this process commits is pushed at once; every gap, every start and every change made by
another replica is read from the tables, at the latest by the poll.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable

from prometheus_client import Gauge

from conversation_service import messages
from conversation_service.database import Database, columns
from conversation_service.effects.occurrence import Change
from conversation_service.followers import Follower, Subscription, Thread, send
from conversation_service.identifiers import is_id
from conversation_service.loops import every
from conversation_service.previews import Previews
from protos import conversation_pb2 as pb

_subscriptions = Gauge("follow_subscriptions", "Conversations being followed, once for each follower.")

# Messages of one conversation, and conversations, read at once: together some megabytes, forty at the worst
_PAGE = 50
_READ_AT_ONCE = 50
_NOTED = 10_000

Shown = pb.Message | pb.OwnershipChange  # what has a revision
RunningElsewhere = Callable[[Thread, int, int, str], None]  # thread, turn, fence, address of the replica


class Hub:
    """The followers of this process."""

    def __init__(self, database: Database, running: RunningElsewhere, poll_seconds: float = 0.5) -> None:
        """`running` is told of turns of followed conversations that are being answered."""
        self._database = database
        self._running = running
        self._poll_seconds = poll_seconds
        self._topics: dict[Thread, set[Subscription]] = defaultdict(set)
        self._followers: set[Follower] = set()
        self._stale: set[Thread] = set()
        self._newest: dict[str, int] = {}  # revisions by conversation, as this process committed them
        self._wakeup = asyncio.Event()
        self._closed = False
        self.previews = Previews(self._watching)

    def join(self) -> Follower:
        """A new stream."""
        follower = Follower()
        self._followers.add(follower)
        if self._closed:
            follower.close()
        return follower

    def leave(self, follower: Follower) -> None:
        """The stream is over."""
        for number in list(follower.subscriptions):
            self.unsubscribe(follower, number)
        self._followers.discard(follower)

    def close(self) -> None:
        """End all streams; their followers come back elsewhere."""
        self._closed = True
        for follower in self._followers:
            follower.close()

    def subscribe(self, follower: Follower, command: pb.Subscribe) -> None:
        """Begin with everything after the given revision."""
        self.unsubscribe(follower, command.subscription_id)
        if not is_id(command.conversation_id) or "\0" in command.channel + command.account:
            ended = pb.SubscriptionEnded(reason="refused")
            follower.push(pb.FollowEvent(subscription_ids=[command.subscription_id], ended=ended))
            return
        thread = command.conversation_id, command.channel, command.account
        subscription = Subscription(
            follower, command.subscription_id, thread, command.after_rev, not command.without_previews
        )
        follower.subscriptions[subscription.number] = subscription
        self._topics[thread].add(subscription)
        _subscriptions.inc()
        if self._newest.get(thread[0]) != command.after_rev:
            self._read_soon(thread)
        if subscription.with_previews and (preview := self.previews.current(thread)):
            preview.show_to(subscription)

    def unsubscribe(self, follower: Follower, number: int) -> None:
        """Stop; unknown numbers are ignored."""
        subscription = follower.subscriptions.pop(number, None)
        if subscription is None:
            return
        topic = self._topics[subscription.thread]
        topic.discard(subscription)
        if not topic:
            del self._topics[subscription.thread]
        _subscriptions.dec()

    def note(self, conversation_id: str, rev: int) -> None:
        """A revision that was just committed here: who follows from it on has nothing to read."""
        # Put in anew, so that the ones used last are the last to be forgotten.
        self._newest[conversation_id] = max(rev, self._newest.pop(conversation_id, 0))
        if len(self._newest) > _NOTED:
            del self._newest[next(iter(self._newest))]

    def is_followed(self, thread: Thread) -> bool:
        """Whether building a message for `publish` is worth the while."""
        return thread in self._topics

    def publish(self, thread: Thread, message: Shown) -> None:
        """A change that was just committed here."""
        topic = self._topics.get(thread, ())
        self._show(thread, topic, [message], contiguous=True)
        if any(subscription.rev < message.rev for subscription in topic):
            self._read_soon(thread)

    def tell(self, change: Change) -> None:
        """What an event brought about, which was just committed here."""
        if change.rev:
            self.note(change.thread[0], change.rev)
        if change.message is not None:
            self.publish(change.thread, change.message)
        if change.owner is not None:
            self.publish(change.thread, pb.OwnershipChange(owner=change.owner, rev=change.rev))
        if change.silent is not None:
            self.silent(change.thread, *change.silent)

    def silent(self, thread: Thread, turn_no: int, reason: str) -> None:
        """A turn ended without a reply."""
        self._tell_silence(self._topics.get(thread, ()), turn_no, reason)

    @staticmethod
    def _tell_silence(topic: Iterable[Subscription], turn_no: int, reason: str) -> None:
        """Once to each: turns of a conversation end one after the other."""
        due = [subscription for subscription in topic if subscription.silent_through < turn_no]
        send(due, turn_silent=pb.TurnSilent(turn_no=turn_no, reason=reason))
        for subscription in due:
            subscription.silent_through = turn_no

    async def run(self) -> None:
        """Keep followers up to date until cancelled."""
        await asyncio.gather(
            every(self._poll_seconds, self._read_stale, self._wakeup), every(self._poll_seconds, self._poll)
        )

    def _watching(self, thread: Thread) -> list[Subscription]:
        """Those who see answers as they are written."""
        return [subscription for subscription in self._topics.get(thread, ()) if subscription.with_previews]

    def _read_soon(self, thread: Thread) -> None:
        self._stale.add(thread)
        self._wakeup.set()

    async def _read_stale(self) -> None:
        while self._stale:
            threads = [self._stale.pop() for _ in range(min(len(self._stale), _READ_AT_ONCE))]
            # Where that fails, the poll finds them again.
            await self._read([thread for thread in threads if thread in self._topics])

    async def _read(self, threads: list[Thread]) -> None:
        after = {thread: min(subscription.rev for subscription in self._topics[thread]) for thread in threads}
        rows = [(*thread, rev) for thread, rev in after.items()]
        changes: dict[Thread, list[Shown]] = defaultdict(list)
        owners: dict[Thread, pb.OwnershipChange] = {}
        newest: dict[Thread, int] = {}
        found = await self._database.run(lambda session: session.execute("read_changes", *columns(rows, 4), _PAGE))
        for conversation_id, channel, account, rev, *message, owner, owner_rev in found:
            thread = conversation_id, channel, account
            newest[thread] = rev
            owners[thread] = pb.OwnershipChange(owner=messages.AUTHORS[owner], rev=owner_rev)
            if message[0] is not None:
                changes[thread].append(messages.from_row(tuple(message)))
        for thread, rev in newest.items():
            # Who came during the read with an older revision needs a read of their own, and has asked for it.
            topic = [s for s in self._topics.get(thread, ()) if s.rev >= after[thread]]
            self._catch_up(thread, topic, changes[thread], owners[thread], rev)

    def _catch_up(
        self, thread: Thread, topic: list[Subscription], changes: list[Shown], owner: pb.OwnershipChange, rev: int
    ) -> None:
        has_more = len(changes) == _PAGE
        if owner.rev and not (has_more and owner.rev > changes[-1].rev):
            changes = sorted([*changes, owner], key=lambda change: change.rev)
        self._show(thread, topic, changes, contiguous=False)
        if has_more:
            self._read_soon(thread)
            return
        for subscription in topic:
            subscription.rev = max(subscription.rev, rev)

    def _show(self, thread: Thread, topic: Iterable[Subscription], changes: list[Shown], contiguous: bool) -> None:
        """Send `changes`, in order, to those who lack them; if `contiguous`, only to those who lack nothing before."""
        for change in changes:
            due = [s for s in topic if (s.rev == change.rev - 1 if contiguous else s.rev < change.rev)]
            if isinstance(change, pb.OwnershipChange):
                send(due, ownership=change)
            else:
                if change.author == pb.AUTHOR_ASSISTANT:
                    self.previews.replied(thread, change.turn_no, change.text)
                send(due, message=change)
            for subscription in due:
                subscription.rev = change.rev

    async def _poll(self) -> None:
        ids = list({thread[0] for thread in self._topics})
        if not ids:
            return
        for conversation_id, channel, account, rev, turn_no, fence, worker, silent, reasons in await self._database.run(
            lambda session: session.execute("read_revisions", ids)
        ):
            thread = conversation_id, channel, account
            topic = self._topics.get(thread, ())
            if any(subscription.rev < rev for subscription in topic):
                self._read_soon(thread)
            for silent_no, reason in zip(silent or (), reasons or (), strict=True):
                self._tell_silence([s for s in topic if s.rev >= rev], silent_no, reason)
            if worker is not None and self._watching(thread):
                self._running(thread, turn_no, fence, worker)
