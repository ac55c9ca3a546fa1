"""What happened, numbered from 1 on; of very much only the newest."""

import threading
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Any

KEPT = 100_000


class Log:
    """Entries in their order. Numbers go on where the oldest entries are forgotten."""

    def __init__(self, kept: int = KEPT) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=kept)
        self._count = 0
        self._lock = threading.Lock()

    def add(self, **fields: Any) -> None:
        with self._lock:
            self._count += 1
            self._entries.append({"order": self._count, **fields})

    def after(self, order: int, last: int = 0) -> list[dict[str, Any]]:
        """What is newer than `order`, of it only the `last` so many; 0: all."""
        with self._lock:
            kept = len(self._entries)
            known = order - (self._count - kept)
            return list(islice(self._entries, max(0, known, kept - last if last else 0), None))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.after(0))

    def __len__(self) -> int:
        return len(self._entries)
