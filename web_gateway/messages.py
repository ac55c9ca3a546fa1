"""Messages of the contract as the browser's JSON."""

from datetime import UTC, datetime
from typing import Literal

from google.protobuf.timestamp_pb2 import Timestamp

from protos import conversation_pb2 as pb
from web_gateway.bodies import MetaBody, StoredMessage

_AUTHORS: dict[int, Literal["customer", "assistant", "human", "system"]] = {
    pb.AUTHOR_CUSTOMER: "customer",
    pb.AUTHOR_ASSISTANT: "assistant",
    pb.AUTHOR_HUMAN: "human",
}


def author_name(author: int) -> Literal["customer", "assistant", "human", "system"]:
    """Authors of a newer contract show as notices of the system."""
    return _AUTHORS.get(author, "system")


def event_key(session_id: str, client_message_id: str) -> str:
    """Names a browser's message for ever; within its session, so that nobody can claim another's."""
    return f"{session_id}:{client_message_id}"


def to_json(message: pb.Message) -> StoredMessage:
    """One stored message; fields that say nothing are left out."""
    shown = StoredMessage(
        id=message.id,
        seq=message.seq,
        rev=message.rev,
        author=author_name(message.author),
        kind=message.kind,
        text=message.text,
        createdAt=moment(message.created_at),
        turn=message.turn_no,
    )
    if message.author == pb.AUTHOR_CUSTOMER and message.event_key:
        shown["clientMessageId"] = message.event_key.rpartition(":")[2]
    if message.attachments:
        shown["attachments"] = [
            {"kind": file.kind, "mimeType": file.mime_type, "fileName": file.file_name, "size": file.size}
            for file in message.attachments
        ]
    if message.HasField("edited_at"):
        shown["editedAt"] = moment(message.edited_at)
    if message.HasField("deleted_at"):
        shown["deletedAt"] = moment(message.deleted_at)
    if message.HasField("meta"):
        shown["meta"] = meta_to_json(message.meta)
    return shown


def meta_to_json(meta: pb.ReplyMeta) -> MetaBody:
    """How an answer came about."""
    return {
        "provider": meta.provider,
        "model": meta.model,
        "usedFallback": meta.used_fallback,
        "errorCode": meta.error_code,
        "promptTokens": meta.prompt_tokens,
        "completionTokens": meta.completion_tokens,
        "latencyMs": meta.latency_ms,
        "citations": [{"source": citation.source, "title": citation.title} for citation in meta.citations],
    }


def moment(value: Timestamp | int) -> str:
    """RFC 3339 in UTC with milliseconds; whole numbers are seconds since 1970."""
    when = datetime.fromtimestamp(value, UTC) if isinstance(value, int) else value.ToDatetime(UTC)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
