"""A reader of server-sent events, as a browser is one."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import requests

from tests.web_gateway.gateways import Gateway, bearer


class Event(NamedTuple):
    """One event; `id` is empty where it has none."""

    name: str
    data: dict[str, Any]
    id: str = ""


class EventStream:
    """An open stream."""

    def __init__(self, response: requests.Response, seconds: float = 30) -> None:
        """It has to give what is read of it within `seconds`."""
        self.response = response
        self.comments = 0
        self._lines = self._read(time.monotonic() + seconds)

    def _read(self, limit: float) -> Iterator[bytes]:
        for line in self.response.iter_lines(chunk_size=65536):  # of a chunked response: each chunk as it comes
            assert time.monotonic() < limit, "nothing more than heartbeats in time"
            yield line

    def __iter__(self) -> Iterator[Event]:
        name, data, event_id = "", {}, ""
        for line in self._lines:
            field, _, value = line.decode().partition(": ")
            if line.startswith(b":"):
                self.comments += 1
            elif field == "event":
                name = value
            elif field == "data":
                data = json.loads(value)
            elif field == "id":
                event_id = value
            elif not line and name:
                yield Event(name, data, event_id)
                name, data, event_id = "", {}, ""

    def next(self) -> Event:
        return next(iter(self))

    def until(self, name: str) -> list[Event]:
        """Events up to and with the first one of that name."""
        seen = []
        for event in self:
            seen.append(event)
            if event.name == name:
                return seen
        raise AssertionError(f"the stream ended without {name}: {seen}")

    def messages(self, count: int) -> list[Event]:
        """At most so many messages; fewer where the stream ends or breaks off."""
        seen: list[Event] = []
        try:
            for event in self:
                seen += [event] if event.name == "message" else []
                if len(seen) == count:
                    break
        except requests.exceptions.ChunkedEncodingError:
            pass
        return seen

    def await_comment(self) -> None:
        for line in self._lines:
            if line.startswith(b":"):
                return


@contextmanager
def follow(
    gateway: Gateway, token: str, after: int | None = None, headers: dict[str, str] | None = None
) -> Iterator[EventStream]:
    """Read GET /chat/events from its first byte on."""
    query = "" if after is None else f"?after={after}"
    named: dict[str, Any] = {"headers": bearer(token) | (headers or {}), "stream": True}
    with gateway.get(f"/chat/events{query}", **named) as response:
        assert response.status_code == 200, response.text
        stream = EventStream(response)
        stream.await_comment()
        yield stream


@contextmanager
def say(gateway: Gateway, text: str, token: str | None = None, key: str | None = None) -> Iterator[EventStream]:
    """Post a message and read the way to its reply."""
    accept = {"Accept": "text/event-stream"}
    with gateway.say(text, token, key=key, headers=accept, stream=True) as response:
        assert response.status_code == 200, response.text
        yield EventStream(response)
