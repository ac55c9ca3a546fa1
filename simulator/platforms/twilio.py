"""Twilio: forms instead of JSON, signed over the public address, and statuses to the address that the send named."""

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar
from urllib.parse import urlencode

from simulator.accounts import Account
from simulator.customers import Customer, Message
from simulator.platforms.platform import Doing, Draft, Envelope, Json, Platform, Refusal, Report, Update, utf16_units
from simulator.signing import twilio_signature

_TEXT_LIMIT = 1600
# https://www.twilio.com/docs/api/errors
_ERRORS = {
    "20003": (401, "Authenticate"),
    "20404": (404, "The requested resource was not found"),
    "20429": (429, "Too Many Requests"),
    "20500": (500, "Internal Server Error"),
    "21211": (400, "Invalid 'To' Phone Number"),
    "21602": (400, "Message body is required"),
    "21606": (400, "The 'From' phone number is not a valid, SMS-capable phone number for your account"),
    "21610": (400, "Attempt to send to unsubscribed recipient"),
    "21617": (400, "The concatenated message body exceeds the 1600 character limit"),
    "63016": (400, "Failed to send freeform message because you are outside the allowed window"),
}


class Twilio(Platform):
    """SMS, and WhatsApp where the number begins with whatsapp: ."""

    channel: ClassVar[str] = "twilio"
    title: ClassVar[str] = "SMS (Twilio)"
    echoes: ClassVar[bool] = False

    @property
    def acts(self) -> Mapping[str, Callable[[Doing], Json]]:
        return {"text": _text, "image": _medium, "audio": _medium, "video": _medium, "document": _medium} | {
            "location": _location,
            "button": _button,
        }

    def new_customer_id(self) -> str:
        return f"+1202555{secrets.randbelow(9000) + 1000}"

    def new_id(self, customer_id: str) -> str:
        return "SM" + secrets.token_hex(16)

    def envelope(self, updates: Sequence[Update], public_url: str) -> Envelope:
        """Signed with the address as it was configured, posted to where the gateway really is."""
        update = updates[0]
        form = {name: str(value) for name, value in update.item.items()}
        body = urlencode(form).encode()
        url = update.url or f"{public_url}/webhooks/{self.channel}"
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "User-Agent": "TwilioProxy/1.1",
            # The same in each attempt.
            "I-Twilio-Idempotency-Token": hashlib.sha256(body).hexdigest(),
            "X-Twilio-Signature": twilio_signature(update.account.token, url, form),
        }
        target = url.removeprefix(public_url) if url.startswith(f"{public_url}/") else url
        return Envelope(target, body, headers)

    def check(self, draft: Draft, customer: Customer | None, now: float) -> str:
        if not draft.text.strip():
            raise self.refusal("21602")
        if utf16_units(draft.text) > _TEXT_LIMIT:
            raise self.refusal("21617")
        if not draft.recipient.removeprefix("whatsapp:").lstrip("+").replace(".", "").isalnum():
            raise self.refusal("21211", f"Invalid 'To' Phone Number: {draft.recipient[:20]}")
        if customer is not None and customer.blocked:
            raise self.refusal("21610")
        if draft.recipient.startswith("whatsapp:") and self.closed(customer, now):
            return "63016"
        return ""

    def accepted(self, message: Message) -> Json:
        return {
            "sid": message.id,
            "account_sid": "",
            "from": message.account,
            "to": message.customer,
            "body": message.text,
            "status": "queued",
            "direction": "outbound-api",
            "num_segments": "1",
            "num_media": "0",
            "error_code": None,
            "error_message": None,
            "api_version": "2010-04-01",
        }

    def reports(self, account: Account, message: Message, customer: Customer) -> list[Report]:
        if message.fails:
            return [Report("failed", self._status(account, message, "undelivered"))]
        return [Report(state, self._status(account, message, state)) for state in ("sent", "delivered")]

    def read(self, account: Account, messages: Sequence[Message]) -> list[Update]:
        """SMS has no read mark."""
        seen = [self._status(account, message, "read") for message in messages if message.customer.startswith("whats")]
        return [update for update in seen if update]

    def refusal(self, code: str, detail: str = "") -> Refusal:
        code = {"429": "20429", "401": "20003", "190": "20003", "500": "20500"}.get(code, code)
        status, message = _ERRORS.get(code, (400, "The request failed"))
        more_info = f"https://www.twilio.com/docs/errors/{code}"
        body = {"code": int(code), "message": detail or message, "more_info": more_info, "status": status}
        return Refusal(status, body, code)

    def _status(self, account: Account, message: Message, state: str) -> Update | None:
        if not message.callback:
            return None
        form: Json = {
            "MessageSid": message.id,
            "SmsSid": message.id,
            "MessageStatus": state,
            "SmsStatus": state,
            "AccountSid": account.business_id,
            "From": account.id,
            "To": message.customer,
            "ApiVersion": "2010-04-01",
        }
        if message.fails:
            form["ErrorCode"] = message.fails
        return Update(account, form, message.callback)


def _form(doing: Doing, body: str, **more: str) -> Json:
    customer = doing.customer.id
    form: Json = {
        "MessageSid": doing.id,
        "SmsMessageSid": doing.id,
        "SmsSid": doing.id,
        "SmsStatus": "received",
        "AccountSid": doing.account.business_id,
        "From": customer,
        "To": doing.account.id,
        "Body": body,
        "NumMedia": "0",
        "NumSegments": "1",
        "ApiVersion": "2010-04-01",
    }
    if customer.startswith("whatsapp:"):
        form |= {"ProfileName": doing.customer.name, "WaId": customer.removeprefix("whatsapp:").lstrip("+")}
        if doing.act.message_id and doing.act.kind != "button":
            form |= {
                "OriginalRepliedMessageSid": doing.act.message_id,
                "OriginalRepliedMessageSender": doing.account.id,
            }
        if doing.act.forwarded:
            form["Forwarded" if doing.act.forwarded == "once" else "FrequentlyForwarded"] = "true"
    else:
        form |= {"FromCountry": "US", "FromCity": "", "ToCountry": "US"}
    return form | more


def _text(doing: Doing) -> Json:
    return _form(doing, doing.act.text)


def _medium(doing: Doing) -> Json:
    file = doing.media.take(doing.act.media_id, doing.act.kind, doing.act.mime_type)
    url = f"{doing.url}/media/{file.id}"
    return _form(doing, doing.act.text, NumMedia="1", MediaUrl0=url, MediaContentType0=file.mime_type)


def _location(doing: Doing) -> Json:
    act = doing.act
    place = {"Latitude": str(act.latitude), "Longitude": str(act.longitude), "Label": act.name, "Address": act.address}
    return _form(doing, "", **{name: value for name, value in place.items() if value})


def _button(doing: Doing) -> Json:
    return _form(doing, doing.act.text, ButtonText=doing.act.text, ButtonPayload=doing.act.payload or doing.act.text)
