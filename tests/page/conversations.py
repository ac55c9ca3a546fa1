"""What the stand-in server remembers: sessions, and conversations that push their events to open streams."""

from __future__ import annotations

import json
import queue
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]


class Conversation:
    """One conversation. The methods named after events are what a test plays the assistant with."""

    def __init__(self) -> None:
        self.messages: dict[str, Json] = {}
        self.rev = 0
        self.turn = 0
        self.previews: dict[int, str] = {}
        self.streams: list[queue.Queue[bytes | None]] = []
        self._keys: dict[str, Json] = {}
        self._lock = threading.RLock()

    # What the customer does

    def receive(self, text: str, key: str) -> tuple[Json, bool]:
        """The message of this key, and whether its text is this one."""
        with self._lock:
            if key not in self._keys:
                self.turn += 1
                self._keys[key] = self.write("customer", text, turn=self.turn, clientMessageId=key)
            return self._keys[key], self._keys[key]["text"] == text

    # What the assistant, a person of the team and the system do

    def write(self, author: str, text: str, *, turn: int = 0, at: datetime | None = None, **more: Any) -> Json:
        with self._lock:
            message = {
                "id": str(uuid.uuid4()),
                "seq": len(self.messages) + 1,
                "author": author,
                "kind": "text",
                "text": text,
                "createdAt": (at or datetime.now(UTC)).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "turn": turn or self.turn,
                **more,
            }
            return self.change(message)

    def change(self, message: Json, **changes: Any) -> Json:
        """Commits a message, or a change to one, under the next revision."""
        with self._lock:
            self.rev += 1
            message.update(changes, rev=self.rev)
            self.messages[message["id"]] = message
            if message["author"] == "assistant":
                self.previews.pop(message["turn"], None)
            self.push("message", message, self.rev)
            return message

    def reply(self, text: str, *, turn: int = 0, **meta: Any) -> Json:
        full = {"provider": "offline", "model": "", "usedFallback": False, "errorCode": "", "citations": [], **meta}
        return self.write("assistant", text, turn=turn, meta=full)

    def delta(self, text: str, *, turn: int = 0) -> None:
        with self._lock:
            turn = turn or self.turn
            self.previews[turn] = self.previews.get(turn, "") + text
            self.push("delta", {"turn": turn, "text": text})

    def reset(self, *, turn: int = 0) -> None:
        self.previews.pop(turn or self.turn, None)
        self.push("reset", {"turn": turn or self.turn})

    # The streams

    def push(self, event: str, data: Json, rev: int | None = None) -> None:
        self.push_bytes(frame(event, data, rev))

    def push_bytes(self, data: bytes) -> None:
        with self._lock:
            for stream in self.streams:
                stream.put(data)

    def cut(self) -> None:
        """Ends all open streams as a broken connection would."""
        with self._lock:
            for stream in self.streams:
                stream.put(None)

    def after(self, rev: int) -> list[Json]:
        with self._lock:
            return sorted((m for m in self.messages.values() if m["rev"] > rev), key=lambda message: message["rev"])

    def follow(self, rev: int) -> Iterator[bytes]:
        """Everything after `rev`, then the answer being written from its beginning, then what happens."""
        mine: queue.Queue[bytes | None] = queue.Queue()
        with self._lock:
            for message in self.after(rev):
                mine.put(frame("message", message, message["rev"]))
            for turn, text in self.previews.items():
                mine.put(frame("delta", {"turn": turn, "text": text}))
            self.streams.append(mine)
        try:
            while (data := mine.get()) is not None:
                yield data
        finally:
            with self._lock:
                self.streams.remove(mine)


def frame(event: str, data: Json, rev: int | None = None) -> bytes:
    """One server-sent event."""
    number = f"id: {rev}\n" if rev is not None else ""
    return f"event: {event}\n{number}data: {json.dumps(data)}\n\n".encode()
