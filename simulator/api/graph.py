"""Graph: the API of WhatsApp, Instagram and Messenger."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, request

from simulator.accounts import Account
from simulator.api import graph_looks
from simulator.api.tokens import bearer
from simulator.platforms.meta import refusal, text_of
from simulator.platforms.platform import Draft, Json, Platform
from simulator.sending import Call, Sending
from simulator.world import World

_CHANNELS = ("whatsapp", "instagram", "messenger")
# Seconds after which a typing indicator goes of itself.
_TYPING = {"whatsapp": 25, "instagram": 20, "messenger": 20}


def create(world: World, platforms: Mapping[str, Platform], sending: Sending) -> Blueprint:
    """Routes below /v26.0 and the like, whatever the version."""
    api = Blueprint("graph", __name__)
    graph = _Graph(world, platforms, sending)

    @api.post("/<version>/<node>/messages")
    def messages(version: str, node: str) -> Json:
        account = graph.account(node)
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            raise refusal("100", "The body is not JSON")
        return graph.whatsapp(account, body) if account.channel == "whatsapp" else graph.messaging(account, body)

    graph_looks.register(api, world, platforms)
    return api


class _Graph:
    def __init__(self, world: World, platforms: Mapping[str, Platform], sending: Sending) -> None:
        self._world = world
        self._platforms = platforms
        self._sending = sending

    def account(self, node: str) -> Account:
        """The one that the call is about, if the token is its own."""
        token = bearer()
        found = self._world.accounts.find(_CHANNELS, **({"token": token} if node == "me" else {"id": node}))
        if not token or not self._world.accounts.find(_CHANNELS, token=token):
            raise refusal("190")
        if found is None or found.token != token:
            raise refusal("100/33", f"Unsupported post request. Object with ID '{node[:40]}' does not exist")
        return found

    def whatsapp(self, account: Account, body: Json) -> Json:
        platform = self._platforms["whatsapp"]
        if body.get("messaging_product") != "whatsapp":
            raise platform.refusal("100", "(#100) The parameter messaging_product is required.")
        if "status" in body:
            return self._mark_read(account, body)
        recipient = str(body.get("to") or body.get("recipient") or "").removeprefix("+")
        if not recipient:
            raise platform.refusal("131008", "Parameter 'to' is missing")
        kind = str(body.get("type", "text"))
        text, buttons = _whatsapp_content(platform, kind, body)
        reply_to = str((body.get("context") or {}).get("message_id", ""))
        mark = str(body.get("biz_opaque_callback_data", ""))
        draft = Draft(account, recipient, text, "text" if kind == "interactive" else kind, mark, reply_to, buttons)
        return self._sending.send(platform, draft)

    def _mark_read(self, account: Account, body: Json) -> Json:
        platform = self._platforms["whatsapp"]
        read = self._world.message("whatsapp", str(body.get("message_id", "")))
        if body["status"] != "read" or read is None or read.account != account.id:
            raise platform.refusal("131009", "message_id is not a message that this number received")

        def effect() -> Json:
            self._read_and_type(account, read.customer, _TYPING["whatsapp"] if "typing_indicator" in body else 0)
            return {"success": True}

        return self._sending.signal(Call(platform, account, "typing", read.customer), effect)

    def messaging(self, account: Account, body: Json) -> Json:
        """Messenger's and Instagram's."""
        platform = self._platforms[account.channel]
        recipient = str((body.get("recipient") or {}).get("id", ""))
        if not recipient:
            raise refusal("100", "The parameter recipient is required.")
        if action := body.get("sender_action"):
            return self._action(account, recipient, str(action), body)
        message: Json = body.get("message") or {}
        if body.get("tag") not in {None, "HUMAN_AGENT"}:
            raise refusal("100", "Invalid message tag")
        text = text_of(message, "text")
        metadata = str(message.get("metadata", "")) if account.channel == "messenger" else ""
        replies = message.get("quick_replies") or []
        buttons = [{"id": str(one.get("payload", "")), "title": str(one.get("title", ""))} for one in replies]
        reply_to = str((message.get("reply_to") or body.get("reply_to") or {}).get("mid", ""))
        return self._sending.send(platform, Draft(account, recipient, text, "text", metadata, reply_to, buttons))

    def _action(self, account: Account, recipient: str, action: str, body: Json) -> Json:
        if "message" in body or "messaging_type" in body:
            raise refusal("100", "sender_action cannot be sent with a message")
        if action not in {"typing_on", "typing_off", "mark_seen", "react", "unreact"}:
            raise refusal("100", "sender_action is invalid")
        known = self._world.find(account.channel, account.id, recipient)
        if known is None:
            raise self._platforms[account.channel].refusal("100/2018001")

        def effect() -> Json:
            self._read_and_type(account, recipient, _TYPING[account.channel] if action == "typing_on" else 0)
            return {"recipient_id": recipient}

        return self._sending.signal(Call(self._platforms[account.channel], account, "typing", recipient), effect)

    def _read_and_type(self, account: Account, recipient: str, seconds: float) -> None:
        self._world.show_presence(account.channel, account.id, recipient, seconds, read=True)


def _whatsapp_content(platform: Platform, kind: str, body: Json) -> tuple[str, list[dict[str, str]]]:
    """The text, and the buttons below it."""
    content = body.get(kind)
    if not isinstance(content, dict):
        raise platform.refusal("100", f"(#100) The parameter {kind[:20]} is required.")
    match kind:
        case "text":
            return _required(platform, content.get("body"), "text['body']"), []
        case "interactive":
            return _required(platform, (content.get("body") or {}).get("text"), "body"), _buttons(content)
        case "template":
            return f"[template {content.get('name', '')}]", []
        case "image" | "video" | "audio" | "document" | "sticker":
            return str(content.get("caption") or content.get("link") or content.get("id") or ""), []
    raise platform.refusal("131051")


def _required(platform: Platform, value: Any, name: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise platform.refusal("100", f"(#100) The parameter {name} is required.")
    return value


def _buttons(content: Json) -> list[dict[str, str]]:
    action = content.get("action") or {}
    rows = [row for section in action.get("sections") or [] for row in section.get("rows") or []]
    replies = [button.get("reply") or {} for button in action.get("buttons") or []]
    return [{"id": str(one.get("id", "")), "title": str(one.get("title", ""))} for one in [*replies, *rows]]
