"""Turns an authentic webhook into events: what cannot be read becomes poison, and costs its neighbours nothing."""

import hashlib
import math
import time
from collections import Counter
from collections.abc import Sequence

import structlog

from protos import conversation_pb2 as pb
from webhook_gateway import metrics
from webhook_gateway.channels.channel import Channel, Entry, WebhookRequest, event_key
from webhook_gateway.errors import NotRecorded
from webhook_gateway.reading import Unreadable

_logger = structlog.get_logger()

# What one event may come to, so that it fits into a call of the contract by itself.
MAX_EVENT_BYTES = 500 * 1024
# Of evidence that is larger, the beginning is kept.
_KEPT_BYTES = 256 * 1024
_MAX_NAME, _MAX_KEY, _MAX_TEXT, _MAX_SHOWN = 255, 512, 65_536, 255
_MAX_KEY_BYTES = 2000  # of account and key together, in UTF-8
# Of one body: several times what a platform sends (a thousand updates), and what can be stored while it waits. A body
# of very many tiny items, or of one that stands in the evidence of many, would cost far more than itself.
MAX_ITEMS = 5000
_MAX_BYTES = 32 * 1024 * 1024
_MOST_NAMED = 5  # in one line of the log


class _Unfit(Exception):
    """The event breaks the contract; the text says how, without quoting it."""


class _TooMuch(Exception):
    """The rest of the body is not read; the text says why."""


def read(
    channel: Channel, request: WebhookRequest, proven: Sequence[str], deadline: float = math.inf
) -> list[pb.Event]:
    """All events of `request`, in its order, of the accounts that are `proven`; at least one is.

    Whatever it holds, raises nothing but NotRecorded, past `deadline`.
    """
    found = _Reading(channel, deadline)
    try:
        for entry in channel.entries(request):
            found.begin_item()
            if isinstance(entry.account, str) and entry.account in proven:
                found.read(entry)
            else:
                found.pass_over(entry)
    except NotRecorded:
        raise
    except Exception as error:  # noqa: BLE001 - whatever an authentic body is, it is kept and acknowledged
        # What was read before that counts; with the whole body kept, the rest can be read once it is understood.
        found.keep(proven[0], request.body, _reason(error))
    found.report()
    return found.events


class _Reading:
    """What one body has come to so far."""

    def __init__(self, channel: Channel, deadline: float) -> None:
        self.events: list[pb.Event] = []
        self._channel = channel
        self._deadline = deadline
        self._items = self._bytes = 0
        self._poison: set[tuple[str, str]] = set()
        self._complaints: Counter[str] = Counter()
        self._strangers: Counter[str] = Counter()

    def begin_item(self) -> None:
        """Raises _TooMuch or NotRecorded."""
        self._items += 1
        self._check()

    def read(self, entry: Entry) -> None:
        """All that an item says, or the item as poison. Raises _TooMuch or NotRecorded."""
        before = len(self.events)
        try:
            if entry.problem:
                raise Unreadable(entry.problem)
            for event in self._channel.events(entry):
                self._add(_fitting(event))
                self._check()
        except (_TooMuch, NotRecorded):
            del self.events[before:]
            raise
        except Exception as error:  # noqa: BLE001 - it must not cost its neighbours
            del self.events[before:]
            self.keep(entry.account, entry.raw, _reason(error))

    def pass_over(self, entry: Entry) -> None:
        """What an account gets that is not configured is acknowledged, and not kept."""
        metrics.unknown_accounts.labels(self._channel.name).inc()
        self._strangers[str(entry.account)[:_MAX_NAME]] += 1

    def keep(self, account: str, raw: bytes, reason: str) -> None:
        """What cannot be read, once: items that are equal have one key."""
        metrics.poison.labels(self._channel.name).inc()
        self._complaints[reason] += 1
        event = _poison(self._channel, account, raw, reason)
        if (key := (account, event.event_key)) not in self._poison:
            self._poison.add(key)
            self._add(event)

    def report(self) -> None:
        """In one line each, however much of the body cannot be read, or is nobody's."""
        if count := self._strangers.total():
            accounts = [account for account, _ in self._strangers.most_common(_MOST_NAMED)]
            _logger.warning("unknown account", channel=self._channel.name, count=count, accounts=accounts)
        if count := self._complaints.total():
            reasons = [reason for reason, _ in self._complaints.most_common(_MOST_NAMED)]
            _logger.warning("poison", channel=self._channel.name, count=count, reasons=reasons)

    def _add(self, event: pb.Event) -> None:
        self.events.append(event)
        self._bytes += event.ByteSize()

    def _check(self) -> None:
        if max(self._items, len(self.events)) > MAX_ITEMS:
            raise _TooMuch(f"more than {MAX_ITEMS} items: only those before are read")
        if self._bytes > _MAX_BYTES:
            raise _TooMuch(f"read, it comes to more than {_MAX_BYTES} bytes: only the items before are read")
        if time.monotonic() > self._deadline:
            raise NotRecorded("reading it took too long")


def _fitting(event: pb.Event) -> pb.Event:
    """`event` as the contract has it. Raises _Unfit."""
    if not 1 <= len(event.event_key) <= _MAX_KEY or len(event.thread_key) > _MAX_NAME:
        raise _Unfit("an id is missing or too long")
    if len(event.account.encode()) + len(event.event_key.encode()) > _MAX_KEY_BYTES:
        raise _Unfit("ids are too long")
    if event.WhichOneof("content") is None:
        event.unsupported.kind = ""
    if max(len(event.message.text), len(event.edit.content.text)) > _MAX_TEXT:
        raise _Unfit(f"text longer than {_MAX_TEXT} characters")
    if len(event.sender.display_name) > _MAX_SHOWN:
        event.sender.display_name = event.sender.display_name[:_MAX_SHOWN]
    if event.ByteSize() > MAX_EVENT_BYTES:
        event.raw = b""
        if event.ByteSize() > MAX_EVENT_BYTES:
            raise _Unfit(f"larger than {MAX_EVENT_BYTES} bytes")
    return event


def _poison(channel: Channel, account: str, raw: bytes, reason: str) -> pb.Event:
    """Its key is what it says, so that the platform's next attempt is recognised."""
    if len(raw) > _KEPT_BYTES:
        reason = f"{reason} (kept: the first {_KEPT_BYTES} of {len(raw)} bytes)"
    return pb.Event(
        channel=channel.name,
        account=account,
        event_key=event_key("poison", hashlib.sha256(raw).hexdigest()),
        surface=pb.SURFACE_MESSAGING,
        raw=raw[:_KEPT_BYTES],
        poison=pb.Poison(reason=reason),
    )


def _reason(error: Exception) -> str:
    """In words that quote nothing of the entry, as a library's message might."""
    if isinstance(error, Unreadable | _Unfit | _TooMuch):
        return str(error)
    return f"cannot be read: {type(error).__name__}"
