"""Messenger: echoes with our metadata, delivery and read marks by watermark."""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from simulator.accounts import Account
from simulator.customers import Customer, Message
from simulator.platforms.messaging import ACTS, Messaging, event, message
from simulator.platforms.platform import Doing, Json, Report, Update

_TEXT_LIMIT = 2000


def location(doing: Doing) -> Json:
    coordinates = {"lat": doing.act.latitude, "long": doing.act.longitude}
    attachment = {"title": doing.act.name or "Location", "type": "location", "payload": {"coordinates": coordinates}}
    return message(doing, attachments=[attachment])


def sticker(doing: Doing) -> Json:
    """The thumb: the only one that needs no file."""
    url = f"{doing.url}/media/{doing.media.take('', 'sticker').id}"
    payload = {"url": url, "sticker_id": 369239263222822}
    return message(doing, sticker_id=369239263222822, attachments=[{"type": "sticker", "payload": payload}])


def optin(doing: Doing) -> Json:
    return event(doing, optin={"ref": doing.act.payload or "newsletter"})


class Messenger(Messaging):
    """The messages of a page."""

    channel: ClassVar[str] = "messenger"
    title: ClassVar[str] = "Messenger"
    object_name: ClassVar[str] = "page"
    closed_code: ClassVar[str] = "10/2018278"
    unknown_code: ClassVar[str] = "100/2018001"

    @property
    def acts(self) -> Mapping[str, Callable[[Doing], Json]]:
        return {**ACTS, "location": location, "sticker": sticker, "optin": optin}

    def new_customer_id(self) -> str:
        return str(7 * 10**16 + secrets.randbelow(10**16))

    def new_id(self, customer_id: str) -> str:
        return "m_" + secrets.token_urlsafe(48)

    def check_length(self, text: str) -> None:
        if len(text) > _TEXT_LIMIT:
            raise self.refusal("100/2018109")

    def reports(self, account: Account, message: Message, customer: Customer) -> list[Report]:
        marked: Json = {"metadata": message.mark} if message.mark else {}
        echo = self.echo_of_ours(account, message, **marked)
        seen = {"mids": [message.id], "watermark": int(message.at * 1000)}
        return [
            Report("sent", Update(account, echo)),
            Report("delivered", Update(account, _mark(account, message.customer, delivery=seen))),
        ]

    def read(self, account: Account, messages: Sequence[Message]) -> list[Update]:
        newest = max(messages, key=lambda message: message.at)
        return [Update(account, _mark(account, newest.customer, read={"watermark": int(newest.at * 1000)}))]


def _mark(account: Account, customer: str, **content: Json) -> Json:
    now = int(time.time() * 1000)
    return {"sender": {"id": customer}, "recipient": {"id": account.id}, "timestamp": now, **content}
