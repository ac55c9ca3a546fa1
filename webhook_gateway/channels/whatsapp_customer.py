"""Who a WhatsApp customer is: a phone number, a business-scoped id (BSUID), or both, under many spellings.

https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids
"""

import re
from dataclasses import dataclass
from typing import Any

from protos import conversation_pb2 as pb
from webhook_gateway.channels.whatsapp_content import Object
from webhook_gateway.reading import aside, besides, member, text

_PARENTS = ("parent_user_id", "recipient_parent_user_id", "parent_recipient_user_id", "from_parent_user_id")
# Only what stands at the very end is read: the customer's name comes before it, and may say anything.
_CHANGED = re.compile(r" changed from (\S+) to (\S+)$")
_LONGEST_NAME = 255


@dataclass(frozen=True)
class Keys:
    """Where an item names the customer. Either may be missing, and either may hold either kind of name."""

    phone: str
    user: str


WRITER = Keys("from", "from_user_id")
RECIPIENT = Keys("recipient_id", "recipient_user_id")
ADDRESSEE = Keys("to", "to_user_id")
SELF = Keys("wa_id", "user_id")


def customer(item: Object, contact: Object, keys: Keys) -> pb.Sender:
    """The customer, by the BSUID where there is one, because a phone number may be hidden later. Empty: nobody named.

    So the id is the phone number until the first BSUID arrives, and another one after the customer changed the number.
    What holds a conversation together are the aliases, all of which go with every event.
    """
    named = (text(item, keys.user), text(contact, "user_id"), text(item, keys.phone), text(contact, "wa_id"))
    aliases = [alias(value) for value in dict.fromkeys(named) if value]
    if not aliases:
        return pb.Sender()
    parents = [aside(source, key) for source in (item, contact) for key in _PARENTS]
    aliases += [pb.Alias(kind="parent_bsuid", value=value) for value in dict.fromkeys(parents) if value]
    profile = besides(contact, "profile")
    username = (aside(profile, "username") or aside(contact, "username")).removeprefix("@")
    if username:
        aliases.append(pb.Alias(kind="username", value=username))
    return pb.Sender(external_id=aliases[0].value, display_name=aside(profile, "name")[:_LONGEST_NAME], aliases=aliases)


def alias(value: str) -> pb.Alias:
    """A name by its looks: business-scoped ids turn up where phone numbers used to be."""
    digits = value.removeprefix("+")
    return (
        pb.Alias(kind="phone", value=digits)
        if digits.isascii() and digits.isdigit()
        else pb.Alias(kind="bsuid", value=value)
    )


def replaced(message: Object) -> list[tuple[pb.Alias, pb.Alias]]:
    """The old and the new names that a system message tells of; none where it tells of something else."""
    system = member(message, "system")
    told = _CHANGED.search(text(system, "body"))
    old_user = text(system, "previous_user_id") or text(message, "from_user_id") or (told[1] if told else "")
    pairs = (
        (text(message, "from") or text(system, "customer"), text(system, "new_wa_id") or text(system, "wa_id")),
        (old_user, text(system, "user_id")),
    )
    found = [(alias(old), alias(new)) for old, new in pairs if old and new]
    return [(old, new) for old, new in found if old.kind == new.kind and old.value != new.value]


class Contacts:
    """The contacts of one change; their order says nothing about the messages beside them."""

    def __init__(self, listed: Any) -> None:
        self._listed = [contact for contact in listed if isinstance(contact, dict)] if isinstance(listed, list) else []
        self._by_name = {
            contact[key]: contact
            for contact in self._listed
            for key in ("wa_id", "user_id")
            if isinstance(contact.get(key), str) and contact[key]
        }

    def of(self, item: Any, keys: Keys) -> Object:
        """The contact of an item: named by it, or the only one there is and not contradicting it."""
        if not isinstance(item, dict):
            return {}
        for key in (keys.user, keys.phone):
            if isinstance(name := item.get(key), str) and name in self._by_name:
                return self._by_name[name]
        if len(self._listed) != 1:
            return {}
        only = self._listed[0]
        contradicts = any(item.get(a) and only.get(b) for a, b in ((keys.user, "user_id"), (keys.phone, "wa_id")))
        return {} if contradicts else only
