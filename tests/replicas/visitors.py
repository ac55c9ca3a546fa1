"""Visitors who write, listen and read through a balancer until they are told to stop, and remember what they saw."""

import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.replicas.balancer import Balancer
from tests.web_gateway.event_streams import Event, EventStream

_PAUSE_SECONDS = 0.15  # between two messages of one visitor
_STREAM_SECONDS = 120  # an event stream that nobody ends


@dataclass
class Seen:
    """By all visitors together."""

    requests: Counter[str] = field(default_factory=Counter)  # by kind
    failures: list[str] = field(default_factory=list)
    reconnects: int = 0
    longest_post: float = 0.0


class Visitor:
    """One browser with one session. Nothing is repeated; a stream that is told to reconnect does so."""

    def __init__(self, balancer: Balancer, seen: Seen, stop: threading.Event) -> None:
        self._balancer = balancer
        self.seen = seen
        self._stop = stop
        self.session = ""
        self.asked: list[str] = []
        self.replies: dict[str, str] = {}  # by the question's message id, as the post or its stream gave them
        self.heard: list[Event] = []  # on GET /chat/events

    def write(self, streamed: bool) -> None:
        """Ask one question after the other."""
        self._open()
        while not self._stop.wait(_PAUSE_SECONDS):
            self._guarded(self._ask_streamed if streamed else self._ask)
            if len(self.asked) % 3 == 0:
                self._guarded(self.history)

    def listen(self) -> None:
        """Hold an event stream open and ask now and then on the side."""
        self._open()
        listening = threading.Thread(target=self._guarded, args=(self._listen,))
        listening.start()
        while not self._stop.wait(2 * _PAUSE_SECONDS):
            self._guarded(self._ask_and_go)
        self._guarded(self._ask_and_go)  # its reply is the last thing to hear
        listening.join()

    def history(self) -> list[dict[str, Any]]:
        """All of it, page by page."""
        messages: list[dict[str, Any]] = []
        page: dict[str, Any] = {"rev": 0, "more": True}
        while page["more"]:
            page = self._send("GET", f"/chat/messages?after={page['rev']}", "history").json()
            messages += page["messages"]
        return messages

    def _open(self) -> None:
        self.session = self._balancer.request("POST", "/chat/session", timeout=10).json()["sessionId"]

    def _guarded(self, step: Any) -> None:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - whatever a visitor meets is a failure
            self.seen.failures.append(f"{time.strftime('%X')} {step.__name__}: {error!r}"[:500])

    def _send(self, method: str, path: str, kind: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.session}", **options.pop("headers", {})}
        self.seen.requests[kind] += 1
        answer = self._balancer.request(method, path, headers=headers, **{"timeout": 90, **options})
        assert answer.status_code in (200, 202), f"{answer.status_code} {answer.text}"
        return answer

    def _post(self, kind: str, **options: Any) -> requests.Response:
        text = f"question {uuid.uuid4().hex}"
        self.asked.append(text)
        body = {"message": text, "clientMessageId": str(uuid.uuid4())}
        started = time.monotonic()
        try:
            answer = self._send("POST", "/chat/message", kind, json=body, **options)
        except BaseException:
            self.asked.remove(text)  # whoever listens must not wait for it
            raise
        self.seen.longest_post = max(self.seen.longest_post, time.monotonic() - started)
        return answer

    def _ask(self) -> None:
        answer = self._post("post").json()
        if answer.get("pending"):
            self._await_reply(answer)
        else:
            self.replies[answer["messageId"]] = answer["reply"]

    def _ask_and_go(self) -> None:
        self._post("post and go", headers={"Prefer": "respond-async"})

    def _ask_streamed(self) -> None:
        with self._post("streamed post", headers={"Accept": "text/event-stream"}, stream=True) as answer:
            accepted: dict[str, Any] = {}
            for event in EventStream(answer):
                if event.name == "accepted":
                    accepted = event.data
                elif event.name == "reply":
                    self.replies[accepted["messageId"]] = event.data["reply"]
                    return
                elif event.name == "reconnect":
                    break
                else:
                    assert event.name in ("delta", "reset"), event
            else:
                raise AssertionError("the stream broke off")
        self.seen.reconnects += 1
        self._await_reply(accepted)

    def _await_reply(self, accepted: dict[str, Any]) -> None:
        """As a browser does: read on from where the post ended."""
        for event in self._events(accepted["rev"]):
            if event.name == "message" and event.data["author"] == "assistant":
                self.replies[accepted["messageId"]] = event.data["text"]
                return

    def _listen(self) -> None:
        for event in self._events(0):
            self.heard.append(event)
            if self._stop.is_set() and self._heard_all():
                return

    def _heard_all(self) -> bool:
        history = self.history()
        turns = {author: {m["turn"] for m in history if m["author"] == author} for author in ("customer", "assistant")}
        all_are_stored = sum(message["author"] == "customer" for message in history) == len(self.asked)
        heard = sum(event.name == "message" for event in self.heard)
        return all_are_stored and turns["customer"] == turns["assistant"] and heard == len(history)

    def _events(self, after: int) -> Iterator[Event]:
        while True:
            with self._send("GET", f"/chat/events?after={after}", "event stream", stream=True) as answer:
                for event in EventStream(answer, _STREAM_SECONDS):
                    if event.name == "reconnect":
                        break
                    yield event
                    after = int(event.id or after)
                else:
                    raise AssertionError("the event stream broke off")
            self.seen.reconnects += 1


@contextmanager
def visiting(balancer: Balancer, *, posts: int, streams: int, listeners: int) -> Iterator[tuple[Seen, list[Visitor]]]:
    """So many visitors of each kind during the block; at its end each of them gets what was promised."""
    seen, stop = Seen(), threading.Event()
    visitors = [Visitor(balancer, seen, stop) for _ in range(posts + streams + listeners)]
    ways: Sequence[tuple[Any, ...]] = [
        *[(visitor.write, False) for visitor in visitors[:posts]],
        *[(visitor.write, True) for visitor in visitors[posts : posts + streams]],
        *[(visitor.listen,) for visitor in visitors[posts + streams :]],
    ]
    threads = [threading.Thread(target=way[0], args=way[1:]) for way in ways]
    for thread in threads:
        thread.start()
    try:
        yield seen, visitors
    finally:
        stop.set()
        for thread in threads:
            thread.join()
