"""Answers while they are being written: the text so far of every turn that this replica answers or relays."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from conversation_service.followers import Follower, Subscription, Thread, send
from protos import conversation_pb2 as pb


@dataclass(eq=False)
class _Preview:
    thread: Thread
    turn_no: int
    fence: int
    text: str = ""
    watchers: set[Follower] = field(default_factory=set)  # other replicas


class Previews:
    """Previews by conversation; at most one turn of each is being answered."""

    def __init__(self, topic: Callable[[Thread], Iterable[Subscription]]) -> None:
        """`topic` gives the subscriptions to a conversation."""
        self._topic = topic
        self._previews: dict[str, _Preview] = {}

    def begin(self, thread: Thread, turn_no: int, fence: int) -> None:
        """An answer is about to be written."""
        self.end(thread)
        self._previews[thread[0]] = _Preview(thread, turn_no, fence)

    def extend(self, thread: Thread, text: str) -> None:
        """More of it, or the first of it."""
        preview = self._previews[thread[0]]
        delta = pb.PreviewDelta(turn_no=preview.turn_no, text=text, replace=not preview.text)
        preview.text += text
        send(self._topic(thread), delta=delta)
        for watcher in preview.watchers:
            watcher.push(pb.FollowEvent(delta=delta))

    def void(self, thread: Thread) -> None:
        """What was shown of it is void; more may follow."""
        preview = self._previews[thread[0]]
        if not preview.text:
            return
        preview.text = ""
        reset = pb.PreviewReset(turn_no=preview.turn_no)
        send(self._topic(thread), reset=reset)
        for watcher in preview.watchers:
            watcher.push(pb.FollowEvent(reset=reset))

    def end(self, thread: Thread) -> None:
        """It is committed, or somebody else writes it."""
        if preview := self._previews.pop(thread[0], None):
            for watcher in preview.watchers:
                watcher.close()

    def show(self, subscription: Subscription) -> None:
        """Bring somebody who comes later up to date."""
        preview = self._previews.get(subscription.thread[0])
        if preview and preview.text:
            send([subscription], delta=pb.PreviewDelta(turn_no=preview.turn_no, text=preview.text, replace=True))

    def watch(self, conversation_id: str, turn_no: int, fence: int) -> Follower | None:
        """The events of one preview from its beginning, for another replica; None where it isn't written here."""
        preview = self._previews.get(conversation_id)
        if preview is None or (preview.turn_no, preview.fence) != (turn_no, fence):
            return None
        watcher = Follower()
        preview.watchers.add(watcher)
        if preview.text:
            watcher.push(pb.FollowEvent(delta=pb.PreviewDelta(turn_no=turn_no, text=preview.text, replace=True)))
        return watcher

    def unwatch(self, watcher: Follower) -> None:
        """The other replica has left."""
        for preview in self._previews.values():
            preview.watchers.discard(watcher)

    def knows(self, thread: Thread, turn_no: int, fence: int) -> bool:
        """Whether this preview is written or relayed here."""
        preview = self._previews.get(thread[0])
        return preview is not None and (preview.turn_no, preview.fence) == (turn_no, fence)
