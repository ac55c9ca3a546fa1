"""What Messenger and Instagram share: the protocol of Facebook's pages, which Instagram's accounts speak as well.

https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import Field

from protos import conversation_pb2 as pb
from webhook_gateway.channels import pages_events
from webhook_gateway.channels.channel import Call, Entry, WebhookRequest, evidence
from webhook_gateway.channels.meta import (
    ACCOUNT_STOPPED,
    MAYBE_SENT,
    RECIPIENT,
    WINDOW_CLOSED,
    Meanings,
    MetaAccount,
    MetaChannel,
    graph_call,
    throttled,
)
from webhook_gateway.channels.pages_item import Item
from webhook_gateway.reading import Unreadable, load, mapping, members, text

# The error codes of both, beside those of the Graph API.
SHARED_MEANINGS: Meanings = {
    (1, 1357046): MAYBE_SENT,  # the platform says itself that the message may have arrived
    613: throttled(10),
    (10, 2534022): WINDOW_CLOSED,  # more than 24 hours since the customer's last message
    551: RECIPIENT,  # not available: has blocked the account, or left
    # Another application owns the thread: until it gives it back, this customer gets nothing from us.
    **{(code, subcode): RECIPIENT for code in (10, 100, 200) for subcode in (2018300, 2018321)},
    (10, 1893063): ACCOUNT_STOPPED,  # restricted; a person has to mend the account
}

_ARRAYS = ("messaging", "standby", "changes")


class PagesAccount(MetaAccount):
    """An account whose echoes say which application sent them."""

    shared_fields: ClassVar[frozenset[str]] = MetaAccount.shared_fields | {"app_id"}

    app_id: str = Field(
        "",
        pattern="^([0-9]+( *, *[0-9]+)*)?$",
        description="Of the Meta app that sends for the shop; tells its messages from those that people write.",
    )

    @property
    def app_ids(self) -> frozenset[str]:
        """An app for Instagram has two, of which echoes may name either: both can be given."""
        return frozenset(part.strip() for part in self.app_id.split(",") if part.strip())


class PagesChannel(MetaChannel):
    """A channel whose entries hold `messaging`."""

    # What webhooks of this channel may be called besides.
    other_names: ClassVar[tuple[str, ...]] = ()
    # What the customers' ids are called.
    alias_kind: ClassVar[str]

    def envelope(self, request: WebhookRequest) -> list[Any]:
        """As of every channel of Meta's; some tools send a list of bodies, as the documentation shows them."""
        body = load(request.body)
        found: list[Any] = []
        for one in body if isinstance(body, list) else [body]:
            if mapping(one, "the body").get("object") not in (self.object_name, *self.other_names):
                raise Unreadable(f"object is not {self.object_name}")
            found += members(one, "entry")
        return found

    def entries(self, request: WebhookRequest) -> Iterator[Entry]:
        """One for each event, of every array of every entry, which may have several."""
        for entry in self.envelope(request):
            owner = entry if isinstance(entry, dict) else {}
            arrays = [(place, owner[place]) for place in _ARRAYS if owner.get(place) is not None]
            if "field" in owner:  # a single change, without an array around it
                arrays.append(("changes", {"field": owner["field"], "value": owner.get("value")}))
            for place, items in arrays:
                for item in items if isinstance(items, list) else [items]:
                    yield self._entry(owner.get("id"), place, item)
            if not arrays:
                account = self._account(owner.get("id"), {})
                yield Entry(account, None, evidence(entry), problem="an entry without events")

    def _entry(self, owner: Any, place: str, item: Any) -> Entry:
        # As if it had come alone, so that what is kept can be read again.
        raw = evidence({"id": owner, place: [item]})
        value, problem = item, ""
        if place == "changes":
            place, value, problem = _changed(item)
        return Entry(self._account(owner, value), Item(place, value, self.alias_kind), raw, problem)

    def _account(self, owner: Any, value: Any) -> str:
        """Who gets it: the entry's, or else, as of the dashboard's test button, the one that the event is about."""
        ends = [value.get(end) for end in ("recipient", "sender")] if isinstance(value, dict) else []
        named = [_id(owner), *(_id(end.get("id")) for end in ends if isinstance(end, dict))]
        known = (account for account in named if account in self.accounts)
        # What names nobody at all is kept, under the first account.
        return next(known, None) or named[0] or next(iter(self.accounts), "")

    def events(self, entry: Entry) -> Iterator[pb.Event]:
        """What an item says."""
        return pages_events.read(self, entry)

    def compose_seen(self, account: Any, signal: pb.TypingSignal) -> Call | None:
        """By a call of its own, because a sender action goes alone."""
        return self.call(account, signal, {"sender_action": "mark_seen"})

    def compose_typing(self, account: Any, signal: pb.TypingSignal) -> Call | None:
        """Gone by itself after a while, or with the reply."""
        return self.call(account, signal, {"sender_action": "typing_on"})

    def call(self, account: Any, customer: pb.Delivery | pb.TypingSignal, body: Mapping[str, Any]) -> Call:
        """A call of the send API: to the thread's customer, or to the id that they have instead by now."""
        valid = [alias.value for alias in customer.recipient if alias.kind == self.alias_kind]
        thread = customer.thread_key
        recipient = thread if thread in valid or not valid else valid[0]
        return graph_call(account, self.send_path(account), {"recipient": {"id": recipient}, **body})

    def send_path(self, account: Any) -> str:
        """Where messages are sent to."""
        return f"{account.id}/messages"

    def provider_id(self, body: Any) -> str:
        match body:
            case {"message_id": str(found)}:
                return found
        return ""


def _changed(change: Any) -> tuple[str, Any, str]:
    """Place, value and problem of a change. The dashboard's test button puts messaging events into changes."""
    field, value = (change.get("field"), change.get("value")) if isinstance(change, dict) else (None, None)
    if not isinstance(field, str):
        return "", change, "a change without a field"
    if isinstance(value, dict) and ("sender" in value or "recipient" in value):
        return "messaging", value, ""
    return field, value, ""


def _id(value: Any) -> str:
    """Empty where it is none."""
    try:
        return text({"id": value}, "id")
    except Unreadable:
        return ""
