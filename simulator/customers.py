"""Customers and what was written, as it stands on a phone."""

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Author = Literal["customer", "shop", "person", "note"]
Reading = Literal["at_once", "when_opened", "never"]


class Traits(BaseModel):
    """What PUT /control/customers/<channel>/<id> takes; the fields are Customer's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = ""
    username: str = ""
    user_id: str = ""
    hides_number: bool = False
    reads: Reading = "at_once"


@dataclass
class Customer:
    """One customer in one of the shop's accounts."""

    channel: str
    account: str
    id: str
    name: str = ""
    username: str = ""
    # WhatsApp's business-scoped user id, which stays when the number is hidden.
    user_id: str = ""
    hides_number: bool = False
    # Whether a message of the shop counts as read.
    reads: Reading = "at_once"
    blocked: bool = False
    # By the platform's clock, in seconds; 0: never wrote.
    last_wrote: float = 0
    typing_until: float = 0
    rev: int = 0

    @property
    def key(self) -> tuple[str, str, str]:
        return self.channel, self.account, self.id

    def shown(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


@dataclass
class Message:
    """One message on the phone.

    `state` of a customer's is sending, received or failed; else it is what the shop was told.
    """

    id: str
    channel: str
    account: str
    customer: str
    author: Author
    kind: str
    text: str
    at: float
    state: str = ""
    # What the shop's software put into the send to know it again.
    mark: str = ""
    reply_to: str = ""
    media_id: str = ""
    mime_type: str = ""
    latitude: float | None = None
    longitude: float | None = None
    buttons: list[dict[str, str]] = field(default_factory=list)
    # Emoji by who reacted.
    reactions: dict[str, str] = field(default_factory=dict)
    edited: bool = False
    deleted: bool = False
    # Whether the customer has looked at it, which not every platform tells the shop.
    seen: bool = False
    # Where Twilio reports to.
    callback: str = field(default="", repr=False)
    # The platform's own error of a message that it took and could not deliver.
    fails: str = ""
    rev: int = 0

    @property
    def thread(self) -> tuple[str, str, str]:
        """The key of its customer."""
        return self.channel, self.account, self.customer

    def shown(self) -> dict[str, Any]:
        shown = dataclasses.asdict(self)
        del shown["callback"]
        return shown
