"""Turns the signals that end the launcher into one exception, and a second Ctrl-C into haste."""

import signal
import time
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# `make` passes on a signal that its whole group already got; a person's second Ctrl-C comes later than that.
SAME_WISH = 0.5


class StopRequested(BaseException):
    """Somebody wants everything to end. Not an Exception, so that nothing on the way takes it for a failure."""


class StopSignals:
    """Installed once, in the main thread. Raises StopRequested at the first signal and only then."""

    def __init__(self) -> None:
        self._asked_at: float | None = None
        self._hurried = False
        for number in SIGNALS:
            # nohup lets us outlive the terminal; an ignored SIGINT only says that a shell started us in the background.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._handle)

    def hurried(self) -> bool:
        """Whether somebody pressed Ctrl-C again while everything was being stopped."""
        return self._hurried

    def hold(self) -> None:
        """From here on everything is being stopped anyway."""
        self._asked_at = self._asked_at or time.monotonic()

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        if self._asked_at is None:
            self._asked_at = time.monotonic()
            raise StopRequested
        self._hurried = self._hurried or time.monotonic() - self._asked_at > SAME_WISH
