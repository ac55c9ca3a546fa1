"""Recording inbound events: each exactly once, whatever its neighbours are, committed before it is confirmed."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from prometheus_client import Counter

from chassis.faultpoints import faultpoint
from conversation_service.batch import Batch, Call, Placed, Result
from conversation_service.database import REFUSED, Database, Session, columns
from conversation_service.effects.occurrence import Change, Occurrence
from conversation_service.effects.registry import effect_of
from conversation_service.events import Entry, Key, clean
from conversation_service.gathering import Gathering
from conversation_service.people.resolving import resolve
from conversation_service.recorded import Recorded
from conversation_service.turns import FIRST_FENCE, Claim, Terms, Turn, claimed_at_once
from protos import conversation_pb2 as pb

_events = Counter("events_received_total", "Inbound events by what became of them.", ["channel", "outcome"])


@dataclass(frozen=True)
class Windows:
    """Seconds: how long a messaging turn gathers, for how long in all, and when a live turn is due."""

    gather: float
    gather_limit: float
    deadline: float


class Claimer(Protocol):
    """Who answers at once what was recorded."""

    def reserve(self, count: int) -> Terms | None:
        """Room for so many turns until `begin`, and on which terms they are claimed; None where there is none."""

    async def begin(self, turns: Sequence[Turn], reserved: int, lost: Sequence[Claim]) -> None:
        """Take over those that were claimed; the other room is free again. `lost` may have been claimed as well."""


class Inbox:
    """The write side of `Receive`."""

    def __init__(self, database: Database, windows: Windows, claimer: Claimer | None = None) -> None:
        """`claimer` gets the turns that nothing stands before; without one all wait to be claimed."""
        self._database = database
        self._windows = windows
        self._claimer = claimer
        self._recording = Gathering(self._record, Call.weight, limit=128)

    @property
    def waiting(self) -> int:
        """Calls that wait to be recorded."""
        return self._recording.waiting

    async def record(self, events: Sequence[pb.Event], request_id: str, trace_parent: str | None) -> Result:
        """Store `events` in one transaction and return after its COMMIT: a receipt each, in their order.

        Raises DatabaseUnavailable; then any part may be stored, and the same call is to be repeated.
        """
        return await self._recording.add(Call(events, request_id, trace_parent))

    async def _record(self, calls: Sequence[Call]) -> list[Result]:
        batch = Batch(calls)
        try:
            return await self._commit(batch)
        except REFUSED as error:
            # Something in it is poison to the database: found by storing each alone, so that its neighbours are kept.
            if len(calls) > 1:
                return [result for call in calls for result in await self._record([call])]
            if len(batch.events) > 1:
                return [await self._record_one_by_one(calls[0])]
            batch.refuse_all(f"the database refused it: {type(error).__name__}")
            return await self._commit(batch)

    async def _commit(self, batch: Batch) -> list[Result]:
        """Store it; it is counted, and its turns are begun, here: who waits for the result may have left."""
        count = len(batch.entries)
        # Other events may change, in the same transaction, what the statement has read.
        terms = self._claimer.reserve(count) if self._claimer and count and batch.only_messages else None
        claimed: list[Turn] = []
        lost: list[Claim] = []
        try:
            results = await self._database.run(lambda session: self._store(session, batch, terms))
            _count(batch.events, results)
            claimed = [item.turn for result in results for item in result.recorded if item.turn]
            lost = _first_claims(results) if batch.tries > 1 else []
            return results
        finally:
            if self._claimer and terms:
                await self._claimer.begin(claimed, count, lost)

    async def _record_one_by_one(self, call: Call) -> Result:
        whole = Result([], [])
        for event in call.events:
            (part,) = await self._record([replace(call, events=[event])])
            whole.receipts += part.receipts
            whole.recorded += part.recorded
            whole.changes += part.changes
        return whole

    def _store(self, session: Session, batch: Batch, terms: Terms | None) -> list[Result]:
        batch.tries += 1
        batch.place(resolve(session, batch.entries.values()))
        if batch.only_messages:
            return self._store_events(session, batch, terms)
        with session.transaction():
            results = self._store_events(session, batch, terms)
            faultpoint("receive.in_transaction")
            return results

    def _store_events(self, session: Session, batch: Batch, terms: Terms | None) -> list[Result]:
        placed, recorded = self._insert_events(session, batch, terms)
        changes = [] if batch.only_messages else _take_effect(session, batch, placed)
        _insert_poison(session, batch.poison.values())
        known = _read_known(session, [key for key in batch.entries if key not in placed])
        receipts = [batch.receipt(index, placed, known) for index in range(len(batch.events))]
        _insert_conflicts(session, batch.conflicts(receipts))
        return batch.results(receipts, recorded, changes)

    def _insert_events(self, session: Session, batch: Batch, terms: Terms | None) -> tuple[Placed, list[Recorded]]:
        """The receipts of the entries that are new, and the messages among them in their order."""
        placed: Placed = {}
        recorded: list[Recorded] = []
        if not batch.entries:
            return placed, recorded
        windows = self._windows
        seconds = windows.gather, windows.gather_limit, windows.deadline
        rows = session.execute("record_events", *columns(batch.rows(), 18), *seconds, *(terms or (None, None, None)))
        for channel, account, event_key, created_at, *place, is_claimed, authors, texts, kinds in rows:
            entry = batch.entries[channel, account, event_key]
            placed[entry.key] = receipt = _receipt(event_key, pb.Receipt.OUTCOME_RECORDED, *place)
            if entry.is_message:
                history = zip(authors or (), texts or (), kinds or (), strict=True)
                turn = self._turn(batch, entry, receipt, history) if is_claimed else None
                recorded.append(Recorded(entry, receipt, created_at, turn))
        return placed, recorded

    def _turn(self, batch: Batch, entry: Entry, receipt: pb.Receipt, history: Iterable[tuple[str, str, str]]) -> Turn:
        call = batch.call_of(entry)
        return claimed_at_once(
            receipt.conversation_id,
            receipt.turn_no,
            call.request_id,
            call.trace_parent,
            *entry.key[:2],
            seconds_left=self._windows.deadline,
            history=[("customer", entry.text, entry.message_kind()), *history],
        )


def _count(events: Iterable[pb.Event], results: Iterable[Result]) -> None:
    receipts = (receipt for result in results for receipt in result.receipts)
    for event, receipt in zip(events, receipts, strict=True):
        outcome = pb.Receipt.Outcome.Name(receipt.outcome).removeprefix("OUTCOME_").lower()
        _events.labels(event.channel[:32], outcome).inc()


def _first_claims(results: Iterable[Result]) -> list[Claim]:
    """With which the turns of known messages were claimed as these were recorded, if they were."""
    return [
        (receipt.conversation_id, receipt.turn_no, FIRST_FENCE)
        for result in results
        for receipt in result.receipts
        if receipt.outcome == pb.Receipt.OUTCOME_DUPLICATE and receipt.turn_no
    ]


def _take_effect(session: Session, batch: Batch, placed: Placed) -> list[tuple[Entry, Change]]:
    """What the events bring about beyond being recorded; their receipts get the revision of it."""
    changes: list[tuple[Entry, Change]] = []
    for event, entry in batch.happened(placed):
        if effect := effect_of(entry):
            receipt = placed[entry.key]
            for change in effect(session, Occurrence(event, entry, receipt.conversation_id or None)):
                changes.append((entry, change))
                # A message stays where it was said, though conversations that are one with its own change, too.
                if change.rev and not entry.is_message:
                    receipt.conversation_id, receipt.rev = change.thread[0], change.rev
    return changes


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
    message_id: str | None = None,
    conversation_id: str | None = None,
    seq: int | None = None,
    rev: int | None = None,
    turn_no: int | None = None,
) -> pb.Receipt:
    return pb.Receipt(
        event_key=key,
        outcome=outcome,
        conversation_id=conversation_id or "",
        message_id=message_id or "",
        seq=seq,
        rev=rev,
        turn_no=turn_no,
    )
