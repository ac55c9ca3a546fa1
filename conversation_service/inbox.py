"""Recording inbound events: each exactly once, whatever its neighbours are, committed before it is confirmed."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from prometheus_client import Counter

from chassis.faultpoints import faultpoint
from conversation_service.database import REFUSED, Database, Session, columns
from conversation_service.events import Entry, Key, Poisonous, clean, read
from protos import conversation_pb2 as pb

_events = Counter("events_received_total", "Inbound events by what became of them.", ["channel", "outcome"])

_Placed = dict[Key, pb.Receipt]


@dataclass(frozen=True)
class Windows:
    """Seconds: how long a messaging turn gathers, for how long in all, and when a live turn is due."""

    gather: float
    gather_limit: float
    deadline: float


@dataclass(frozen=True)
class Recorded:
    """A customer message that took effect now."""

    entry: Entry
    receipt: pb.Receipt
    created_at: datetime


@dataclass
class Result:
    """What a batch came to."""

    receipts: list[pb.Receipt]
    recorded: list[Recorded]


class Inbox:
    """The write side of `Receive`."""

    def __init__(self, database: Database, windows: Windows) -> None:
        self._database = database
        self._windows = windows

    async def record(self, events: Sequence[pb.Event], request_id: str, trace_parent: str | None) -> Result:
        """Store `events` in one transaction and return after its COMMIT: a receipt each, in their order.

        Raises DatabaseUnavailable; then any part may be stored, and the same call is to be repeated.
        """
        batch = _Batch(events)
        try:
            result = await self._database.run(lambda session: self._store(session, batch, request_id, trace_parent))
        except REFUSED as error:
            if len(events) > 1:
                return await self._record_one_by_one(events, request_id, trace_parent)
            batch.refuse_all(f"the database refused it: {type(error).__name__}")
            result = await self._database.run(lambda session: self._store(session, batch, request_id, trace_parent))
        for event, receipt in zip(events, result.receipts, strict=True):
            outcome = pb.Receipt.Outcome.Name(receipt.outcome).removeprefix("OUTCOME_").lower()
            _events.labels(event.channel[:32], outcome).inc()
        return result

    async def _record_one_by_one(self, events: Iterable[pb.Event], request_id: str, trace_parent: str | None) -> Result:
        """One of them is poison to the database: find it by storing each alone, so that its neighbours are kept."""
        whole = Result([], [])
        for event in events:
            part = await self.record([event], request_id, trace_parent)
            whole.receipts += part.receipts
            whole.recorded += part.recorded
        return whole

    def _store(self, session: Session, batch: "_Batch", request_id: str, trace_parent: str | None) -> Result:
        if batch.only_messages:
            return self._store_events(session, batch, request_id, trace_parent)
        with session.transaction():
            result = self._store_events(session, batch, request_id, trace_parent)
            faultpoint("receive.in_transaction")
            return result

    def _store_events(self, session: Session, batch: "_Batch", request_id: str, trace_parent: str | None) -> Result:
        placed, recorded = self._insert_events(session, batch.entries, request_id, trace_parent)
        _insert_poison(session, batch.poison.values())
        known = _read_known(session, [key for key in batch.entries if key not in placed])
        receipts = [batch.receipt(index, placed, known) for index in range(len(batch.events))]
        _insert_conflicts(session, batch.conflicts(receipts))
        return Result(receipts, recorded)

    def _insert_events(
        self, session: Session, entries: dict[Key, Entry], request_id: str, trace_parent: str | None
    ) -> tuple[_Placed, list[Recorded]]:
        """The receipts of the entries that are new, and the messages among them in their order."""
        placed: _Placed = {}
        recorded: list[Recorded] = []
        if not entries:
            return placed, recorded
        arrays = columns([_event_row(entry) for entry in entries.values()], 14)
        windows = self._windows
        rows = session.execute(
            "record_events", *arrays, request_id, trace_parent, windows.gather, windows.gather_limit, windows.deadline
        )
        for channel, account, event_key, created_at, *place in rows:
            entry = entries[channel, account, event_key]
            placed[entry.key] = receipt = _receipt(event_key, pb.Receipt.OUTCOME_RECORDED, *place)
            if entry.is_message:
                recorded.append(Recorded(entry, receipt, created_at))
        return placed, recorded


class _Batch:
    """The events of one call, sorted by what must be done with them; the first of equal keys counts."""

    def __init__(self, events: Sequence[pb.Event]) -> None:
        self.events = events
        self.entries: dict[Key, Entry] = {}
        self.poison: dict[int, tuple[pb.Event, str]] = {}
        self._read: dict[int, Entry] = {}
        for index, event in enumerate(events):
            try:
                entry = read(event)
            except Poisonous as error:
                self.poison[index] = event, str(error)
            except Exception as error:  # noqa: BLE001 - whatever an event is, it must not fail its neighbours
                self.poison[index] = event, f"cannot be read: {type(error).__name__}"
            else:
                self._read[index] = entry
                self.entries.setdefault(entry.key, entry)
        self.only_messages = not self.poison and all(entry.is_message for entry in self.entries.values())

    def refuse_all(self, reason: str) -> None:
        """Treat every event as poison."""
        self.poison = {index: (event, reason) for index, event in enumerate(self.events)}
        self.entries, self._read, self.only_messages = {}, {}, False

    def receipt(self, index: int, placed: _Placed, known: dict[Key, tuple[bytes, pb.Receipt]]) -> pb.Receipt:
        """What became of the event at `index`."""
        event = self.events[index]
        if index in self.poison:
            return pb.Receipt(
                event_key=event.event_key, outcome=pb.Receipt.OUTCOME_POISON, reason=self.poison[index][1]
            )
        entry = self._read[index]
        first = self.entries[entry.key]
        if entry is first and entry.key in placed:
            return placed[entry.key]
        meaning, earlier = known.get(entry.key) or (first.meaning, placed[entry.key])
        if entry.meaning != meaning:
            return pb.Receipt(event_key=event.event_key, outcome=pb.Receipt.OUTCOME_CONFLICT)
        receipt = pb.Receipt()
        receipt.CopyFrom(earlier)
        receipt.outcome = pb.Receipt.OUTCOME_DUPLICATE
        return receipt

    def conflicts(self, receipts: list[pb.Receipt]) -> list[tuple[Entry, pb.Event]]:
        """The entries whose receipts say so, each with its event."""
        return [
            (self._read[index], self.events[index])
            for index, receipt in enumerate(receipts)
            if receipt.outcome == pb.Receipt.OUTCOME_CONFLICT
        ]


def _event_row(entry: Entry) -> tuple[object, ...]:
    return (
        *entry.key,
        entry.thread_key,
        entry.kind,
        entry.surface,
        entry.new_id,
        entry.message_id if entry.is_message else None,
        entry.message_kind(),
        entry.meaning,
        entry.raw,
        entry.text,
        entry.content,
        entry.platform_time,
    )


def _insert_poison(session: Session, poison: Iterable[tuple[pb.Event, str]]) -> None:
    rows = []
    for event, reason in poison:
        body = event.SerializeToString(deterministic=True)
        names = clean(event.channel)[:32], clean(event.account)[:255], clean(event.event_key)[:512]
        rows.append((*names, reason, body, hashlib.sha256(body).digest()))
    if rows:
        session.execute("keep_poison", *columns(rows, 6))


def _insert_conflicts(session: Session, conflicts: list[tuple[Entry, pb.Event]]) -> None:
    if conflicts:
        rows = [
            (*entry.key, entry.kind, entry.meaning, event.SerializeToString(deterministic=True))
            for entry, event in conflicts
        ]
        session.execute("keep_conflicts", *columns(rows, 6))


def _read_known(session: Session, keys: list[Key]) -> dict[Key, tuple[bytes, pb.Receipt]]:
    """The meanings and receipts of keys that were there before."""
    known: dict[Key, tuple[bytes, pb.Receipt]] = {}
    if keys:
        for channel, account, key, meaning, *placed in session.execute("read_receipts", *columns(keys, 3)):
            known[channel, account, key] = bytes(meaning), _receipt(key, pb.Receipt.OUTCOME_DUPLICATE, *placed)
    return known


def _receipt(
    key: str,
    outcome: "pb.Receipt.Outcome",
    message_id: UUID | None = None,
    conversation_id: UUID | None = None,
    seq: int | None = None,
    rev: int | None = None,
    turn_no: int | None = None,
) -> pb.Receipt:
    return pb.Receipt(
        event_key=key,
        outcome=outcome,
        conversation_id=str(conversation_id or ""),
        message_id=str(message_id or ""),
        seq=seq,
        rev=rev,
        turn_no=turn_no,
    )
