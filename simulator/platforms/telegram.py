"""Telegram's Bot API: one update a webhook, a secret header, and no word about what became of a message."""

import itertools
import json
import random
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from simulator.accounts import Account
from simulator.customers import Customer, Message
from simulator.platforms.platform import (
    Doing,
    Draft,
    Envelope,
    Json,
    NotThere,
    Platform,
    Refusal,
    Report,
    Update,
    utf16_units,
)
from simulator.platforms.telegram_contents import CONTENTS, chat, head, user

_TEXT_LIMIT = 4096
_ERRORS = {
    "400": "Bad Request: chat not found",
    "401": "Unauthorized",
    "403": "Forbidden: bot was blocked by the user",
    "404": "Not Found",
    "409": "Conflict: terminated by other getUpdates request",
    "429": "Too Many Requests: retry after {seconds}",
    "500": "Internal Server Error",
}


class Telegram(Platform):
    """All bots of the shop. A bot whose webhook was never set has it at the gateway."""

    channel: ClassVar[str] = "telegram"
    title: ClassVar[str] = "Telegram"
    echoes: ClassVar[bool] = False
    window_seconds: ClassVar[float] = float("inf")

    def __init__(self) -> None:
        self._updates = itertools.count(random.SystemRandom().randrange(10**8, 10**9))
        self._messages = itertools.count(random.SystemRandom().randrange(100, 10_000))
        # By bot: where setWebhook wants its updates, and with which secret.
        self.webhooks: dict[str, tuple[str, str]] = {}

    @property
    def acts(self) -> Mapping[str, Callable[[Doing], Json]]:
        return {
            **dict.fromkeys(CONTENTS, self._message),
            "edit": self._edit,
            "button": self._callback,
            "reaction": self._reaction,
            "block": self._membership,
            "unblock": self._membership,
        }

    def new_customer_id(self) -> str:
        return str(10**8 + secrets.randbelow(9 * 10**8))

    def new_id(self, customer_id: str) -> str:
        return str(next(self._messages))

    def envelope(self, updates: Sequence[Update], public_url: str) -> Envelope:
        account = updates[0].account
        url, secret = self.webhooks.get(account.id) or (f"/webhooks/{self.channel}", account.secret)
        headers = {"Content-Type": "application/json"}
        if secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = secret
        if url.startswith(f"{public_url}/"):
            url = url.removeprefix(public_url)
        return Envelope(url, json.dumps(updates[0].item).encode(), headers)

    def check(self, draft: Draft, customer: Customer | None, now: float) -> str:
        if not draft.text.strip():
            raise self.refusal("400", "Bad Request: message text is empty")
        if utf16_units(draft.text) > _TEXT_LIMIT:
            raise self.refusal("400", "Bad Request: message is too long")
        if customer is None or not customer.last_wrote:
            raise self.refusal("400", "Bad Request: chat not found")
        if customer.blocked:
            raise self.refusal("403")
        return ""

    def accepted(self, message: Message) -> Json:
        bot = {"id": int(message.account), "is_bot": True, "first_name": "Shop", "username": "shop_bot"}
        private = {"id": int(message.customer), "type": "private"}
        sent = {
            "message_id": int(message.id),
            "from": bot,
            "chat": private,
            "date": int(message.at),
            "text": message.text,
        }
        return {"ok": True, "result": sent}

    def reports(self, account: Account, message: Message, customer: Customer) -> list[Report]:
        return [Report("sent", None), Report("delivered", None)]

    def read(self, account: Account, messages: Sequence[Message]) -> list[Update]:
        return []

    def refusal(self, code: str, detail: str = "") -> Refusal:
        code = "401" if code == "190" else code
        status = int(code) if code in _ERRORS else 400
        return Refusal(status, {"ok": False, "error_code": status, "description": detail or _ERRORS[str(status)]}, code)

    def throttled(self, seconds: float) -> Refusal:
        wait = round(seconds)
        body = self.refusal("429", f"Too Many Requests: retry after {wait}").body
        return Refusal(429, {**body, "parameters": {"retry_after": wait}}, "429")

    def _update(self, **content: Json) -> Json:
        return {"update_id": next(self._updates), **content}

    def _message(self, doing: Doing) -> Json:
        message = head(doing, doing.id) | CONTENTS[doing.act.kind](doing)
        if doing.act.message_id.isdigit():
            replied = {"message_id": int(doing.act.message_id), "chat": chat(doing.customer), "date": doing.seconds}
            message["reply_to_message"] = replied | {"text": doing.target.text if doing.target else ""}
        if doing.act.forwarded:
            origin = {"type": "hidden_user", "sender_user_name": "Somebody", "date": doing.seconds}
            message["forward_origin"] = origin
        return self._update(message=message)

    def _edit(self, doing: Doing) -> Json:
        message = head(doing, _number_of_message(doing)) | {"edit_date": int(time.time()), "text": doing.act.text}
        return self._update(edited_message=message)

    def _callback(self, doing: Doing) -> Json:
        query: Json = {"id": str(secrets.randbelow(10**18)), "from": user(doing.customer)}
        if doing.act.message_id.isdigit():
            offered = head(doing, doing.act.message_id)
            offered["from"] = {
                "id": int(doing.account.id),
                "is_bot": True,
                "first_name": "Shop",
                "username": "shop_bot",
            }
            query["message"] = offered | {"text": doing.target.text if doing.target else ""}
        query |= {"chat_instance": str(hash(doing.customer.key)), "data": doing.act.payload or doing.act.text}
        return self._update(callback_query=query)

    def _reaction(self, doing: Doing) -> Json:
        new = [{"type": "emoji", "emoji": doing.act.emoji}] if doing.act.emoji else []
        content = {
            "chat": chat(doing.customer),
            "message_id": int(_number_of_message(doing)),
            "user": user(doing.customer),
        }
        return self._update(
            message_reaction={**content, "date": doing.seconds, "old_reaction": [], "new_reaction": new}
        )

    def _membership(self, doing: Doing) -> Json:
        bot = {"id": int(doing.account.id), "is_bot": True, "first_name": "Shop", "username": "shop_bot"}
        kicked, member = {"user": bot, "status": "kicked", "until_date": 0}, {"user": bot, "status": "member"}
        old, new = (member, kicked) if doing.act.kind == "block" else (kicked, member)
        first = {"chat": chat(doing.customer), "from": user(doing.customer), "date": doing.seconds}
        return self._update(my_chat_member={**first, "old_chat_member": old, "new_chat_member": new})


def _number_of_message(doing: Doing) -> str:
    if not (doing.act.message_id.isascii() and doing.act.message_id.isdigit()):
        raise NotThere("message_id is a number in telegram")
    return doing.act.message_id
