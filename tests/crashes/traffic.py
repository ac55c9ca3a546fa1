"""What customers do in a storm: posts and webhooks with marks in them, repeated, mixed, and noted when acknowledged."""

import random
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import requests

from protos import conversation_pb2 as pb
from tests.crashes import platform
from tests.crashes.platform import Platform
from tests.fleet import Customer

_PATIENCE_SECONDS = 120
_MESSAGES_EACH = 12  # of a conversation, on average
_REPEATED, _POISONED = 0.25, 0.02


@dataclass
class Sent:
    """One message and what its sender knows of it; times are monotonic seconds."""

    key: str
    mark: str
    text: str
    first_sent: float = 0.0
    acknowledged: float = 0.0
    ids: set[str] = field(default_factory=set)  # from every acknowledgement

    def note(self, message_id: str) -> None:
        self.ids.add(message_id)
        self.acknowledged = self.acknowledged or time.monotonic()

    def sending(self) -> None:
        self.first_sent = self.first_sent or time.monotonic()


Deed = Callable[[], None]


class Traffic:
    """The script of one storm, the same for the same seed; `deeds` are to be done in this order, and may overlap."""

    def __init__(self, seed: int, events: int, gateways: list[str], platform_gateway: Platform) -> None:
        self._random = random.Random(seed)
        self._gateways = gateways
        self._platform_gateway = platform_gateway
        self.sent: dict[str, Sent] = {}  # by key
        self.poison: set[str] = set()
        self.heard: dict[str, int] = defaultdict(int)  # the gateways' answers, by status
        count = max(2, events // _MESSAGES_EACH // 2)
        self._customers = {mark: Customer(gateways[0]) for mark in self._marks("w", count)}
        self._threads = dict.fromkeys(self._marks("p", count))
        self.deeds = list(self._deeds(events))

    def _marks(self, kind: str, count: int) -> list[str]:
        return [f"{kind}{number}x{self._random.getrandbits(32):08x}" for number in range(count)]

    def _deeds(self, events: int) -> Iterator[Deed]:
        """A repetition comes at the same time as the first, or some deeds later."""
        later: list[tuple[int, Deed]] = []
        number = 0
        while len(self.sent) + len(self.poison) < events or later:
            number += 1
            for due in [one for one in later if one[0] <= number or len(self.sent) + len(self.poison) >= events]:
                later.remove(due)
                yield due[1]
            if len(self.sent) + len(self.poison) >= events:
                continue
            deed = self._post() if self._random.random() < 0.5 else self._batch()
            if self._random.random() < _REPEATED:
                later.append((number + self._random.choice((0, 0, 1, 5, 20)), deed))
            yield deed

    def _new(self, mark: str) -> Sent:
        key = str(uuid.UUID(int=self._random.getrandbits(128), version=4))
        sent = self.sent[key] = Sent(key, mark, f"{mark} says number {len(self.sent)}")
        return sent

    def _post(self) -> Deed:
        mark = self._random.choice(list(self._customers))
        sent, first = self._new(mark), self._random.randrange(len(self._gateways))
        return lambda: self._until_posted(sent, self._customers[mark].session, first)

    def _until_posted(self, sent: Sent, session: str, attempt: int) -> None:
        sent.sending()
        body = {"message": sent.text, "sessionId": session, "clientMessageId": sent.key}
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            attempt += 1
            url = f"{self._gateways[attempt % len(self._gateways)]}/chat/message"
            try:
                answer = requests.post(url, json=body, headers={"Prefer": "respond-async"}, timeout=10)
            except requests.RequestException:
                self.heard["broken"] += 1
                time.sleep(0.1)
                continue
            self.heard[str(answer.status_code)] += 1
            if answer.status_code == 202:
                return sent.note(answer.json()["messageId"])
            assert answer.status_code == 503, answer.text
            time.sleep(0.2)
        raise AssertionError(f"never stored: {sent}")

    def _batch(self) -> Deed:
        threads = [self._random.choice(list(self._threads)) for _ in range(self._random.randint(1, 5))]
        sent = [self._new(mark) for mark in threads]
        events = [platform.message(one.mark, one.key, one.text) for one in sent]
        if self._random.random() < _POISONED * len(events):
            key = f"poison {len(self.poison)}"
            self.poison.add(key)
            events.insert(self._random.randrange(len(events) + 1), platform.poison(key))
        if self._random.random() < 0.1:  # then the batch is no single statement
            events.append(platform.reaction(threads[0], f"reaction to {sent[0].key}"))
        return lambda: self._until_taken(events)

    def _until_taken(self, events: list[pb.Event]) -> None:
        for event in events:
            if one := self.sent.get(event.event_key):
                one.sending()
        for receipt in self._platform_gateway.deliver(events):
            if one := self.sent.get(receipt.event_key):
                assert receipt.outcome in {pb.Receipt.OUTCOME_RECORDED, pb.Receipt.OUTCOME_DUPLICATE}, receipt
                one.note(receipt.message_id)
