"""What Instagram and Messenger have in common: the events of `messaging`, for a customer's acts and for echoes."""

import time
from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from simulator.accounts import Account
from simulator.customers import Customer, Message
from simulator.platforms import meta
from simulator.platforms.platform import Doing, Draft, Envelope, Json, Platform, Refusal, Update

# Names that Meta has for the reactions that its own apps offer; the others come without one.
_REACTIONS = {
    "❤": "love",
    "❤️": "love",
    "😆": "smile",
    "😮": "wow",
    "😢": "sad",
    "😠": "angry",
    "👍": "like",
    "👎": "dislike",
}


def event(doing: Doing, **content: object) -> Json:
    """One of `messaging`, from the customer."""
    sender, recipient = {"id": doing.customer.id}, {"id": doing.account.id}
    return {"sender": sender, "recipient": recipient, "timestamp": doing.milliseconds, **content}


def message(doing: Doing, **content: object) -> Json:
    found: Json = {"mid": doing.id, **content}
    if doing.act.message_id and "quick_reply" not in content and "is_deleted" not in content:
        found["reply_to"] = {"mid": doing.act.message_id}
    if doing.act.referral:
        found["referral"] = doing.act.referral
    return event(doing, message=found)


def text(doing: Doing) -> Json:
    return message(doing, text=doing.act.text)


def medium(doing: Doing) -> Json:
    """An attachment, whose address is public; what was written below it comes with it."""
    kind = {"document": "file"}.get(doing.act.kind, doing.act.kind)
    file = doing.media.take(doing.act.media_id, doing.act.kind, doing.act.mime_type)
    attachment = {"type": kind, "payload": {"url": f"{doing.url}/media/{file.id}"}}
    written = {"text": doing.act.text} if doing.act.text else {}
    return message(doing, **written, attachments=[attachment])


def button(doing: Doing) -> Json:
    return message(doing, text=doing.act.text, quick_reply={"payload": doing.act.payload or doing.act.text})


def postback(doing: Doing) -> Json:
    payload = doing.act.payload or doing.act.text
    return event(doing, postback={"mid": doing.id, "title": doing.act.text, "payload": payload})


def reaction(doing: Doing) -> Json:
    act = doing.act
    if not act.emoji:
        return event(doing, reaction={"mid": act.message_id, "action": "unreact"})
    name = _REACTIONS.get(act.emoji, "other")
    return event(doing, reaction={"mid": act.message_id, "action": "react", "reaction": name, "emoji": act.emoji})


def edit(doing: Doing) -> Json:
    return event(doing, message_edit={"mid": doing.act.message_id, "text": doing.act.text, "num_edit": 1})


def delete(doing: Doing) -> Json:
    return event(doing, message={"mid": doing.act.message_id, "is_deleted": True})


def unsupported(doing: Doing) -> Json:
    return message(doing, is_unsupported=True)


def referral(doing: Doing) -> Json:
    found = doing.act.referral or {
        "ref": doing.act.payload or "spring-sale",
        "source": "SHORTLINK",
        "type": "OPEN_THREAD",
    }
    return event(doing, referral=found)


ACTS = {
    "text": text,
    **dict.fromkeys(("image", "audio", "video", "document"), medium),
    "button": button,
    "postback": postback,
    "reaction": reaction,
    "edit": edit,
    "delete": delete,
    "unsupported": unsupported,
    "referral": referral,
}


class Messaging(Platform):
    """A platform whose entries hold `messaging`."""

    object_name: ClassVar[str]
    closed_code: ClassVar[str]
    unknown_code: ClassVar[str]
    batch: ClassVar[int] = meta.BATCH

    @abstractmethod
    def check_length(self, text: str) -> None:
        """Raises Refusal for a text that is too long."""

    def envelope(self, updates: Sequence[Update], public_url: str) -> Envelope:
        entries = meta.entries(updates, "messaging", int(time.time() * 1000))
        return meta.envelope(self.channel, {"object": self.object_name, "entry": entries}, updates[0].account)

    def check(self, draft: Draft, customer: Customer | None, now: float) -> str:
        self.check_length(draft.text)
        if customer is None or not customer.last_wrote:
            raise self.refusal(self.unknown_code)
        if customer.blocked:
            raise self.refusal("551")
        if self.closed(customer, now):
            raise self.refusal(self.closed_code)
        return ""

    def accepted(self, message: Message) -> Json:
        return {"recipient_id": message.customer, "message_id": message.id}

    def refusal(self, code: str, detail: str = "") -> Refusal:
        return meta.refusal(code, detail)

    def echo(self, doing: Doing) -> Json:
        """Written in the platform's own inbox: without the app that sends for the shop."""
        return self.echo_of(doing.account, doing.customer.id, doing.id, doing.act.text, doing.milliseconds)

    def echo_of_ours(self, account: Account, message: Message, **more: object) -> Json:
        """Sent by the app behind the account's token, which it names where there is one."""
        app = {"app_id": int(account.app_id)} if account.app_id.isdecimal() else {}
        return self.echo_of(account, message.customer, message.id, message.text, int(message.at * 1000), **app, **more)

    def echo_of(self, account: Account, customer: str, mid: str, text: str, at: int, **more: object) -> Json:
        found = {"mid": mid, "text": text, "is_echo": True, **more}
        return {"sender": {"id": account.id}, "recipient": {"id": customer}, "timestamp": at, "message": found}
