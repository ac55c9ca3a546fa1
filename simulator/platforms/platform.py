"""What every platform is: acts turned into its webhooks, sends answered and reported in its own words."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

from simulator.accounts import Account
from simulator.acts import Act
from simulator.customers import Customer, Message
from simulator.media import Media

Json: TypeAlias = dict[str, Any]


def utf16_units(text: str) -> int:
    """The length of a text as Telegram and Twilio count it: an emoji has two."""
    return len(text.encode("utf-16-le")) // 2


class Refusal(Exception):
    """The platform's own answer to a call that it does not accept."""

    def __init__(self, status: int, body: Json, code: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.body = body
        self.code = code
        self.headers = dict(headers or {})


class NotThere(Exception):
    """The platform has no such act."""


@dataclass(frozen=True)
class Update:
    """One item of a webhook's body; `url` where it does not go to the channel's own."""

    account: Account
    item: Json
    url: str = ""
    # Called after each attempt to post it, with whether the gateway took it.
    told: Callable[[bool], None] | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Envelope:
    """One webhook, ready to be posted to a path of the gateway, or to a whole address."""

    url: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Report:
    """What the platform tells about a message, when it gets to `state`; without an update it tells nothing."""

    state: str
    update: Update | None


@dataclass(frozen=True)
class Doing:
    """An act with all that its platform needs to put it into words."""

    account: Account
    customer: Customer
    act: Act
    id: str
    at: float
    media: Media
    # Of this simulator, for files.
    url: str
    # What the act refers to, where it is known.
    target: Message | None = None

    @property
    def seconds(self) -> int:
        return int(self.at)

    @property
    def milliseconds(self) -> int:
        return int(self.at * 1000)


@dataclass(frozen=True)
class Draft:
    """A message that the shop asks the platform to send."""

    account: Account
    recipient: str
    text: str
    kind: str = "text"
    mark: str = ""
    reply_to: str = ""
    buttons: Sequence[dict[str, str]] = field(default_factory=list)
    callback: str = ""


class Platform(ABC):
    """One platform in this run."""

    channel: ClassVar[str]
    title: ClassVar[str]
    # Whether the shop's software is told what a person of the shop writes on another device.
    echoes: ClassVar[bool] = True
    # Updates that one body may hold.
    batch: ClassVar[int] = 1
    # Whether a webhook that was not answered with 2xx comes again; if not, only one that nobody answered does.
    retries_refused: bool = True
    window_seconds: ClassVar[float] = 24 * 3600

    @property
    @abstractmethod
    def acts(self) -> Mapping[str, Callable[[Doing], Json]]:
        """What a customer can do here, each with the item that the platform makes of it."""

    @abstractmethod
    def envelope(self, updates: Sequence[Update], public_url: str) -> Envelope:
        """One webhook with these updates."""

    @abstractmethod
    def new_id(self, customer_id: str) -> str:
        """The id of one more message."""

    @abstractmethod
    def new_customer_id(self) -> str:
        """An address that nobody has."""

    @abstractmethod
    def check(self, draft: Draft, customer: Customer | None, now: float) -> str:
        """Raises Refusal for what the platform refuses; returns the code of a failure that it reports later, or ''."""

    @abstractmethod
    def accepted(self, message: Message) -> Json:
        """The answer to a send that was accepted."""

    @abstractmethod
    def reports(self, account: Account, message: Message, customer: Customer) -> list[Report]:
        """What the shop is told about an accepted message, up to its delivery."""

    @abstractmethod
    def read(self, account: Account, messages: Sequence[Message]) -> list[Update]:
        """What the shop is told when the customer opens the phone: these were read."""

    @abstractmethod
    def refusal(self, code: str, detail: str = "") -> Refusal:
        """The platform's answer with one of its error codes."""

    def throttled(self, seconds: float) -> Refusal:
        """429 as the platform says it."""
        refused = self.refusal("429")
        refused.headers["Retry-After"] = str(round(seconds))
        return refused

    def echo(self, doing: Doing) -> Json:
        """What the shop's software is told when a person of the shop writes on another device."""
        raise NotThere(f"{self.channel} tells nobody what is written on another device")

    def do(self, doing: Doing) -> Json:
        """The item that tells of an act."""
        act = self.acts.get(doing.act.kind)
        if act is None:
            raise NotThere(f"{self.channel} has no {doing.act.kind}; it has {', '.join(sorted(self.acts))}")
        return act(doing)

    def closed(self, customer: Customer | None, now: float) -> bool:
        """Whether the time in which the shop may answer is over."""
        return customer is None or now - customer.last_wrote > self.window_seconds
