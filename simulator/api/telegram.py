"""Telegram's Bot API: /bot<token>/<method>, with parameters as JSON, form or query."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from simulator.accounts import Account
from simulator.platforms.platform import Draft, Json
from simulator.platforms.telegram import Telegram
from simulator.sending import Call, Sending
from simulator.world import World

_TYPING_SECONDS = 5
# As the docs tell a shop to ask for, until setWebhook says otherwise.
_ALLOWED = ["message", "edited_message", "callback_query", "message_reaction", "my_chat_member"]


def create(world: World, telegram: Telegram, sending: Sending) -> Blueprint:
    """All methods that a shop's bot needs."""
    api = Blueprint("telegram", __name__)
    bots = _Bots(world, telegram, sending)

    @api.route("/bot<token>/<method>", methods=["GET", "POST"])
    def call(token: str, method: str) -> Json:
        return bots.call(token, method, {**request.args, **request.form, **(request.get_json(silent=True) or {})})

    @api.get("/file/bot<token>/<path:path>")
    def file(token: str, path: str) -> Response:
        bots.bot(token)
        medium = world.media.get(path.rpartition("/")[2].partition(".")[0])
        if medium is None:
            raise telegram.refusal("404")
        return Response(medium.data, mimetype="application/octet-stream")

    return api


class _Bots:
    def __init__(self, world: World, telegram: Telegram, sending: Sending) -> None:
        self._world = world
        self._telegram = telegram
        self._sending = sending
        # What each bot asked for, by setWebhook.
        self._allowed: dict[str, list[str]] = {}

    def bot(self, token: str) -> Account:
        found = self._world.accounts.find(("telegram",), token=token)
        if found is None:
            raise self._telegram.refusal("401")
        return found

    def call(self, token: str, method: str, given: Mapping[str, Any]) -> Json:
        bot = self.bot(token)
        methods = {
            "sendmessage": self._send,
            "sendchataction": self._action,
            "answercallbackquery": self._answer_callback,
            "getme": self._me,
            "getwebhookinfo": self._webhook_info,
            "setwebhook": self._set_webhook,
            "deletewebhook": self._delete_webhook,
            "getfile": self._file,
        }
        known = methods.get(method.lower())
        if known is None:
            raise self._telegram.refusal("404")
        return known(bot, given)

    def _send(self, bot: Account, given: Mapping[str, Any]) -> Json:
        markup = given.get("reply_markup")
        rows = (markup.get("inline_keyboard") or markup.get("keyboard") or []) if isinstance(markup, dict) else []
        keys = [key if isinstance(key, dict) else {"text": str(key)} for row in rows for key in row]
        buttons = [{"id": str(key.get("callback_data", "")), "title": str(key.get("text", ""))} for key in keys]
        reply = given.get("reply_parameters")
        reply_to = str(reply.get("message_id", "")) if isinstance(reply, dict) else ""
        text, chat = str(given.get("text", "")), str(given.get("chat_id", ""))
        return self._sending.send(self._telegram, Draft(bot, chat, text, reply_to=reply_to, buttons=buttons))

    def _action(self, bot: Account, given: Mapping[str, Any]) -> Json:
        chat = str(given.get("chat_id", ""))
        customer = self._world.known("telegram", bot.id, chat)
        if customer is None or not customer.last_wrote:
            raise self._telegram.refusal("400")

        def effect() -> Json:
            self._world.show_presence("telegram", bot.id, chat, _TYPING_SECONDS, read=False)
            return {"ok": True, "result": True}

        return self._sending.signal(Call(self._telegram, bot, "typing", chat), effect)

    def _answer_callback(self, bot: Account, given: Mapping[str, Any]) -> Json:
        if not given.get("callback_query_id"):
            raise self._telegram.refusal("400", "Bad Request: query is too old or query ID is invalid")
        self._world.log_call(channel="telegram", account=bot.id, call="answerCallbackQuery", outcome="accepted")
        return {"ok": True, "result": True}

    def _me(self, bot: Account, given: Mapping[str, Any]) -> Json:
        me = {"id": int(bot.id), "is_bot": True, "first_name": "Shop", "username": "shop_bot"}
        return {"ok": True, "result": {**me, "can_join_groups": False, "can_read_all_group_messages": False}}

    def _webhook_info(self, bot: Account, given: Mapping[str, Any]) -> Json:
        url, _ = self._telegram.webhooks.get(bot.id) or (f"{self._world.public_url}/webhooks/telegram", "")
        info = {"url": url, "has_custom_certificate": False, "pending_update_count": 0, "max_connections": 40}
        allowed = self._allowed.get(bot.id, _ALLOWED)
        return {"ok": True, "result": {**info, **({"allowed_updates": allowed} if allowed else {})}}

    def _set_webhook(self, bot: Account, given: Mapping[str, Any]) -> Json:
        url = str(given.get("url", ""))
        if not url:
            return self._delete_webhook(bot, given)
        if not url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise self._telegram.refusal("400", "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        self._telegram.webhooks[bot.id] = (url, str(given.get("secret_token", "")))
        if isinstance(allowed := given.get("allowed_updates"), list):
            self._allowed[bot.id] = [str(name) for name in allowed]
        return {"ok": True, "result": True, "description": "Webhook was set"}

    def _delete_webhook(self, bot: Account, given: Mapping[str, Any]) -> Json:
        self._telegram.webhooks[bot.id] = ("", "")
        return {"ok": True, "result": True, "description": "Webhook was deleted"}

    def _file(self, bot: Account, given: Mapping[str, Any]) -> Json:
        file_id = str(given.get("file_id", ""))
        medium = self._world.media.get(file_id)
        if medium is None:
            raise self._telegram.refusal("400", "Bad Request: invalid file_id")
        found = {"file_id": file_id, "file_unique_id": f"u{file_id}", "file_size": len(medium.data)}
        return {"ok": True, "result": {**found, "file_path": f"files/{file_id}.bin"}}
