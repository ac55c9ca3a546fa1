"""One channel's lane: claims while it has free threads; a slow platform takes nothing from the others."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import structlog
from prometheus_client import Gauge

from protos import conversation_pb2 as pb
from webhook_gateway.sender.delivering import Delivering
from webhook_gateway.sender.outbox import MOST_AT_ONCE, Outbox, Unavailable

_logger = structlog.get_logger()
_in_flight = Gauge("sends_in_flight", "Deliveries that this process is sending.", ["channel"])

_POLL_SECONDS = 0.5
_TYPING_THREADS = 4
_TYPING_WAITING = 16


class Lane:
    """Claims and sends for one channel until it is stopped."""

    def __init__(self, delivering: Delivering, outbox: Outbox, concurrency: int) -> None:
        """`concurrency` is how many deliveries are sent at once."""
        self._delivering = delivering
        self._channel = delivering.channel
        self._outbox = outbox
        self._concurrency = concurrency
        self._sending = ThreadPoolExecutor(concurrency, thread_name_prefix=f"send-{self._channel.name}")
        # Apart, so that signs which nothing depends on never wait in front of replies.
        self._typing = ThreadPoolExecutor(_TYPING_THREADS, thread_name_prefix=f"typing-{self._channel.name}")
        self._busy = 0
        self._signals = 0  # that wait or are under way
        self._lock = threading.Lock()
        self._wakeup = threading.Event()
        self._stopping = threading.Event()
        self._reachable = True  # the outbox, when it was last asked

    def run(self) -> None:
        """Until `stop`; then what is under way is brought to its end."""
        while not self._stopping.is_set():
            self._wakeup.clear()
            try:
                more = self._claim()
                self._reachable = True
            except Unavailable as error:
                if self._reachable:
                    _logger.warning("the outbox cannot be asked", channel=self._channel.name, reason=str(error))
                self._reachable, more = False, False
            except Exception:  # the top of the loop: whatever it was, replies that come later are still to be sent
                _logger.exception("claiming failed", channel=self._channel.name)
                more = False
            if not more:
                self._wakeup.wait(_POLL_SECONDS)
        self._typing.shutdown(wait=False, cancel_futures=True)
        self._sending.shutdown(wait=True)

    def stop(self) -> None:
        """Claim nothing more."""
        self._stopping.set()
        self._wakeup.set()

    def _claim(self) -> bool:
        """Whether more may be waiting than was claimed."""
        free = min(self._concurrency - self._busy, MOST_AT_ONCE)
        if not free:
            return False
        began = time.monotonic()
        claimed = self._outbox.claim(self._channel.name, self._channel.capabilities, free)
        for delivery in claimed.deliveries:
            self._begin(delivery, began)
        # One that waits for a thread is late already, and the next claim brings it again.
        room = _TYPING_WAITING - self._signals
        for signal in claimed.typing[: max(room, 0)]:
            self._signal(signal)
        return len(claimed.deliveries) == free

    def _begin(self, delivery: pb.Delivery, began: float) -> None:
        future = self._sending.submit(self._delivering.deliver, delivery, began)
        self._count(1)
        future.add_done_callback(self._end)

    def _signal(self, signal: pb.TypingSignal) -> None:
        future = self._typing.submit(self._delivering.show_typing, signal)
        with self._lock:
            self._signals += 1
        future.add_done_callback(self._end_signal)

    def _end_signal(self, future: "Future[None]") -> None:
        with self._lock:
            self._signals -= 1
        _complain(future)

    def _count(self, change: int) -> None:
        with self._lock:
            self._busy += change
            _in_flight.labels(self._channel.name).set(self._busy)

    def _end(self, future: "Future[None]") -> None:
        self._count(-1)
        _complain(future)
        self._wakeup.set()  # the next part of the same reply may be due


def _complain(future: "Future[None]") -> None:
    """A defect of ours ends one piece of work, and is seen."""
    if not future.cancelled() and (error := future.exception()):
        _logger.error("sending failed", exc_info=error)


def run_all(lanes: list[Lane], wait_for_stop: Callable[[], object], seconds: float) -> None:
    """Run the lanes until `wait_for_stop` returns, and give what is under way so many seconds to end."""
    threads = [threading.Thread(target=lane.run, daemon=True) for lane in lanes]
    for thread in threads:
        thread.start()
    wait_for_stop()
    for lane in lanes:
        lane.stop()
    until = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
