"""What the items of WhatsApp's webhooks mean: messages, statuses, echoes, preferences and changed identities.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from protos import conversation_pb2 as pb
from webhook_gateway.channels.channel import LONGEST_WORD, Entry, delivery_of, event_key
from webhook_gateway.channels.meta import MetaChannel
from webhook_gateway.channels.whatsapp_content import Object, content, word
from webhook_gateway.channels.whatsapp_customer import ADDRESSEE, RECIPIENT, SELF, WRITER, Keys, customer, replaced
from webhook_gateway.reading import Unreadable, clock, mapping, member, members, required, text

_STATES = {
    "sent": pb.DeliveryStatus.STATE_SENT,
    "delivered": pb.DeliveryStatus.STATE_DELIVERED,
    "read": pb.DeliveryStatus.STATE_READ,
    "played": pb.DeliveryStatus.STATE_READ,  # a voice message
    "failed": pb.DeliveryStatus.STATE_FAILED,
}
_OPTED_OUT = {"stop": True, "resume": False, "signup": False}
_LONGEST_ERROR = 500


@dataclass(frozen=True)
class Item:
    """What stands in an array of a change; where `array` is empty, a whole change of a kind that is only kept."""

    field: str
    array: str
    value: Any
    contact: Object


Events: TypeAlias = Iterator[pb.Event]


def about(channel: MetaChannel, entry: Entry, keys: Keys | None, kind: str, *identity: object) -> pb.Event:
    """An event without content, of the customer that the item names; without keys, or a name, of nobody."""
    item: Item = entry.item
    sender = customer(item.value, item.contact, keys) if keys else pb.Sender()
    event = channel.event(entry, kind, *identity, thread=sender.external_id)
    if sender.external_id:
        event.sender.CopyFrom(sender)
    if time := clock(item.value, "timestamp"):
        event.platform_time.CopyFrom(time)
    return event


def _message(channel: MetaChannel, entry: Entry, item: Item) -> Events:
    message = mapping(item.value, "message")
    kind, wamid = text(message, "type"), required(message, "id")
    if text(message, "group_id"):
        yield channel.unsupported(entry, "group_message", wamid)
    elif kind == "system":
        yield from _system(channel, entry, message, wamid)
    else:
        event = _said(channel, entry, message, kind, wamid)
        if not event.thread_key:
            raise Unreadable("the message names no customer")
        yield event


def _said(channel: MetaChannel, entry: Entry, message: Object, kind: str, wamid: str) -> pb.Event:
    """Edits, removals and reactions have ids of their own beside that of the message they are about."""
    if kind == "reaction":
        event, target = about(channel, entry, WRITER, "reaction", wamid), member(message, "reaction")
        event.reaction.target_key = event_key("message", required(target, "message_id"))
        event.reaction.emoji = text(target, "emoji")  # empty or missing: taken back
        return event
    if kind == "revoke":
        event = about(channel, entry, WRITER, "deletion", wamid)
        original = required(member(message, "revoke"), "original_message_id")
        event.deletion.target_key = event_key("message", original)
        return event
    edit = member(message, "edit") if kind == "edit" else {}
    said = content(member(edit, "message") if edit else message)
    if said is None:
        event = about(channel, entry, WRITER, "unsupported", wamid)
        event.unsupported.kind = word(message)[:LONGEST_WORD]
    elif edit:
        event = about(channel, entry, WRITER, "edit", wamid)
        event.edit.target_key = event_key("message", required(edit, "original_message_id"))
        event.edit.content.CopyFrom(said)
    else:
        event = about(channel, entry, WRITER, "message", wamid)
        event.message.CopyFrom(said)
    return event


def _system(channel: MetaChannel, entry: Entry, message: Object, wamid: str) -> Events:
    """A changed number changes the BSUID too: two events. They stand in the thread of the names that were."""
    pairs = replaced(message)
    if not pairs:
        yield channel.unsupported(entry, word(message), wamid)
    for old, new in pairs:
        event = channel.event(entry, "alias", wamid, new.kind, thread=pairs[-1][0].value)
        event.sender.CopyFrom(pb.Sender(external_id=event.thread_key, aliases=[pair[0] for pair in pairs]))
        if time := clock(message, "timestamp"):
            event.platform_time.CopyFrom(time)
        event.alias_change.CopyFrom(pb.AliasChange(old=old, new=new))
        yield event


def _user_id(channel: MetaChannel, entry: Entry, item: Item) -> Events:
    """The field of its own that tells of a changed BSUID; older than the system message about it."""
    update = mapping(item.value, "user_id_update")
    user = member(update, "user_id")
    as_system = {
        "from": update.get("wa_id"),
        "timestamp": update.get("timestamp"),
        "system": {"previous_user_id": user.get("previous"), "user_id": user.get("current")},
    }
    yield from _system(channel, entry, as_system, text(user, "current"))


def _status(channel: MetaChannel, entry: Entry, item: Item) -> Events:
    """Of one message, there is one for each state, and in groups for each participant."""
    status = mapping(item.value, "status")
    wamid, state = required(status, "id"), required(status, "status")
    participant = text(status, "recipient_participant_id") or text(status, "participant_recipient_id")
    identity = (wamid, state, participant) if participant else (wamid, state)
    if state not in _STATES:
        yield channel.unsupported(entry, f"status {state}", *identity)
        return
    of_group = participant or text(status, "recipient_type") == "group"
    event = about(channel, entry, None if of_group else RECIPIENT, "status", *identity)
    error = mapping(next(iter(members(status, "errors")), {}), "error")
    code = text(error, "code")
    meaning = channel.meaning(int(code)) if code.isascii() and code.isdigit() else None
    details = text(member(error, "error_data"), "details")
    words = [text(error, "title") or text(error, "message"), details]
    event.status.CopyFrom(
        pb.DeliveryStatus(
            provider_id=wamid,
            delivery_id=delivery_of(text(status, "biz_opaque_callback_data")),
            state=_STATES[state],
            error_code=code,
            error_text=": ".join(filter(None, words))[:_LONGEST_ERROR],
            reason=meaning.status_reason if meaning else "",
        )
    )
    yield event


def _echo(channel: MetaChannel, entry: Entry, item: Item) -> Events:
    """Somebody wrote from the business's own phone. What they changed or took back says so as well."""
    echo = mapping(item.value, "message_echo")
    wamid = required(echo, "id")
    if text(echo, "group_id"):
        yield channel.unsupported(entry, "group_message", wamid)
        return
    event = about(channel, entry, ADDRESSEE, "echo", wamid)
    if not event.thread_key:
        raise Unreadable("the echo names no customer")
    edit = member(echo, "edit")
    said = content(member(edit, "message") if edit else echo) or pb.MessageContent()
    event.echo.CopyFrom(pb.Echo(provider_id=wamid, content=said, origin=pb.Echo.ORIGIN_OTHER))
    yield event


def _preference(channel: MetaChannel, entry: Entry, item: Item) -> Events:
    preference = mapping(item.value, "user_preference")
    value, category = text(preference, "value"), text(preference, "category")
    identity = (text(preference, "timestamp"), category, value)
    event = about(channel, entry, SELF, "preference")
    event.event_key = event_key("preference", event.thread_key, *identity)
    if not event.thread_key:
        raise Unreadable("the preference names no customer")
    if value in _OPTED_OUT:
        event.preference.opted_out = _OPTED_OUT[value]
        event.preference.category = category.removesuffix("_messages")
    else:
        event.unsupported.kind = f"preference {value}"[:LONGEST_WORD]
    yield event


def _error(channel: MetaChannel, entry: Entry, item: Item) -> Events:
    """About the account, with neither a message nor a status."""
    error = mapping(item.value, "error")
    yield channel.unsupported(entry, f"error {text(error, 'code')}")


# The arrays that the fields of a webhook hold, where their items name the customer, and who reads them.
Reader: TypeAlias = Callable[[MetaChannel, Entry, Item], Events]
ARRAYS: dict[str, dict[str, tuple[Keys, Reader]]] = {
    "messages": {"messages": (WRITER, _message), "statuses": (RECIPIENT, _status), "errors": (WRITER, _error)},
    "smb_message_echoes": {"message_echoes": (ADDRESSEE, _echo)},
    "user_preferences": {"user_preferences": (SELF, _preference)},
    "user_id_update": {"user_id_update": (SELF, _user_id)},
}
