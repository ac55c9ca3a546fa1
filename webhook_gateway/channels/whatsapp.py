"""WhatsApp, by Meta's Cloud API: its numbers, what stands in its webhooks, and how to send.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview
"""

from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import Field

from protos import conversation_pb2 as pb
from webhook_gateway.channels.channel import Call, Capabilities, Entry, WebhookRequest, evidence
from webhook_gateway.channels.meta import MetaAccount, MetaChannel, graph_call
from webhook_gateway.channels.whatsapp_content import Object
from webhook_gateway.channels.whatsapp_customer import Contacts, alias
from webhook_gateway.channels.whatsapp_errors import MEANINGS
from webhook_gateway.channels.whatsapp_events import ARRAYS, Item


class WhatsAppAccount(MetaAccount):
    """One of the shop's numbers."""

    id_field: ClassVar[str] = "phone_number_id"
    shared_fields: ClassVar[frozenset[str]] = MetaAccount.shared_fields | {"business_account_id"}

    phone_number_id: str = Field(pattern="^[0-9]{1,32}$", description="Of the number; not the number itself.")
    business_account_id: str = Field(
        "", pattern="^[0-9]{0,32}$", description="Of the WhatsApp Business account that the number belongs to."
    )


class WhatsApp(MetaChannel):
    """One number is one account."""

    name = "whatsapp"
    title = "WhatsApp"
    object_name = "whatsapp_business_account"
    meanings = MEANINGS
    account_type = WhatsAppAccount
    accounts: dict[str, WhatsAppAccount]
    capabilities = Capabilities(
        text_limit=4096,
        reply_window_seconds=86_400,
        bold="*",
        italic="_",
        strike="~",
        account_per_minute=4800,
        recipient_interval_ms=6000,
        recipient_burst=10,  # Meta lends up to 45, to be paid back by waiting
        typing_refresh_ms=20_000,  # it lasts 25 s
    )

    def entries(self, request: WebhookRequest) -> Iterator[Entry]:
        """One for each message, status and the like, of every change of every entry."""
        for entry in self.envelope(request):
            owner = entry if isinstance(entry, dict) else {}
            changes = owner.get("changes")
            for change in changes if isinstance(changes, list) else [entry]:
                yield from self._of_change(owner.get("id"), change)

    def _of_change(self, business: Any, change: Any) -> Iterator[Entry]:
        field, value = (change.get("field"), change.get("value")) if isinstance(change, dict) else (None, None)
        if not isinstance(field, str) or not isinstance(value, dict):
            problem = "no change with field and value"
            yield Entry(self._of_business(business), None, evidence(change), problem)
            return
        arrays = {name: keys for name, (keys, _) in ARRAYS.get(field, {}).items() if value.get(name) is not None}
        named = _named(value)
        account = named or self._of_business(business)
        if not arrays:
            yield Entry(account, Item(field, "", value, {}), evidence(change))
        problem = "" if named else "metadata names no phone_number_id"
        contacts = Contacts(value.get("contacts"))
        for name, keys in arrays.items():
            items = value[name]
            for item in items if isinstance(items, list) else [items]:
                contact = contacts.of(item, keys)
                # As if it had come alone, so that what is kept can be read again.
                alone = {"metadata": value.get("metadata"), "contacts": [contact] if contact else [], name: [item]}
                raw = evidence({"field": field, "value": alone})
                yield Entry(account, Item(field, name, item, contact), raw, problem)

    def _of_business(self, business: Any) -> str:
        """Who gets what names no number: the first number of the business account; of all, where it names neither."""
        if not isinstance(business, str | int):
            return next(iter(self.accounts), "")
        accounts = self.accounts.values()
        of_business = [account.id for account in accounts if account.business_account_id == str(business)]
        unassigned = [account.id for account in accounts if not account.business_account_id]
        return next(iter(of_business or unassigned), str(business)[:255])

    def events(self, entry: Entry) -> Iterator[pb.Event]:
        """What an item says."""
        item: Item = entry.item
        if item.array:
            _, read = ARRAYS[item.field][item.array]
            yield from read(self, entry, item)
        else:
            yield self.unsupported(entry, item.field)

    def compose(self, account: WhatsAppAccount, delivery: pb.Delivery) -> Call:
        """A text. It carries our id, which comes back with its statuses: the proof where an answer was lost."""
        body = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            **_address(delivery),
            "type": "text",
            "text": {"body": delivery.text, "preview_url": False},
            "biz_opaque_callback_data": delivery.id,
        }
        return graph_call(account, f"{account.phone_number_id}/messages", body)

    def compose_typing(self, account: WhatsAppAccount, signal: pb.TypingSignal) -> Call | None:
        """There is no typing without marking as read, and that takes the id of a message."""
        kind, _, wamid = signal.message_key.partition(":")
        if kind != "message" or not wamid or wamid.startswith("sha256:"):
            return None
        body = {
            "messaging_product": "whatsapp",
            "status": "read",
            "message_id": wamid,
            "typing_indicator": {"type": "text"},
        }
        return graph_call(account, f"{account.phone_number_id}/messages", body)

    def provider_id(self, body: Any) -> str:
        match body:
            case {"messages": [{"id": str(found)}, *_]}:
                return found
        return ""


def _named(value: Object) -> str:
    """The number that a change is about; empty where it names none."""
    for place in (value.get("metadata"), value.get("recipient")):
        named = place.get("phone_number_id") if isinstance(place, dict) else None
        if isinstance(named, str) or (isinstance(named, int) and not isinstance(named, bool)):
            return str(named)
    return ""


def _address(delivery: pb.Delivery) -> dict[str, str]:
    """By phone number where it is known; the thread's key where it is still the customer's, else any valid name."""
    names = list(delivery.recipient) or [alias(delivery.thread_key)]
    names.sort(key=lambda name: (name.kind != "phone", name.value != delivery.thread_key))
    found = next((name for name in names if name.kind in {"phone", "bsuid"}), alias(delivery.thread_key))
    return {"to" if found.kind == "phone" else "recipient": found.value}
