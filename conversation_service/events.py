"""Inbound events checked and brought into the shape that is stored: limits, cleaned text, meaning."""

import hashlib
import json
import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from google.protobuf.json_format import MessageToDict

from conversation_service.identifiers import is_id
from conversation_service.people.names import ID, MAX_DISPLAY_NAME, Name, clean_name, names_of
from protos import conversation_pb2 as pb

MAX_TEXT = 65_536  # characters; beyond what any platform sends, so that one event cannot fill a prompt or a page
_MAX_KEY_BYTES = 2000  # Postgres indexes no row above some 2,700 bytes
_WORD = re.compile(r"[a-z_]{1,32}")
_SURFACES = {pb.SURFACE_LIVE: "live", pb.SURFACE_MESSAGING: "messaging"}

Key = tuple[str, str, str]


class Poisonous(Exception):
    """The event cannot be understood; the text says why, without quoting it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event, ready to be stored."""

    key: Key  # channel, account, event key
    thread_key: str
    surface: str
    new_id: str  # of the conversation, if this event starts it
    kind: str
    meaning: bytes
    raw: bytes | None
    text: str
    content: str | None  # JSON
    platform_time: datetime | None
    message_id: str
    reply_window: int = 0  # seconds after it in which the platform takes a reply, 0: always
    participant: str | None = None  # whose it is, once that is known
    names: tuple[Name, ...] = ()  # under which its person is known
    display_name: str = ""
    renamed: tuple[Name, Name] | None = None  # which name of theirs became which

    @property
    def is_message(self) -> bool:
        return self.kind == "message"

    @property
    def is_personal(self) -> bool:
        """Whether its thread is that person's own, and not a group's."""
        return any(value == self.thread_key for _kind, value in self.names)

    def parsed_content(self) -> dict[str, Any]:
        """Everything but the text."""
        return cast(dict[str, Any], json.loads(self.content)) if self.content else {}

    def message_kind(self) -> str:
        """What the message mainly is, as the contract's Message.kind."""
        return main_kind(self.parsed_content())


def main_kind(content: dict[str, Any]) -> str:
    """What a message with this content mainly is."""
    kinds = {"attachments": "media", "location": "location", "contacts": "contacts", "choice": "choice"}
    return next((kind for field, kind in kinds.items() if field in content), "text")


def read(event: pb.Event) -> Entry:
    """Check an event. Raises Poisonous where it breaks the contract."""
    kind = event.WhichOneof("content")
    if not _WORD.fullmatch(event.channel):
        raise Poisonous("channel must be a word of a-z and _")
    if not (1 <= len(event.account) <= 255 and 1 <= len(event.event_key) <= 512 and len(event.thread_key) <= 255):
        raise Poisonous("account, event_key or thread_key is missing or too long")
    if len((event.account + event.event_key).encode()) > _MAX_KEY_BYTES:
        raise Poisonous(f"account and event_key together are longer than {_MAX_KEY_BYTES} bytes")
    if kind is None:
        raise Poisonous("no content")
    if kind == "poison":
        raise Poisonous(clean(event.poison.reason)[:500] or "the gateway gave no reason")
    body, content = _body(event, kind)
    return Entry(
        key=(event.channel, clean(event.account), clean(event.event_key)),
        thread_key=clean(event.thread_key),
        surface=_SURFACES.get(event.surface, ""),
        new_id=_new_id(event.conversation_id),
        kind=kind,
        meaning=_meaning(kind, body),
        raw=event.raw or None,
        text=content.pop("text", ""),
        content=json.dumps(content) if content else None,
        platform_time=_time(event),
        message_id=str(uuid.uuid4()),
        reply_window=max(0, event.reply_window_seconds),
        names=_names(event, kind),
        display_name=clean(event.sender.display_name)[:MAX_DISPLAY_NAME],
        renamed=_renamed(event),
    )


def _body(event: pb.Event, kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    body = _clean_all(MessageToDict(getattr(event, kind), preserving_proto_field_name=True))
    if kind != "message":
        return body, {}
    if not body:
        raise Poisonous("an empty message")
    if not event.thread_key or event.surface not in _SURFACES:
        raise Poisonous("a message without thread_key or surface")
    if len(event.message.text) > MAX_TEXT:
        raise Poisonous(f"text longer than {MAX_TEXT} characters")
    return body, dict(body)


def _new_id(proposed: str) -> str:
    if not proposed:
        return str(uuid.uuid4())
    if is_id(proposed):
        return proposed
    try:
        return str(uuid.UUID(proposed))
    except ValueError:
        raise Poisonous("conversation_id is not a UUID") from None


def _names(event: pb.Event, kind: str) -> tuple[Name, ...]:
    """What the business wrote, and what the platform says about consent, names the person by the thread alone."""
    if names := names_of(event.sender):
        return names
    thread = clean_name(ID, event.thread_key) if kind in ("echo", "preference") else None
    return (thread,) if thread else ()


def _renamed(event: pb.Event) -> tuple[Name, Name] | None:
    change = event.alias_change
    old, new = (clean_name(alias.kind, alias.value) for alias in (change.old, change.new))
    return (old, new) if old and new and old != new else None


def _meaning(kind: str, body: dict[str, Any]) -> bytes:
    """SHA-256 over what the event means; of a message its text, its files and what it answers.

    A media URL counts only where there is no id, and without its query: platforms sign it anew for every delivery.
    """
    if kind == "message":
        files = [item.get("media_id") or item.get("url", "").partition("?")[0] for item in body.get("attachments", ())]
        meaning: object = [body.get("text"), files, body.get("reply_to_key")]
    else:
        meaning = _without_urls(body)
    return hashlib.sha256(json.dumps([kind, meaning], sort_keys=True).encode()).digest()


def _without_urls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_urls(item) for key, item in value.items() if key != "url"}
    if isinstance(value, list):
        return [_without_urls(item) for item in value]
    return value


def _time(event: pb.Event) -> datetime | None:
    if not event.HasField("platform_time"):
        return None
    try:
        return event.platform_time.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None  # a platform's nonsense; the time of arrival serves


def _clean_all(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {key: _clean_all(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean_all(item) for item in value]
    return value


def clean(text: str) -> str:
    """Postgres refuses NUL in text and in jsonb; everything else that is UTF-8 passes as it is."""
    return text.replace("\0", "\ufffd")
