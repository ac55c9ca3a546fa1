"""WhatsApp Cloud API: its envelope, its statuses, and what it refuses."""

import base64
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from simulator.accounts import Account
from simulator.customers import Customer, Message
from simulator.platforms import meta
from simulator.platforms.platform import Doing, Draft, Envelope, Json, Platform, Refusal, Report, Update
from simulator.platforms.whatsapp_acts import ACTS, change

_TEXT_LIMIT = 4096


class WhatsApp(Platform):
    """`messages` and `smb_message_echoes` of a business account."""

    channel: ClassVar[str] = "whatsapp"
    title: ClassVar[str] = "WhatsApp"
    batch: ClassVar[int] = meta.BATCH

    @property
    def acts(self) -> Mapping[str, Callable[[Doing], Json]]:
        return ACTS

    def new_customer_id(self) -> str:
        return f"1202555{secrets.randbelow(9000) + 1000}"

    def new_id(self, customer_id: str) -> str:
        inside = b"\x1c\x18" + customer_id.encode() + secrets.token_bytes(12)
        return "wamid." + base64.b64encode(inside).decode()

    def envelope(self, updates: Sequence[Update], public_url: str) -> Envelope:
        entries: list[Json] = []
        for update in updates:
            if not entries or entries[-1]["id"] != update.account.business_id:
                entries.append({"id": update.account.business_id, "changes": []})
            entries[-1]["changes"].append(update.item)
        body = {"object": "whatsapp_business_account", "entry": entries}
        return meta.envelope(self.channel, body, updates[0].account)

    def check(self, draft: Draft, customer: Customer | None, now: float) -> str:
        if draft.kind == "text" and len(draft.text) > _TEXT_LIMIT:
            detail = f"Param text['body'] must be at most {_TEXT_LIMIT} characters long."
            raise self.refusal("100", detail)
        if draft.recipient == draft.account.address:
            raise self.refusal("131021", "Sender and recipient are the same")
        # A number that nobody has, and a closed window, are told by a status after the send was accepted.
        if customer is not None and customer.blocked:
            return "131026"
        return "131047" if self.closed(customer, now) else ""

    def accepted(self, message: Message) -> Json:
        contact = {"input": message.customer, "wa_id": message.customer}
        if "." in message.customer:
            contact = {"input": message.customer, "user_id": message.customer}
        taken = {"id": message.id, "message_status": "accepted"}
        return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [taken]}

    def reports(self, account: Account, message: Message, customer: Customer) -> list[Report]:
        if message.fails:
            return [Report("failed", self._status(account, message, "failed"))]
        return [Report(state, self._status(account, message, state)) for state in ("sent", "delivered")]

    def read(self, account: Account, messages: Sequence[Message]) -> list[Update]:
        return [self._status(account, message, "read") for message in messages]

    def refusal(self, code: str, detail: str = "") -> Refusal:
        return meta.refusal(code, detail, whatsapp=True)

    def echo(self, doing: Doing) -> Json:
        item = {
            "from": doing.account.address,
            "to": doing.customer.id,
            "id": doing.id,
            "timestamp": str(doing.seconds),
            "type": "text",
            "text": {"body": doing.act.text},
        }
        return {**change(doing.account.id, doing.account.address, message_echoes=[item]), "field": "smb_message_echoes"}

    def _status(self, account: Account, message: Message, state: str) -> Update:
        now = int(time.time())
        status: Json = {"id": message.id, "status": state, "timestamp": str(now), "recipient_id": message.customer}
        if "." in message.customer:
            status["recipient_user_id"] = status.pop("recipient_id")
        if message.mark:
            status["biz_opaque_callback_data"] = message.mark
        if state == "failed":
            error = self.refusal(message.fails).body["error"]
            title = error["message"]
            details = {"details": f"Message failed: {title}"}
            status["errors"] = [
                {"code": error["code"], "title": title, "message": title, "error_data": details},
            ]
        else:
            origin = {"type": "service"}
            status["conversation"] = {"id": f"c{message.customer}", "origin": origin}
            if state == "sent":
                status["conversation"]["expiration_timestamp"] = str(now + 86_400)
            status["pricing"] = {
                "billable": False,
                "pricing_model": "PMP",
                "category": "service",
                "type": "free_customer_service",
            }
        return Update(account, change(account.id, account.address, statuses=[status]))
