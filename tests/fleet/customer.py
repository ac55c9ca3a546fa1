"""A customer in a browser: posts, listens, reads the history."""

import copy
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from tests.web_gateway.event_streams import EventStream


class Customer:
    """One session at the gateway at `url`, which may be changed in between."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = str(requests.post(f"{url}/chat/session", timeout=10).json()["sessionId"])

    def at(self, url: str) -> "Customer":
        """The same session at another gateway."""
        other = copy.copy(self)
        other.url = url
        return other

    def post(self, text: str, key: str | None = None, **options: Any) -> requests.Response:
        body = {"message": text, "sessionId": self.session, "clientMessageId": key or str(uuid.uuid4())}
        return requests.post(f"{self.url}/chat/message", json=body, **{"timeout": 90, **options})

    @contextmanager
    def streamed(self, text: str, key: str | None = None) -> Iterator[EventStream]:
        """Post a message and read the events up to its reply."""
        with self.post(text, key, headers={"Accept": "text/event-stream"}, stream=True) as response:
            assert response.status_code == 200, response.text
            yield EventStream(response)

    @contextmanager
    def listening(self, after: int = 0) -> Iterator[EventStream]:
        """Read GET /chat/events, from its first byte on."""
        headers = {"Authorization": f"Bearer {self.session}"}
        query = {"after": str(after)}
        with requests.get(f"{self.url}/chat/events", query, headers=headers, stream=True, timeout=60) as response:
            assert response.status_code == 200, response.text
            stream = EventStream(response)
            stream.await_comment()
            yield stream

    def history(self) -> list[dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self.session}"}
        return list(requests.get(f"{self.url}/chat/messages", headers=headers, timeout=10).json()["messages"])
