"""Turns an authentic webhook into events: what cannot be read becomes poison, and costs its neighbours nothing."""

import hashlib
from collections.abc import Iterator

import structlog

from protos import conversation_pb2 as pb
from webhook_gateway import metrics
from webhook_gateway.channels.channel import Channel, Entry, WebhookRequest, event_key
from webhook_gateway.reading import Unreadable

_logger = structlog.get_logger()

# What one event may come to, so that it fits into a call of the contract by itself.
MAX_EVENT_BYTES = 500 * 1024
# Of evidence that is larger, the beginning is kept.
_KEPT_BYTES = 256 * 1024
_MAX_NAME, _MAX_KEY, _MAX_TEXT, _MAX_SHOWN = 255, 512, 65_536, 255
_MAX_KEY_BYTES = 2000  # of account and key together, in UTF-8


class _Unfit(Exception):
    """The event breaks the contract; the text says how, without quoting it."""


def read(channel: Channel, request: WebhookRequest) -> list[pb.Event]:
    """All events of `request`, in its order. Never raises because of what the request holds."""
    events: list[pb.Event] = []
    try:
        proven = channel.proven(request)
        for entry in channel.entries(request):
            if isinstance(entry.account, str) and entry.account in proven:
                events += _read_entry(channel, entry)
            else:
                metrics.unknown_accounts.labels(channel.name).inc()
    except Exception as error:  # noqa: BLE001 - whatever an authentic body is, it is kept and acknowledged
        # What was read before that counts; with the whole body kept, the rest can be read once it is understood.
        first = next(iter(channel.accounts))
        events.append(_poison(channel, first, request.body, _reason(error)))
    return events


def _read_entry(channel: Channel, entry: Entry) -> Iterator[pb.Event]:
    try:
        events = [_fitting(event) for event in channel.events(entry)]
    except Exception as error:  # noqa: BLE001 - it must not cost its neighbours
        return iter((_poison(channel, entry.account, entry.raw, _reason(error)),))
    return iter(events)


def _fitting(event: pb.Event) -> pb.Event:
    """`event` as the contract has it. Raises _Unfit."""
    if not 1 <= len(event.event_key) <= _MAX_KEY or len(event.thread_key) > _MAX_NAME:
        raise _Unfit("an id is missing or too long")
    if len(event.account.encode()) + len(event.event_key.encode()) > _MAX_KEY_BYTES:
        raise _Unfit("ids are too long")
    if event.WhichOneof("content") is None:
        event.unsupported.kind = ""
    if len(event.message.text) > _MAX_TEXT:
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
    metrics.poison.labels(channel.name).inc()
    _logger.warning("poison", channel=channel.name, account=account, reason=reason, size=len(raw))
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
    if isinstance(error, Unreadable | _Unfit):
        return str(error)
    return f"cannot be read: {type(error).__name__}"
