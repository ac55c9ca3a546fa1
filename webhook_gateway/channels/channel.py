"""What every channel is: a platform's webhooks turned into events, and deliveries into calls of its send API.

A channel holds no state and opens no connection. It sees bytes and headers, never a web framework's request, and says
what to call, never calls: so all of it can be tried without a network.
"""

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, SecretStr

from protos import conversation_pb2 as pb
from webhook_gateway.outcomes import Outcome
from webhook_gateway.reading import Unreadable, dump

_MAX_KEY = 512  # characters of an event key, by the contract
_MAX_THREAD = 255  # characters of a thread key, likewise
# Seconds. What is asked to wait longer is tried again after that: a slip of the platform's must not stop an account.
LONGEST_WAIT = 3600.0
MENDING = 300.0  # seconds between two tries of an account that a person has to mend
LONGEST_WORD = 64  # characters that are kept of a platform's word for what is not understood
_DELIVERY = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MAX_RAW = 256 * 1024  # bytes of evidence, of the 512 KiB that a call of the contract takes


@dataclass(frozen=True)
class Capabilities:
    """What a platform takes and shows. Everything that differs between channels beyond their formats is said here."""

    text_limit: int
    # Seconds after the customer's last message in which it takes a reply; 0: always.
    reply_window_seconds: int
    # The length of a text in the platform's own unit.
    measure: Callable[[str], int] = len
    # What is written instead of Markdown's **bold**, _italic_ and ~~struck~~; empty: shown without marks.
    bold: str = ""
    italic: str = ""
    strike: str = ""
    # Sends of one account a minute; 0: as many as there are.
    account_per_minute: int = 0
    # Between two sends to one customer in the long run, and how many may follow one another at once.
    recipient_interval_ms: int = 0
    recipient_burst: int = 1
    # After that the platform's typing indicator is gone; 0: it has none.
    typing_refresh_ms: int = 0


class Account(BaseModel):
    """One account of ours, as its settings name it: field `access_token` of WhatsApp is WHATSAPP_ACCESS_TOKEN.

    A field with a validation alias is set by the variable of that name, for all accounts, and channels, at once.
    """

    # Complaints about settings must not quote them: most are secrets.
    model_config = ConfigDict(frozen=True, validate_by_name=True, validate_by_alias=True, hide_input_in_errors=True)

    # The field that names the account where the platform's events do.
    id_field: ClassVar[str]
    # Fields that further accounts (WHATSAPP_2_…) take from the first where they have none of their own.
    shared_fields: ClassVar[frozenset[str]] = frozenset()

    @property
    def id(self) -> str:
        """As the platform's events name it."""
        return str(getattr(self, self.id_field))


def secrets(value: SecretStr) -> list[bytes]:
    """A comma-separated list of secrets, any of which counts: so that one can be exchanged for another."""
    return [part.strip().encode() for part in value.get_secret_value().split(",") if part.strip()]


def at_least_one(value: SecretStr) -> SecretStr:
    """For fields that hold such a list: with none in it, nothing would be authentic. Raises ValueError."""
    if not secrets(value):
        raise ValueError("holds no secret, only commas or blanks: copy it again")
    return value


@dataclass(frozen=True)
class WebhookRequest:
    """A request to /webhooks/<channel>, its body as it came over the wire; header names are in lower case."""

    headers: Mapping[str, str]
    body: bytes
    # The query with its ?, as it came; empty where there is none.
    query: str = ""


@dataclass(frozen=True)
class Entry:
    """One item of a body, read on its own: so that one that cannot be read costs none of the others."""

    account: str
    item: Any
    # What is kept as evidence: the item in the platform's own words.
    raw: bytes
    # Why it cannot be read at all; empty where that is to be seen.
    problem: str = ""


@dataclass(frozen=True)
class Call:
    """A call of the platform's API. `json` or `form` is its body. Headers and URL may hold secrets."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: Any = None
    form: Mapping[str, str] | None = None
    # User name and password of basic authentication.
    basic: tuple[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Answer:
    """The platform's answer; `body` is its JSON, None where it is none. Header names are in lower case."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def retry_after_seconds(self) -> float:
        """Of the header Retry-After, an hour at most; 0 where it says no number of seconds."""
        value = self.headers.get("retry-after", "").strip()
        return min(float(value), LONGEST_WAIT) if value.isascii() and value.isdigit() and len(value) < 10 else 0.0


class Channel(ABC):
    """One platform. `accounts` are ours there, by their ids."""

    name: ClassVar[str]
    title: ClassVar[str]
    capabilities: ClassVar[Capabilities]
    account_type: ClassVar[type[Account]]

    def __init__(self, accounts: Sequence[Account], public_url: str = "") -> None:
        """`public_url` is where the platform reaches this gateway: scheme and host, without a path."""
        self.accounts = {account.id: account for account in accounts}
        self.public_url = public_url

    def handshake(self, query: Mapping[str, str]) -> str | None:
        """The answer to a platform that asks by GET whether this is the right place; None refuses it."""
        del query
        return None

    @abstractmethod
    def proven(self, request: WebhookRequest) -> list[str]:
        """The accounts that the request may speak for, in their order: one's secret says nothing about another's.

        Empty where the platform did not send it, or no secret is configured.
        """

    @abstractmethod
    def entries(self, request: WebhookRequest) -> Iterator[Entry]:
        """The items of an authentic body. Raises Unreadable where it is none of the platform's."""

    @abstractmethod
    def events(self, entry: Entry) -> Iterator[pb.Event]:
        """What an item says, in normal form. Whatever it raises makes the item poison, and costs no other one."""

    def acknowledgement(self, request: WebhookRequest) -> tuple[str, str]:
        """The answer to a webhook that is stored, and its type. Most read the status only, some do what it says.

        Never raises, whatever the body is.
        """
        del request
        return "", "text/plain"

    @abstractmethod
    def compose(self, account: Any, delivery: pb.Delivery) -> Call:
        """The call that sends `delivery`."""

    @abstractmethod
    def interpret(self, answer: Answer, delivery: pb.Delivery) -> Outcome:
        """What became of the send of `delivery`, from the answer to it; never raises, whatever was answered."""

    def compose_seen(self, account: Any, signal: pb.TypingSignal) -> Call | None:
        """The call that marks the customer's messages as read; None where there is none, or typing does it as well."""
        del account, signal
        return None

    def compose_typing(self, account: Any, signal: pb.TypingSignal) -> Call | None:
        """The call that shows the customer that somebody writes; None where there is none."""
        del account, signal
        return None

    def event(self, entry: Entry, kind: str, *identity: object, thread: str) -> pb.Event:
        """An event of this channel without content; its key is (kind, identity), its thread the customer's id.

        What the platform gave no id is identified by all that it says. Raises Unreadable where the thread is too long.
        """
        if len(thread) > _MAX_THREAD:
            raise Unreadable(f"the customer's id is longer than {_MAX_THREAD} characters")
        return pb.Event(
            channel=self.name,
            account=entry.account,
            event_key=event_key(kind, *(identity or (hashlib.sha256(entry.raw).hexdigest(),))),
            thread_key=thread,
            surface=pb.SURFACE_MESSAGING,
            reply_window_seconds=self.capabilities.reply_window_seconds,
            raw=entry.raw,
        )

    def unsupported(self, entry: Entry, kind: str, *identity: object) -> pb.Event:
        """What is authentic and not understood, by the platform's word: kept under the account, in nobody's thread."""
        event = self.event(entry, "unsupported", *identity, thread="")
        event.unsupported.kind = kind[:LONGEST_WORD]
        return event


def evidence(item: Any) -> bytes:
    """What is kept of an item in the platform's own words: its JSON, cut where the contract could not carry it."""
    try:
        return dump(item).encode()[:_MAX_RAW]
    except Unreadable:
        return b""  # reading the item fails for the same reason, which is recorded


def delivery_of(mark: str) -> str:
    """Our delivery that a mark names; empty for marks of other applications."""
    return mark if _DELIVERY.fullmatch(mark) else ""


def event_key(kind: str, *identity: object) -> str:
    """The key of an event: platforms use one id for a message, its edit and its deletion, so the kind is part of it."""
    key = ":".join((kind, *map(str, identity)))
    return key if len(key) <= _MAX_KEY else f"{kind}:sha256:{hashlib.sha256(key.encode()).hexdigest()}"
