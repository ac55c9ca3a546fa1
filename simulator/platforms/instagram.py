"""Instagram messaging: texts by bytes, stories, echoes that name the app and nothing else of ours."""

import base64
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from simulator.accounts import Account
from simulator.customers import Customer, Message
from simulator.platforms.messaging import ACTS, Messaging, event
from simulator.platforms.platform import Doing, Json, Report, Update

_TEXT_LIMIT_BYTES = 1000


def story_reply(doing: Doing) -> Json:
    """The customer answers a story of the shop; its picture lives in Meta's network for a day."""
    file = doing.media.take(doing.act.media_id, "image")
    story = {"id": "17995000000000001", "url": f"{doing.url}/media/{file.id}"}
    return event(doing, message={"mid": doing.id, "text": doing.act.text, "reply_to": {"story": story}})


def story_mention(doing: Doing) -> Json:
    file = doing.media.take(doing.act.media_id, "image")
    attachment = {"type": "story_mention", "payload": {"url": f"{doing.url}/media/{file.id}"}}
    return event(doing, message={"mid": doing.id, "attachments": [attachment]})


class Instagram(Messaging):
    """The direct messages of a professional account."""

    channel: ClassVar[str] = "instagram"
    title: ClassVar[str] = "Instagram"
    object_name: ClassVar[str] = "instagram"
    closed_code: ClassVar[str] = "10/2534022"
    unknown_code: ClassVar[str] = "100/2534014"

    @property
    def acts(self) -> Mapping[str, Callable[[Doing], Json]]:
        return {**ACTS, "story_reply": story_reply, "story_mention": story_mention}

    def new_customer_id(self) -> str:
        return str(5 * 10**18 + secrets.randbelow(10**18))

    def new_id(self, customer_id: str) -> str:
        inside = f"ig_item:1:IGMessageID:{customer_id}:".encode() + secrets.token_bytes(24)
        return base64.urlsafe_b64encode(inside).decode().rstrip("=")

    def check_length(self, text: str) -> None:
        if len(text.encode()) > _TEXT_LIMIT_BYTES:
            raise self.refusal("100", "Length of param message[text] must be less than or equal to 1000 bytes")

    def reports(self, account: Account, message: Message, customer: Customer) -> list[Report]:
        echo = self.echo_of_ours(account, message)
        # Nobody is told of a delivery.
        return [Report("sent", Update(account, echo)), Report("delivered", None)]

    def read(self, account: Account, messages: Sequence[Message]) -> list[Update]:
        newest = max(messages, key=lambda message: message.at)
        seen = {"mid": newest.id}
        sender, recipient = {"id": newest.customer}, {"id": account.id}
        now = int(time.time() * 1000)
        return [Update(account, {"sender": sender, "recipient": recipient, "timestamp": now, "read": seen})]
