"""What Twilio's tests share: three senders, and forms to change and to sign."""

import base64
import hashlib
import hmac
from typing import Any
from urllib.parse import unquote_plus, urlencode

from protos import conversation_pb2 as pb
from tests.webhook_gateway.channels.conformance import BODIES, read
from webhook_gateway.channels.channel import WebhookRequest
from webhook_gateway.channels.twilio import Twilio, TwilioAccount

NUMBER, WHATSAPP, SERVICE = "+15005550122", "whatsapp:+15005550122", "MG" + "c4e1" * 8


CUSTOMER = "+447700900456"


SID = "AC" + "5E7C0A" * 5 + "5E"


KEY = "SK" + "7B" * 16


TOKENS = ("kettle-auth-token-of-yesterday", "kettle-auth-token-of-today")


SECRETS = (*TOKENS, "kettle-api-secret")


PUBLIC = "https://shop.example"


PATH = f"{PUBLIC}/webhooks/twilio"


DELIVERY = "0b0e7a52-1c44-4d0b-8a0e-6d1f2c3b4a59"


def account(sender: str = NUMBER, **more: str) -> TwilioAccount:
    given: dict[str, Any] = {"sender": sender, "account_sid": SID, "auth_token": " , ".join(TOKENS), **more}
    return TwilioAccount(**given)


CHANNEL = Twilio([account(), account(WHATSAPP), account(SERVICE, api_key=KEY, api_secret=SECRETS[2])], PUBLIC)


def signature(url: str, body: bytes, secret: str) -> str:
    """As the platform computes it of a form."""
    pairs = {tuple(map(unquote_plus, part.partition("=")[::2])) for part in body.decode().split("&") if part}
    signed = url + "".join("".join(pair) for pair in sorted(pairs))
    return base64.b64encode(hmac.new(secret.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def form_of(name: str) -> dict[str, str]:
    body = (BODIES / "twilio" / f"{name}.form").read_text().strip()
    return {key: unquote_plus(value) for key, _, value in (part.partition("=") for part in body.split("&"))}


def request(form: dict[str, str], query: str = "") -> WebhookRequest:
    body = urlencode(form).encode()
    return WebhookRequest({"x-twilio-signature": signature(PATH + query, body, TOKENS[0])}, body, query)


def event(form: dict[str, str], query: str = "", channel: Twilio = CHANNEL) -> pb.Event:
    (found,) = read(channel, request(form, query))
    assert isinstance(found, pb.Event), found
    return found
