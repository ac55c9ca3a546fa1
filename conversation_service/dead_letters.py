"""What was set aside for a person to judge: poison events, conflicts and parked deliveries, and their way back."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, TypeVar
from uuid import UUID

from google.protobuf.json_format import MessageToJson

from conversation_service.database import Database, Row
from conversation_service.inbox import Inbox
from conversation_service.outbox import parked
from protos import conversation_pb2 as pb

_MAX_ID = 2**63 - 1
_KEY_CHARACTERS = 200  # of the old key that stay readable in a new one
_RECORDED = (pb.Receipt.OUTCOME_RECORDED, pb.Receipt.OUTCOME_DUPLICATE)

Id = TypeVar("Id", int, UUID)


@dataclass(frozen=True)
class Letter(Generic[Id]):
    """One thing that was set aside."""

    id: Id
    position: tuple[object, ...]  # in the order of all of its kind
    fields: dict[str, Any]  # what may be shown without showing what the customer wrote
    body: bytes = b""
    meaning: bytes = b""
    is_event: bool = True  # the body is a serialised Event, and not a text or a platform's bytes

    def shown_body(self) -> str:
        """What was written, an event as JSON."""
        if self.is_event:
            event = pb.Event.FromString(self.body)
            return MessageToJson(event, preserving_proto_field_name=True, ensure_ascii=False)
        return self.body.decode(errors="backslashreplace")


class Listed(Protocol[Id]):
    """What can be listed page by page."""

    name: str
    start: tuple[object, ...]

    async def read(
        self, after: tuple[object, ...], limit: int, ids: Sequence[Id] = (), bodies: bool = False
    ) -> list[Letter[Id]]:
        """The first behind the position `after`, at most `limit`, only those of `ids` where there are any."""


class DeadLetters(Listed[Id], Protocol[Id]):
    """One kind of them, oldest first. Both ways are safe to repeat."""

    @staticmethod
    def parse_id(text: str) -> Id:
        """An id as a person types it. Raises ValueError."""

    async def requeue(self, letter: Letter[Id]) -> tuple[bool, str]:
        """Let it take effect after all: whether it left this place, and what became of it."""


class _Events:
    """What poison and conflicts have in common: numbers for ids, and events that go through the inbox again."""

    start: tuple[object, ...] = (0,)
    _list: ClassVar[str]
    _forget: ClassVar[str]

    def __init__(self, database: Database, inbox: Inbox) -> None:
        self._database = database
        self._inbox = inbox

    @staticmethod
    def parse_id(text: str) -> int:
        number = int(text)
        if not 0 < number <= _MAX_ID:
            raise ValueError
        return number

    async def read(
        self, after: tuple[object, ...], limit: int, ids: Sequence[int] = (), bodies: bool = False
    ) -> list[Letter[int]]:
        rows = await self._database.run(lambda session: session.execute(self._list, *after, list(ids), limit, bodies))
        return [self._letter(row) for row in rows]

    def _letter(self, row: Row) -> Letter[int]:
        raise NotImplementedError

    async def _record(self, letter: Letter[int], event: pb.Event) -> pb.Receipt:
        """Only once it is recorded the letter goes: a crash between leaves both, and then the event is a duplicate."""
        result = await self._inbox.record([event], f"requeue-{letter.id}", None)
        return result.receipts[0]

    async def _drop(self, letter: Letter[int]) -> None:
        await self._database.run(lambda session: session.execute(self._forget, letter.id))


class PoisonEvents(_Events):
    """Events that could not be understood, or that the database refused."""

    name = "poison event"
    _list, _forget = "list_poison", "forget_poison"

    def _letter(self, row: Row) -> Letter[int]:
        number, received, channel, account, key, size, reason, body = row
        fields = {"id": number, "received": received, "channel": channel, "account": account, "key": key}
        return Letter(number, (number,), {**fields, "bytes": size, "reason": reason}, bytes(body or b""))

    async def requeue(self, letter: Letter[int]) -> tuple[bool, str]:
        receipt = await self._record(letter, pb.Event.FromString(letter.body))
        if receipt.outcome == pb.Receipt.OUTCOME_POISON:
            return False, f"still poison: {receipt.reason}"
        await self._drop(letter)
        if receipt.outcome == pb.Receipt.OUTCOME_CONFLICT:
            return True, "its key belongs to another message: it is among the conflicts now"
        return True, _words(receipt)


class EventConflicts(_Events):
    """Events whose key had come before with another meaning."""

    name = "conflict"
    _list, _forget = "list_conflicts", "forget_conflict"

    def _letter(self, row: Row) -> Letter[int]:
        number, received, channel, account, key, size, kind, is_event, meaning, body = row
        fields = {"id": number, "received": received, "channel": channel, "account": account, "key": key}
        fields |= {"bytes": size or 0, "kind": kind, "requeue": "yes" if is_event else "no"}
        return Letter(number, (number,), fields, bytes(body or b""), bytes(meaning), is_event)

    async def requeue(self, letter: Letter[int]) -> tuple[bool, str]:
        if not letter.is_event:
            return False, "cannot be requeued: an earlier release kept no more than its raw bytes (list --show)"
        event = pb.Event.FromString(letter.body)
        event.event_key = key_of_its_own(event.event_key, letter.meaning)
        receipt = await self._record(letter, event)
        if receipt.outcome not in _RECORDED:
            return False, f"refused: {receipt.reason or 'its new key is taken, too'}"
        await self._drop(letter)
        return True, f"{_words(receipt)} under the key {event.event_key}"


class ParkedDeliveries:
    """Replies of which nobody knows whether they arrived, left to a person."""

    name = "parked delivery"
    start: tuple[object, ...] = parked.FIRST

    def __init__(self, database: Database) -> None:
        self._database = database

    @staticmethod
    def parse_id(text: str) -> UUID:
        return UUID(text)

    async def read(
        self, after: tuple[object, ...], limit: int, ids: Sequence[UUID] = (), bodies: bool = False
    ) -> list[Letter[UUID]]:
        wanted = [str(number) for number in ids]
        rows = await self._database.run(lambda session: parked.read(session, after, limit, wanted, bodies))
        return [_parked(row) for row in rows]

    async def requeue(self, letter: Letter[UUID]) -> tuple[bool, str]:
        resolved = await self._database.run(lambda session: parked.resolve(session, str(letter.id), resend=True))
        return resolved.applied, "queued, due now" if resolved.applied else "is not parked any more"


def _parked(row: Row) -> Letter[UUID]:
    number, created, channel, account, conversation, out_seq, attempts, size, reason, text = row
    identity, conversation = UUID(str(number)), str(conversation)
    fields = {"id": str(identity), "created": created, "channel": channel, "account": account}
    fields |= {"conversation": conversation, "number": out_seq, "attempts": attempts, "bytes": size, "reason": reason}
    return Letter(identity, (created, str(identity)), fields, (text or "").encode(), is_event=False)


def key_of_its_own(event_key: str, meaning: bytes) -> str:
    """Where a person has decided that a conflict was a message of its own: always the same for the same message."""
    digest = hashlib.sha256(event_key.encode() + b"\0" + meaning).hexdigest()
    return f"{event_key[:_KEY_CHARACTERS]}#{digest[:32]}"


def _words(receipt: pb.Receipt) -> str:
    return "recorded" if receipt.outcome == pb.Receipt.OUTCOME_RECORDED else "was recorded already"
