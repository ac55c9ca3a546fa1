"""Answers while they are being written: the text so far of every turn that this replica answers or relays."""

from collections.abc import Callable, Iterable

from conversation_service.followers import Follower, Subscription, Thread, send
from protos import conversation_pb2 as pb

Topic = Callable[[Thread], Iterable[Subscription]]


class Preview:
    """One attempt to answer a turn. Once another attempt has begun, what is done with this one is seen by nobody."""

    def __init__(self, previews: "Previews", thread: Thread, turn_no: int, fence: int) -> None:
        self.thread = thread
        self.attempt = turn_no, fence
        self.text = ""
        self.watchers: set[Follower] = set()  # other replicas
        self._previews = previews

    @property
    def current(self) -> bool:
        """Whether it still is the one that is shown."""
        return self._previews.current(self.thread) is self

    def extend(self, text: str) -> None:
        """More of it, or the first of it."""
        if self.current:
            first, self.text = not self.text, self.text + text
            self._show(delta=pb.PreviewDelta(turn_no=self.attempt[0], text=text, replace=first))

    def void(self) -> None:
        """What was shown of it is void; more may follow."""
        if self.current and self.text:
            self.text = ""
            self._show(reset=pb.PreviewReset(turn_no=self.attempt[0]))

    def end(self, committed: bool) -> None:
        """The message itself follows, or somebody else writes it."""
        if not committed:
            self.void()
        self._previews.remove(self)
        for watcher in self.watchers:
            watcher.close()

    def show_to(self, subscription: Subscription) -> None:
        """Bring somebody who comes later up to date."""
        if self.text:
            send([subscription], delta=self._whole())

    def watch(self, watcher: Follower) -> None:
        """Give everything from the beginning to another replica."""
        self.watchers.add(watcher)
        if self.text:
            watcher.push(pb.FollowEvent(delta=self._whole()))

    def _whole(self) -> pb.PreviewDelta:
        return pb.PreviewDelta(turn_no=self.attempt[0], text=self.text, replace=True)

    def _show(self, **event: object) -> None:
        send(self._previews.topic(self.thread), **event)
        for watcher in self.watchers:
            watcher.push(pb.FollowEvent(**event))  # type: ignore[arg-type] # delta or reset


class Previews:
    """The current attempt of each conversation; at most one turn of each is being answered."""

    def __init__(self, topic: Topic) -> None:
        """`topic` gives the subscriptions to a conversation."""
        self.topic = topic
        self._current: dict[Thread, Preview] = {}

    def begin(self, thread: Thread, turn_no: int, fence: int) -> Preview:
        """An answer is about to be written; it takes the place of any earlier one of the conversation.

        A worker that wakes up too late begins behind another one: what it writes is seen by nobody.
        """
        preview, other = Preview(self, thread, turn_no, fence), self._current.get(thread)
        if other is None or other.attempt <= preview.attempt:
            if other:
                other.end(committed=False)
            self._current[thread] = preview
        return preview

    def current(self, thread: Thread) -> Preview | None:
        """The attempt that is shown."""
        return self._current.get(thread)

    def replied(self, thread: Thread, turn_no: int, text: str) -> None:
        """The reply to a turn is about to be shown, whoever wrote it: what is still being written for it is over."""
        preview = self.current(thread)
        if preview and preview.attempt[0] <= turn_no:
            preview.end(committed=text.startswith(preview.text))

    def remove(self, preview: Preview) -> None:
        """Forget it, if it is the current one."""
        if preview.current:
            del self._current[preview.thread]
