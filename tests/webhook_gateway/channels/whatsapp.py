"""What WhatsApp's tests share: two accounts, and bodies to change."""

import hashlib
import hmac
import json
from typing import Any

from protos import conversation_pb2 as pb
from tests.webhook_gateway.channels.conformance import BODIES, read
from webhook_gateway.channels.channel import WebhookRequest
from webhook_gateway.channels.whatsapp import WhatsApp, WhatsAppAccount
from webhook_gateway.reading import Unreadable

FIRST, SECOND = "318273645546372", "318273645546399"
BUSINESS = "204081632640128"
PHONE, BSUID = "447700900123", "GB.70318264915530827746"
SECRETS = (
    "kettle-secret-of-yesterday",
    "kettle-secret-of-today",
    "EAAG-kettle-token",
    "kettle-verify-word",
    "EAAG-second",
)
APP_SECRETS = SECRETS[:2]


def account(number: str = FIRST, **changes: str) -> WhatsAppAccount:
    given = {
        "phone_number_id": number,
        "access_token": SECRETS[2],
        "app_secret": " , ".join(APP_SECRETS),
        "verify_token": SECRETS[3],
    }
    return WhatsAppAccount(**{**given, **changes})  # type: ignore[arg-type]  # pydantic makes secrets of them


CHANNEL = WhatsApp([account(), account(SECOND, access_token=SECRETS[4])])


def signed(body: bytes, secret: str = APP_SECRETS[0]) -> WebhookRequest:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return WebhookRequest({"x-hub-signature-256": f"sha256={digest}"}, body)


def body_of(name: str) -> Any:
    return json.loads((BODIES / "whatsapp" / f"{name}.json").read_text())


def events(body: Any, channel: WhatsApp = CHANNEL) -> list[pb.Event | Unreadable]:
    return list(read(channel, WebhookRequest({}, json.dumps(body).encode())))


def event(body: Any, channel: WhatsApp = CHANNEL) -> pb.Event:
    (found,) = events(body, channel)
    assert isinstance(found, pb.Event), found
    return found
