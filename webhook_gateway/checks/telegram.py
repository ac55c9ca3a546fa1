"""What is tried of a Telegram bot: its token, and the webhook that it is registered with."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

from webhook_gateway.channels.channel import Call
from webhook_gateway.checks.finding import Finding, Stuck, mend, note, right
from webhook_gateway.checks.probing import Checks, Probing

# All that we read; reactions come to nobody who does not ask for them.
UPDATES = ("message", "edited_message", "callback_query", "message_reaction", "my_chat_member")
_REGISTER = "register it: python -m webhook_gateway check telegram --register"
_RECENT = 3600  # seconds


def bot(probing: Probing) -> Iterator[Finding]:
    """Whether the token opens a bot."""
    found = _call(probing, "getMe")
    yield right(f"{probing.variable('bot_token')} opens the bot @{probing.shown(found.get('username'))}.")


def webhook(probing: Probing) -> Iterator[Finding]:
    """Whether Telegram delivers here, and what became of its last tries."""
    info, url = _call(probing, "getWebhookInfo"), probing.webhook_url
    if not info.get("url"):
        yield mend(f"The bot has no webhook: {_REGISTER}")
        return
    if info["url"] != url:
        yield mend(f"The bot's webhook is {probing.shown(info['url'])}, not {url}: {_REGISTER}")
    else:
        yield right(f"The bot's webhook is {url}.")
    yield from _allowed(info.get("allowed_updates"))
    yield from _troubles(probing, info)


def _allowed(updates: Any) -> Iterator[Finding]:
    # Without a list of its own a bot gets all but some, of which reactions are one.
    listed = updates if isinstance(updates, list) and updates else [name for name in UPDATES if "reaction" not in name]
    lacking = [name for name in UPDATES if name not in listed]
    if lacking:
        yield mend(f"Telegram does not deliver {', '.join(lacking)}: {_REGISTER}")
    else:
        yield right("Telegram delivers all updates that are read.")


def _troubles(probing: Probing, info: Mapping[str, Any]) -> Iterator[Finding]:
    waiting, failed = info.get("pending_update_count"), info.get("last_error_date")
    if isinstance(failed, int) and 0 < failed < 1 << 37:
        moment = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(failed))
        words = f"Telegram could not deliver at {moment}: {probing.shown(info.get('last_error_message'))}"
        if time.time() - failed < _RECENT:
            yield mend(f"{words}. Mend what is found below; with 403, {_REGISTER}")
        else:
            yield note(f"{words}. Nothing failed since.")
    if isinstance(waiting, int) and waiting > 0:
        yield note(f"{waiting} updates wait to be delivered, for at most 24 hours.")


def register(probing: Probing) -> Iterator[Finding]:
    """Has Telegram deliver here, with the first of the secrets."""
    if not probing.webhook_url.startswith("http"):
        raise Stuck("PUBLIC_BASE_URL is not set, so there is nothing to register.")
    _call(
        probing,
        "setWebhook",
        {
            "url": probing.webhook_url,
            "secret_token": probing.keys("secret_token")[0].decode(),
            "allowed_updates": list(UPDATES),
        },
    )
    yield right(f"The webhook {probing.webhook_url} is registered.")


def _call(probing: Probing, method: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """The result, empty where it is no object. Raises Stuck."""
    token = probing.account.bot_token.get_secret_value()
    answer = probing.ask(Call("POST", f"{probing.account.api_base_url}/bot{token}/{method}", json=body or {}))
    said = answer.body if isinstance(answer.body, dict) else {}
    if answer.status in {401, 404}:
        variable = probing.variable("bot_token")
        raise Stuck(f"{variable} was revoked or is mistyped: copy it from @BotFather, /mybots → API Token.")
    if answer.status != 200 or said.get("ok") is not True:
        raise Stuck(f"{method} failed with HTTP {answer.status}: {probing.shown(said.get('description', 'no reason'))}")
    result = said.get("result")
    return result if isinstance(result, dict) else {}


def empty_webhook(probing: Probing, key: bytes) -> Call:
    """An update of no kind that there is. It is kept once, as all that is unknown, and belongs to no customer."""
    body = {"update_id": 0, "check": {}}
    return Call("POST", probing.webhook_url, headers={"x-telegram-bot-api-secret-token": key.decode()}, json=body)


CHECKS = Checks(
    probes=(bot, webhook),
    secret_field="secret_token",  # noqa: S106 - names a setting
    empty_webhook=empty_webhook,
    register=register,
)
