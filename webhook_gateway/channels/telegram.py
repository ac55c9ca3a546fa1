"""Telegram, by its Bot API: the shop's bots, how their updates are told apart, and how to send.

https://core.telegram.org/bots/api
"""

import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar

from pydantic import Field, SecretStr, field_validator

from protos import conversation_pb2 as pb
from webhook_gateway.channels.channel import (
    Account,
    Answer,
    Call,
    Capabilities,
    Channel,
    Entry,
    WebhookRequest,
    evidence,
    secrets,
)
from webhook_gateway.channels.telegram_errors import outcome
from webhook_gateway.channels.telegram_updates import read
from webhook_gateway.outcomes import Outcome
from webhook_gateway.reading import Unreadable, dump, load, mapping, required
from webhook_gateway.text.measures import utf16_units

_BOT_TOKEN = re.compile("[0-9]{1,20}:[A-Za-z0-9_-]{1,256}")
_SECRET_TOKEN = re.compile("[A-Za-z0-9_-]{1,256}")


class TelegramAccount(Account):
    """One of the shop's bots."""

    id_field: ClassVar[str] = "bot_token"

    bot_token: SecretStr = Field(description="As @BotFather gives it; the digits before the colon are the bot's id.")
    secret_token: SecretStr = Field(
        description="Comes with each update, as setWebhook was told, and names the bot; several, comma-separated."
    )
    api_base_url: str = Field(
        "https://api.telegram.org",
        pattern=r"^https?://[^\s?#@]+[^\s?#@/]$",
        validation_alias="TELEGRAM_API_BASE_URL",
        description="Where Telegram's Bot API is.",
    )

    @property
    def id(self) -> str:
        """The bot's."""
        return self.bot_token.get_secret_value().partition(":")[0]

    @field_validator("bot_token")
    @classmethod
    def _is_token(cls, value: SecretStr) -> SecretStr:
        if not _BOT_TOKEN.fullmatch(value.get_secret_value()):
            raise ValueError("has to be digits, a colon, and letters, digits, _ and - (copy it from @BotFather)")
        return value

    @field_validator("secret_token")
    @classmethod
    def _are_secrets(cls, value: SecretStr) -> SecretStr:
        found = secrets(value)
        if not found or not all(_SECRET_TOKEN.fullmatch(secret.decode()) for secret in found):
            raise ValueError("has to be 1 to 256 letters, digits, _ and - (make one with: openssl rand -hex 32)")
        return value


class Telegram(Channel):
    """One bot is one account. Nothing in an update says which bot it is for: the secret that comes with it does."""

    name = "telegram"
    title = "Telegram"
    account_type = TelegramAccount
    accounts: dict[str, Any]
    capabilities = Capabilities(
        text_limit=4096,
        reply_window_seconds=0,
        measure=utf16_units,  # in which all of Telegram counts
        # https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
        account_per_minute=1800,
        recipient_interval_ms=1000,
        recipient_burst=3,
        typing_refresh_ms=4000,  # it lasts 5 s
    )

    def __init__(self, accounts: Sequence[Account], public_url: str = "") -> None:
        super().__init__(accounts, public_url)
        known = [secret for account in self.accounts.values() for secret in set(secrets(account.secret_token))]
        if len(set(known)) < len(known):
            raise ValueError(
                "TELEGRAM_SECRET_TOKEN: is the same for two bots, but tells them apart: give each its own."
            )

    def proven(self, request: WebhookRequest) -> list[str]:
        """The bot whose secret it brings, and that it is for; updates are not signed."""
        offered = request.headers.get("x-telegram-bot-api-secret-token", "")
        if not _SECRET_TOKEN.fullmatch(offered):
            return []
        known = [(account.id, secret) for account in self.accounts.values() for secret in secrets(account.secret_token)]
        # All are compared, whichever matches first, so that the time tells nothing.
        return [bot for bot, secret in known if hmac.compare_digest(offered.encode(), secret)]

    def entries(self, request: WebhookRequest) -> Iterator[Entry]:
        """A body is one update."""
        update = mapping(load(request.body), "the body")
        required(update, "update_id")
        for bot in self.proven(request)[:1]:
            yield Entry(bot, update, evidence(update))

    def events(self, entry: Entry) -> Iterator[pb.Event]:
        """What an update says."""
        yield from read(self, entry, entry.item)

    def acknowledgement(self, request: WebhookRequest) -> tuple[str, str]:
        """To a pressed button the method that answers it, which Telegram calls then; else it goes on to show it waits.

        https://core.telegram.org/bots/api#making-requests-when-getting-updates
        """
        if b'"callback_query"' in request.body:  # nothing else has to be read once more
            with suppress(Unreadable):
                match load(request.body):
                    case {"callback_query": {"id": str(query)}}:
                        return dump({"method": "answerCallbackQuery", "callback_query_id": query}), "application/json"
        return super().acknowledgement(request)

    def compose(self, account: TelegramAccount, delivery: pb.Delivery) -> Call:
        """A text without parse_mode: what a model writes would often be refused as malformed markup."""
        body = {
            "chat_id": int(delivery.thread_key),
            "text": delivery.text,
            "link_preview_options": {"is_disabled": True},
        }
        return _call(account, "sendMessage", body)

    def compose_typing(self, account: TelegramAccount, signal: pb.TypingSignal) -> Call:
        """It is shown until the reply is there, or for 5 s."""
        return _call(account, "sendChatAction", {"chat_id": int(signal.thread_key), "action": "typing"})

    def interpret(self, answer: Answer, delivery: pb.Delivery) -> Outcome:
        """The id of a message is unique in its chat only, so both name it."""
        return outcome(answer, delivery.thread_key)


def _call(account: TelegramAccount, method: str, body: Mapping[str, Any]) -> Call:
    """The token is part of the address, which therefore nobody may show."""
    return Call("POST", f"{account.api_base_url}/bot{account.bot_token.get_secret_value()}/{method}", json=body)
