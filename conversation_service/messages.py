"""Stored messages as the contract shows them."""

from datetime import datetime
from typing import Any

from google.protobuf.json_format import ParseDict
from google.protobuf.timestamp_pb2 import Timestamp

from conversation_service.recorded import Recorded
from conversation_service.turns import Committed, Reply, Turn
from protos import conversation_pb2 as pb

AUTHORS = {
    "customer": pb.AUTHOR_CUSTOMER,
    "assistant": pb.AUTHOR_ASSISTANT,
    "human": pb.AUTHOR_HUMAN,
    "system": pb.AUTHOR_SYSTEM,
}


def from_row(row: tuple[Any, ...]) -> pb.Message:
    """A row of sql/read_changes.sql, from the message's id on."""
    message_id, seq, rev, author, kind, text, content, turn_no, event_key, platform, created, edited, deleted, meta = (
        row
    )
    return pb.Message(
        id=message_id,
        seq=seq,
        rev=rev,
        author=AUTHORS[author],
        kind=kind,
        text=text,
        attachments=_attachments(content or {}),
        turn_no=turn_no,
        created_at=_timestamp(created),
        platform_time=_timestamp(platform),
        edited_at=_timestamp(edited),
        deleted_at=_timestamp(deleted),
        meta=ParseDict(meta, pb.ReplyMeta(), ignore_unknown_fields=True) if meta else None,
        event_key=event_key or "",
    )


def from_recorded(recorded: Recorded) -> pb.Message:
    """A customer's message that was just stored."""
    entry, receipt = recorded.entry, recorded.receipt
    return pb.Message(
        id=receipt.message_id,
        seq=receipt.seq,
        rev=receipt.rev,
        author=pb.AUTHOR_CUSTOMER,
        kind=entry.message_kind(),
        text=entry.text,
        attachments=_attachments(entry.parsed_content()),
        turn_no=receipt.turn_no,
        created_at=_timestamp(recorded.created_at),
        platform_time=_timestamp(entry.platform_time),
        event_key=entry.key[2],
    )


def from_reply(turn: Turn, reply: Reply, committed: Committed) -> pb.Message:
    """An answer that was just committed."""
    return pb.Message(
        id=committed.message_id,
        seq=committed.seq,
        rev=committed.rev,
        author=pb.AUTHOR_ASSISTANT,
        kind="text",
        text=reply.text,
        turn_no=turn.turn_no,
        created_at=_timestamp(committed.created_at),
        meta=pb.ReplyMeta(**reply.meta()),
    )


def _attachments(content: dict[str, Any]) -> list[pb.Attachment]:
    # Unknown fields are those of a newer version that runs beside this one.
    return [ParseDict(item, pb.Attachment(), ignore_unknown_fields=True) for item in content.get("attachments", ())]


def _timestamp(moment: datetime | None) -> Timestamp | None:
    if moment is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp
