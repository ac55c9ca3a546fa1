"""The events of calls that are recorded together: what each is, and what each call is told."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import structlog

from conversation_service.database import DatabaseUnavailable
from conversation_service.effects.occurrence import Change
from conversation_service.effects.registry import effect_of
from conversation_service.effects.stand_ins import ANY_MEANING, stand_in
from conversation_service.events import Entry, Key, Poisonous, read
from conversation_service.recorded import Recorded
from protos import conversation_pb2 as pb

_logger = structlog.get_logger()

Placed = dict[Key, pb.Receipt]


@dataclass
class Result:
    """What a batch came to."""

    receipts: list[pb.Receipt]
    recorded: list[Recorded]
    changes: list[Change] = field(default_factory=list)


@dataclass(frozen=True)
class Call:
    """The events of one `Receive`, and whose request it was."""

    events: Sequence[pb.Event]
    request_id: str
    trace_parent: str | None

    def weight(self) -> int:
        return len(self.events) + sum(event.ByteSize() for event in self.events) // 16_384


class Batch:
    """The events of some calls, sorted by what must be done with them; the first of equal keys counts."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self._calls = calls
        self.events = [event for call in calls for event in call.events]
        self._owners = [number for number, call in enumerate(calls) for _event in call.events]
        self.entries: dict[Key, Entry] = {}
        self.poison: dict[int, tuple[pb.Event, str]] = {}
        self._read: dict[int, Entry] = {}
        self._owner_of: dict[Key, int] = {}
        self.tries = 0  # to store it: after the first one all of it may be there already
        for index, event in enumerate(self.events):
            try:
                entry = read(event)
            except Poisonous as error:
                self.poison[index] = event, str(error)
            except Exception as error:  # whatever an event is, it must not fail its neighbours
                _logger.exception("an event could not be read", channel=event.channel[:32])
                self.poison[index] = event, f"cannot be read: {type(error).__name__}"
            else:
                self._read[index] = entry
                if self.entries.setdefault(entry.key, entry) is entry:
                    self._owner_of[entry.key] = self._owners[index]
        self.only_messages = not self.poison and all(
            entry.is_message and effect_of(entry) is None for entry in self.entries.values()
        )
        if not self.only_messages:
            self._add_stand_ins()

    def _add_stand_ins(self) -> None:
        for index, entry in self._read.items():
            other = stand_in(self.events[index], entry)
            if other and self.entries.setdefault(other.key, other) is other:
                self._owner_of[other.key] = self._owners[index]

    def happened(self, placed: Placed) -> Iterator[tuple[pb.Event, Entry]]:
        """The events that were recorded now, in their order."""
        for index, entry in self._read.items():
            if entry.key in placed and self.entries[entry.key] is entry:
                yield self.events[index], entry

    def place(self, placed: dict[Key, Entry]) -> None:
        """Put entries in the place of those of their keys."""
        for index, entry in self._read.items():
            if entry.key in placed and self.entries[entry.key] is entry:
                self._read[index] = placed[entry.key]
        self.entries.update(placed)

    def rows(self) -> list[tuple[object, ...]]:
        """What sql/record_events.sql takes, for each entry."""
        calls = self._calls
        return [
            (
                *_event_row(entry),
                calls[owner].request_id,
                calls[owner].trace_parent,
                entry.reply_window,
                entry.participant,
            )
            for entry, owner in zip(self.entries.values(), self._owner_of.values(), strict=True)
        ]

    def call_of(self, entry: Entry) -> Call:
        """The call whose event took effect."""
        return self._calls[self._owner_of[entry.key]]

    def refuse_all(self, reason: str) -> None:
        """Treat every event as poison."""
        self.poison = {index: (event, reason) for index, event in enumerate(self.events)}
        self.entries, self._owner_of, self._read, self.only_messages = {}, {}, {}, False

    def receipt(self, index: int, placed: Placed, known: dict[Key, tuple[bytes, pb.Receipt]]) -> pb.Receipt:
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
        if entry.key not in known and entry.key not in placed:  # the janitor forgot it between two statements
            raise DatabaseUnavailable("an old event was forgotten just now: send it again")
        meaning, earlier = known.get(entry.key) or (first.meaning, placed[entry.key])
        if entry.meaning != meaning != ANY_MEANING:
            return pb.Receipt(event_key=event.event_key, outcome=pb.Receipt.OUTCOME_CONFLICT)
        receipt = pb.Receipt()
        receipt.CopyFrom(earlier)
        receipt.outcome = pb.Receipt.OUTCOME_DUPLICATE
        return receipt

    def results(
        self, receipts: list[pb.Receipt], recorded: list[Recorded], changes: list[tuple[Entry, Change]]
    ) -> list[Result]:
        """Each call's own part."""
        results = [Result([], []) for _ in self._calls]
        for owner, receipt in zip(self._owners, receipts, strict=True):
            results[owner].receipts.append(receipt)
        for item in recorded:
            results[self._owner_of[item.entry.key]].recorded.append(item)
        for entry, change in changes:
            results[self._owner_of[entry.key]].changes.append(change)
        return results

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
        # An edit's words are to go when its message is deleted, and nothing leads from the message to the edit's event.
        None if entry.kind == "edit" else entry.raw,
        entry.text,
        entry.content,
        entry.platform_time,
    )
