"""One event of a page's or an Instagram account's webhooks, and the customer that it is about."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from protos import conversation_pb2 as pb
from webhook_gateway.channels.channel import Entry
from webhook_gateway.channels.meta import MetaChannel
from webhook_gateway.channels.pages_content import Object
from webhook_gateway.reading import Unreadable, clock, member, text

Events: TypeAlias = Iterator[pb.Event]


@dataclass(frozen=True)
class Item:
    """One event of an entry."""

    # messaging, standby, or the field of a change.
    place: str
    value: Any
    # What the customer's id is called: psid or igsid.
    alias_kind: str


def is_of_business(value: Object, account: str) -> bool:
    """Whether the business did it. Were it taken for a customer's, the assistant would answer itself for ever."""
    is_echo = value.get("message") is not None and member(value, "message").get("is_echo") is True
    return is_echo or text(member(value, "sender"), "id") == account


def about(channel: MetaChannel, entry: Entry, kind: str, *identity: object) -> pb.Event:
    """An event without content, of the customer. Raises Unreadable where it names none."""
    value, account = entry.item.value, entry.account
    ends = [text(member(value, end), "id") for end in ("recipient", "sender")]
    possible = ends if is_of_business(value, account) else ends[1:]
    customer = next((end for end in possible if end not in {"", account}), "")
    if not customer:
        raise Unreadable(f"the {kind} names no customer")
    event = channel.event(entry, kind, *identity, thread=customer)
    alias = pb.Alias(kind=entry.item.alias_kind, value=customer)
    event.sender.CopyFrom(pb.Sender(external_id=customer, aliases=[alias]))
    if time := clock(value, "timestamp"):
        event.platform_time.CopyFrom(time)
    return event
