"""What Telegram's tests share: two bots, and updates to change."""

import json
from typing import Any

from protos import conversation_pb2 as pb
from tests.webhook_gateway.channels.conformance import BODIES, read
from webhook_gateway.channels.channel import WebhookRequest
from webhook_gateway.channels.telegram import Telegram, TelegramAccount

FIRST, SECOND = "7421180655", "7421180656"


CHAT = "5501984337"


SECRETS = (
    "kettle_bot_of_yesterday",
    "kettle-bot-of-today",
    f"{FIRST}:kettle-token",
    "second_bot",
    f"{SECOND}:tea-token",
)


PROOF = "x-telegram-bot-api-secret-token"


def account(token: str = SECRETS[2], secret: str = f" {SECRETS[0]} , {SECRETS[1]} ", **more: str) -> TelegramAccount:
    given: dict[str, Any] = {"bot_token": token, "secret_token": secret, **more}
    return TelegramAccount(**given)


CHANNEL = Telegram([account(), account(SECRETS[4], SECRETS[3])])


def request(body: Any, secret: str = SECRETS[0]) -> WebhookRequest:
    return WebhookRequest({PROOF: secret}, json.dumps(body).encode())


def body_of(name: str) -> Any:
    return json.loads((BODIES / "telegram" / f"{name}.json").read_text())


def event(body: Any, secret: str = SECRETS[0]) -> pb.Event:
    (found,) = read(CHANNEL, request(body, secret))
    assert isinstance(found, pb.Event), found
    return found
