"""What the launcher tells the person in front of it: a line for each step, aligned, with the time it took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

WIDTH = 44


class Progress:
    """Counts from when it is made."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._open_line = False

    def elapsed(self) -> float:
        return time.monotonic() - self._began

    @contextmanager
    def step(self, label: str) -> Iterator[None]:
        """One line, begun at once and finished when the step is."""
        print(f"  {label:.<{WIDTH}} ", end="", flush=True)
        began = time.monotonic()
        try:
            yield
        except BaseException:
            print("", flush=True)
            raise
        print(f"{time.monotonic() - began:5.1f} s", flush=True)

    def note(self, text: str) -> None:
        """A line about something that happened later on."""
        print(f"  {time.strftime('%H:%M:%S')}  {text}", flush=True)

    def say(self, text: str) -> None:
        print(text, flush=True)
