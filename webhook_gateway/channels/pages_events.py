"""What the events of Messenger and Instagram mean, by the key that each holds.

https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events
"""

from collections.abc import Callable

import structlog

from protos import conversation_pb2 as pb
from webhook_gateway.channels.channel import LONGEST_WORD, Entry, event_key
from webhook_gateway.channels.meta import MetaChannel
from webhook_gateway.channels.pages_content import Object, referred
from webhook_gateway.channels.pages_item import Events, Item, about, is_of_business
from webhook_gateway.channels.pages_messages import read_edit, read_message, read_postback, read_reaction
from webhook_gateway.reading import Unreadable, clock, mapping, member, members, required, text

_logger = structlog.get_logger()

_NO_KIND = {"sender", "recipient", "timestamp"}


def read(channel: MetaChannel, entry: Entry) -> Events:
    """What an item says. Raises Unreadable."""
    item: Item = entry.item
    if item.place != "messaging":  # a change of another kind, or an event of a thread that another application owns
        yield channel.unsupported(entry, item.place)
        return
    value = mapping(item.value, "event")
    kinds = sorted(key for key in value if key not in _NO_KIND and value[key] is not None)
    known = [kind for kind in kinds if kind in _READERS]
    if not known:
        # Who owns a thread, linked accounts, payments, and what the platform comes to add.
        yield channel.unsupported(entry, kinds[0] if kinds else "empty")
    elif known != ["message"] and is_of_business(value, entry.account):
        yield channel.unsupported(entry, f"{known[0]} of the business")
    elif _is_of_guest(value, known[0]):
        yield channel.unsupported(entry, f"{known[0]} of a guest")
    else:
        for kind in known:
            yield from _READERS[kind](channel, entry, value)


def _is_of_guest(value: Object, kind: str) -> bool:
    """Whether nobody knows who did it but a plugin on the shop's pages."""
    sender = member(value, "sender")
    return not text(sender, "id") and ("user_ref" in sender or kind == "optin")


def _referral(channel: MetaChannel, entry: Entry, value: Object) -> Events:
    event = about(channel, entry, "referral")
    event.referral.CopyFrom(referred(member(value, "referral")))
    yield event


def _optin(channel: MetaChannel, entry: Entry, value: Object) -> Events:
    """Consent to be written to, by a plugin of the shop's pages or to messages about one topic; or its end."""
    optin = member(value, "optin")
    event = about(channel, entry, "preference")
    event.preference.opted_out = text(optin, "notification_messages_status").startswith("STOP")
    event.preference.category = "marketing" if text(optin, "type") else ""
    yield event


def _delivery(channel: MetaChannel, entry: Entry, value: Object) -> Events:
    """By the ids. A watermark alone says too little: that all before it arrived, whoever wrote it."""
    mids = members(member(value, "delivery"), "mids")
    for mid in dict.fromkeys(required({"mid": mid}, "mid") for mid in mids):
        event = about(channel, entry, "status", mid, "delivered")
        event.status.CopyFrom(pb.DeliveryStatus(provider_id=mid, state=pb.DeliveryStatus.STATE_DELIVERED))
        yield event
    if not mids:
        yield channel.unsupported(entry, "delivery without mids")


def _read(channel: MetaChannel, entry: Entry, value: Object) -> Events:
    """Instagram names the newest message, Messenger the time until which all are read."""
    mark = member(value, "read")
    mid, until = text(mark, "mid"), clock(mark, "watermark")
    event = about(channel, entry, "read", mid)
    if mid:
        event.read_mark.provider_id = mid
    elif until:
        event.event_key = event_key("read", event.thread_key, until.ToMilliseconds())
        event.read_mark.until.CopyFrom(until)
    else:
        raise Unreadable("a read mark without mid or watermark")
    yield event


def _policy(channel: MetaChannel, entry: Entry, value: Object) -> Events:
    action = text(member(value, "policy-enforcement"), "action")
    _logger.warning(
        "the platform enforces its policies: see the account's support inbox",
        channel=channel.name,
        account=entry.account,
        action=action[:LONGEST_WORD],
    )
    yield channel.unsupported(entry, f"policy-enforcement {action}")


_READERS: dict[str, Callable[[MetaChannel, Entry, Object], Events]] = {
    "message": read_message,
    "message_edit": read_edit,
    "reaction": read_reaction,
    "postback": read_postback,
    "referral": _referral,
    "optin": _optin,
    "delivery": _delivery,
    "read": _read,
    "policy-enforcement": _policy,
}
