"""A browser without a browser: posts until there is a reply, and follows the conversation whatever breaks off."""

import time
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from tests.fleet import Customer
from tests.web_gateway.event_streams import Event, EventStream

_PATIENCE_SECONDS = 45
_BREAKS = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


@dataclass
class Asked:
    """A message that was answered, and what its poster heard until then: a status, or 0 where the connection broke."""

    key: str
    reply: dict[str, Any]
    heard: list[int]


class Browser:
    """One customer at several gateways, of which another is taken when one cannot be reached."""

    def __init__(self, urls: list[str]) -> None:
        self._urls = urls
        self._customer = Customer(urls[0])
        self.asked: dict[str, Asked] = {}  # by their ids
        self.messages: list[dict[str, Any]] = []  # as the event stream showed them
        self.resets = 0
        self._previews: dict[int, str] = {}
        self._rev = 0
        self._events = self._follow()
        self._shown_by = ""  # the gateway that showed the last event

    def history(self) -> list[dict[str, Any]]:
        return self._customer.history()

    @property
    def session(self) -> str:
        return self._customer.session

    def ask(self, text: str, key: str | None = None) -> Asked:
        """Post under one id until the reply comes; every refusal on the way has to be one that ends by itself."""
        heard: list[int] = []
        key, deadline = key or str(uuid.uuid4()), time.monotonic() + _PATIENCE_SECONDS
        for attempt in range(10_000):
            assert time.monotonic() < deadline, f"no reply to {text!r}: {heard}"
            self._customer.url = self._urls[attempt % len(self._urls)]
            try:
                response = self._customer.post(text, key)
            except _BREAKS:
                heard.append(0)
                time.sleep(0.1)
                continue
            heard.append(response.status_code)
            if response.status_code == 200:
                return self._note(Asked(key, response.json(), heard))
            if response.status_code == 503:
                assert int(response.headers["Retry-After"]) in range(1, 11)
            else:
                assert response.status_code == 202, response.text
            time.sleep(0.2)
        raise AssertionError

    def _note(self, asked: Asked) -> Asked:
        earlier = self.asked.setdefault(asked.key, asked)
        assert asked.reply == earlier.reply, "the same message got another reply"
        return asked

    @contextmanager
    def asking(self, text: str, key: str | None = None) -> Iterator["Future[Asked]"]:
        """Ask while the block watches; the answer is there at its end."""
        with ThreadPoolExecutor(1) as executor:
            yield executor.submit(self.ask, text, key)

    def greet(self) -> Asked:
        """Ask something and see the reply in the event stream, which is whole then."""
        next(self._events)
        greeting = self.ask("hello")
        self.await_replies(1)
        return greeting

    def assert_answered_once(self) -> None:
        """The history, the event stream and the posts agree: every message once, every reply once, in order."""
        history, asked = self.history(), list(self.asked.values())
        assert [message["author"] for message in history] == ["customer", "assistant"] * len(asked)
        assert [message["clientMessageId"] for message in history[::2]] == [one.key for one in asked]
        assert [message["text"] for message in history[1::2]] == [one.reply["reply"] for one in asked]
        self.await_replies(len(asked))
        assert [message["id"] for message in self.messages] == [message["id"] for message in history]

    def await_delta(self) -> None:
        """Until a preview has begun."""
        self._until(lambda event: event is not None and event.name == "delta")

    def await_replies(self, count: int) -> None:
        """Until so many replies were shown, and with them everything before."""
        if len(self.replies) < count:
            self._until(lambda _event: len(self.replies) >= count)

    @property
    def replies(self) -> list[str]:
        return [message["text"] for message in self.messages if message["author"] == "assistant"]

    def _until(self, enough: Any) -> None:
        for event in self._events:
            if event:
                self._take(event)
            if enough(event):
                return

    def _take(self, event: Event) -> None:
        turn = event.data.get("turn", 0)
        if event.name == "message":
            assert event.data["rev"] > self._rev, "a message was shown twice"
            self._rev = event.data["rev"]
            self.messages.append(event.data)
            if event.data["author"] == "assistant":
                assert event.data["text"].startswith(self._previews.pop(turn, "")), "a preview was not taken back"
        elif event.name == "delta":
            self._previews[turn] = self._previews.get(turn, "") + event.data["text"]
        elif event.name == "reset":
            self._previews.pop(turn, None)
            self.resets += 1

    def _follow(self) -> Iterator[Event | None]:
        """Events for ever; None where a stream is open anew."""
        for attempt in range(10_000):
            url = self._urls[attempt % len(self._urls)]
            headers = {"Authorization": f"Bearer {self.session}", "Last-Event-ID": str(self._rev)}
            try:
                with requests.get(f"{url}/chat/events", headers=headers, stream=True, timeout=60) as response:
                    assert response.status_code in {200, 503}, response.text
                    if response.ok:
                        stream = EventStream(response)
                        stream.await_comment()
                        yield None
                        yield from stream
            except _BREAKS:
                pass
            self._previews.clear()  # as the page does when it comes back
            time.sleep(0.1)
