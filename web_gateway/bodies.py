"""The JSON that goes out, as types that the checker and the OpenAPI document share."""

import json
from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict  # pydantic needs this one below Python 3.12


class ErrorDetail(TypedDict):
    """What went wrong."""

    code: str
    message: str
    requestId: str


class ErrorBody(TypedDict):
    """The form of all errors."""

    error: ErrorDetail


class SessionBody(TypedDict):
    """A session; `expiresAt` in RFC 3339."""

    sessionId: str
    expiresAt: str


class CitationBody(TypedDict):
    """A source within the shop's knowledge."""

    source: str
    title: str


class MetaBody(TypedDict):
    """How an answer came about."""

    provider: str
    model: str
    usedFallback: bool
    errorCode: str
    promptTokens: int
    completionTokens: int
    latencyMs: int
    citations: list[CitationBody]


class AcceptedBody(TypedDict):
    """The customer's message as it was stored."""

    sessionId: str
    messageId: str
    seq: int
    rev: int


class PendingBody(AcceptedBody):
    """The message is stored and its reply will come: follow GET /chat/events."""

    pending: Literal[True]


class ReplyBody(AcceptedBody):
    """The message and its reply."""

    reply: str
    meta: MetaBody
    replyId: str
    replySeq: int


class SilentBody(AcceptedBody):
    """The turn ended without a reply; `silent` says why."""

    reply: None
    silent: str


class AttachmentBody(TypedDict):
    """A file of a message."""

    kind: str
    mimeType: str
    fileName: str
    size: int


class StoredMessage(TypedDict):
    """A message of the history; a later change of it comes again under a higher `rev`."""

    id: str
    seq: int
    rev: int
    author: Literal["customer", "assistant", "human", "system"]
    kind: str
    text: str
    createdAt: str
    turn: int
    clientMessageId: NotRequired[str]
    attachments: NotRequired[list[AttachmentBody]]
    editedAt: NotRequired[str]
    deletedAt: NotRequired[str]
    meta: NotRequired[MetaBody]


class MessagesBody(TypedDict):
    """A page of the history; with `more`, call again with after = rev."""

    messages: list[StoredMessage]
    rev: int
    more: bool


def dump(value: Any) -> bytes:
    """JSON as it goes out: UTF-8, one line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
