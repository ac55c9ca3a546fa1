"""Starts the services one after the other, keeps them running, and stops them in the reverse order."""

import signal
import time
from collections.abc import Callable, Sequence

from local_stack.errors import StackError
from local_stack.progress import Progress
from local_stack.service_process import ServiceProcess

READY_WITHIN = 60.0
# A service that ran this long was well; its next death counts as the first one again.
WELL_AFTER = 60.0
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0


class Supervisor:
    """Watches over the services of one stack."""

    def __init__(self, processes: Sequence[ServiceProcess], progress: Progress) -> None:
        self._keepers = [_Keeper(process, progress) for process in processes]
        self._progress = progress

    def start(self) -> None:
        """Returns when all are ready. Raises StackError where one is not, with the end of its log."""
        for keeper in self._keepers:
            with self._progress.step(keeper.process.service.label):
                keeper.process.spawn()
                _wait_until_ready(keeper.process)

    def look_after(self) -> None:
        """Called again and again: starts what has died, with growing pauses."""
        for keeper in self._keepers:
            keeper.look_after()

    def stop(self, seconds: float, hurried: Callable[[], bool]) -> None:
        """Asks each to end before the one that it depends on, and kills what is left after `seconds`.

        A slow one does not hold the others up for more than its share. `hurried` ends all waiting.
        """
        deadline = time.monotonic() + seconds
        running = [keeper.process for keeper in reversed(self._keepers) if keeper.process.running()]
        for position, process in enumerate(running):
            process.terminate()
            share = (deadline - time.monotonic()) / (len(running) - position)
            _wait_for_end(process, time.monotonic() + share, hurried)
        for process in running:
            if not _wait_for_end(process, deadline, hurried):
                self._progress.note(f"{process.service.name} did not end in time and was killed")
        for keeper in self._keepers:
            keeper.process.kill()


class _Keeper:
    """Restarts one service."""

    def __init__(self, process: ServiceProcess, progress: Progress) -> None:
        self.process = process
        self._progress = progress
        self._deaths = 0
        self._restart_at: float | None = None
        self._announce = False

    def look_after(self) -> None:
        if self.process.running():
            if self._announce and self.process.service.ready():
                self._announce = False
                self._progress.note(f"{self.process.service.name} is ready again")
        elif self._restart_at is None:
            self._bury()
        elif time.monotonic() >= self._restart_at:
            self._restart_at = None
            self._announce = True
            self.process.spawn()

    def _bury(self) -> None:
        if time.monotonic() - self.process.began > WELL_AFTER:
            self._deaths = 0
        pause = min(FIRST_PAUSE * 2**self._deaths, LONGEST_PAUSE)
        self._deaths += 1
        self._restart_at = time.monotonic() + pause
        self._progress.note(
            f"{self.process.service.name} {_how_it_ended(self.process.exit_code())}; starting it again in {pause:g} s"
            f" (log: {self.process.log_path})"
        )


def _wait_until_ready(process: ServiceProcess) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while not process.service.ready():
        if not process.running():
            raise _failure(process, f"{_how_it_ended(process.exit_code())} before it was ready")
        if time.monotonic() > deadline:
            raise _failure(process, f"was not ready within {READY_WITHIN:g} s")
        time.sleep(0.05)


def _wait_for_end(process: ServiceProcess, deadline: float, hurried: Callable[[], bool]) -> bool:
    while process.running():
        if hurried() or time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _how_it_ended(code: int | None) -> str:
    if code is not None and code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"


def _failure(process: ServiceProcess, what: str) -> StackError:
    lines = "".join(f"\n    {line}" for line in process.last_lines())
    name = process.service.name
    return StackError(f"{name} {what}; the last lines of {process.log_path}:{lines}" if lines else f"{name} {what}.")
