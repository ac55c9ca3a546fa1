"""The simulator's settings: where the gateway is, and the accounts that the shop has on each platform.

Tokens and secrets that are not given are made at start, and told by GET /control/accounts. Whoever starts the gateway
beside it gives the same values to both:

| simulator                                | its counterpart at the gateway                          |
|------------------------------------------|---------------------------------------------------------|
| SIMULATOR_<META>_APP_SECRET              | key of X-Hub-Signature-256                              |
| SIMULATOR_<META>_VERIFY_TOKEN            | hub.verify_token of the handshake                       |
| SIMULATOR_<META>_ACCESS_TOKEN            | Authorization: Bearer                                   |
| SIMULATOR_APP_ID                         | the app that sends for us: app_id of an echo            |
| SIMULATOR_WHATSAPP_PHONE_NUMBER_ID       | the account's id (metadata.phone_number_id)             |
| SIMULATOR_WHATSAPP_BUSINESS_ACCOUNT_ID   | entry.id, subscribed_apps                               |
| SIMULATOR_INSTAGRAM_ACCOUNT_ID           | entry.id                                                |
| SIMULATOR_MESSENGER_PAGE_ID              | entry.id                                                |
| SIMULATOR_TELEGRAM_BOT_TOKEN             | /bot<token>/…                                           |
| SIMULATOR_TELEGRAM_SECRET_TOKEN          | X-Telegram-Bot-Api-Secret-Token                         |
| SIMULATOR_TWILIO_ACCOUNT_SID, _AUTH_TOKEN| basic authentication; the token signs webhooks          |
| SIMULATOR_TWILIO_NUMBER                  | To of a webhook; whatsapp:+… for WhatsApp over Twilio   |

<META> is WHATSAPP, INSTAGRAM or MESSENGER. The gateway's base address of every platform is the simulator's own:
http://host:port, with /v26.0 and the like as on graph.facebook.com.
"""

import re
import secrets
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, field_validator

from chassis.settings import Settings
from simulator.accounts import Account

Level = Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(str.lower)]


class SimulatorSettings(Settings):
    """Read once, in `__main__`. Every one may stay empty."""

    host: str = Field("127.0.0.1", description="The address to listen on.")
    log_level: Level = Field("info", description="debug, info, warning or error.")
    simulator_port: int = Field(8090, ge=1, le=65535, description="HTTP port of the simulator.")
    simulator_gateway_url: str = Field(
        "http://127.0.0.1:8081", pattern="^https?://[^/]+$", description="Where webhooks go: the webhook gateway."
    )
    simulator_public_url: str = Field(
        "",
        pattern="^(https?://[^/]+)?$",
        description="The gateway's public address, which Twilio signs; empty: the URL.",
    )
    simulator_app_id: str = Field(
        "100200300400801", pattern="^[0-9]+$", description="The Meta app that sends for the shop."
    )

    simulator_whatsapp_phone_number_id: str = Field("100200300400501", min_length=1, description="WhatsApp's account.")
    simulator_whatsapp_business_account_id: str = Field("100200300400601", min_length=1, description="The WABA.")
    simulator_whatsapp_number: str = Field("12025550100", pattern="^[0-9]+$", description="The number customers see.")
    simulator_whatsapp_access_token: SecretStr | None = Field(None, description="Token of WhatsApp's API.")
    simulator_whatsapp_app_secret: SecretStr | None = Field(None, description="Signs WhatsApp's webhooks.")
    simulator_whatsapp_verify_token: SecretStr | None = Field(None, description="Of WhatsApp's handshake.")

    simulator_instagram_account_id: str = Field("17841400000000001", min_length=1, description="Instagram's account.")
    simulator_instagram_access_token: SecretStr | None = Field(None, description="Token of Instagram's API.")
    simulator_instagram_app_secret: SecretStr | None = Field(None, description="Signs Instagram's webhooks.")
    simulator_instagram_verify_token: SecretStr | None = Field(None, description="Of Instagram's handshake.")

    simulator_messenger_page_id: str = Field("100200300400701", min_length=1, description="The Facebook page.")
    simulator_messenger_access_token: SecretStr | None = Field(None, description="Token of the page.")
    simulator_messenger_app_secret: SecretStr | None = Field(None, description="Signs Messenger's webhooks.")
    simulator_messenger_verify_token: SecretStr | None = Field(None, description="Of Messenger's handshake.")

    simulator_telegram_bot_token: SecretStr | None = Field(
        None, description="Token of the bot; the digits before : are its id."
    )
    simulator_telegram_secret_token: SecretStr | None = Field(
        None, description="In Telegram's webhooks, as setWebhook was told."
    )

    simulator_twilio_account_sid: str = Field("", pattern="^(AC[0-9a-f]{32})?$", description="Twilio's account.")
    simulator_twilio_auth_token: SecretStr | None = Field(None, description="Twilio's token; signs its webhooks.")
    simulator_twilio_number: str = Field(
        "+12025550123", pattern=r"^(whatsapp:)?\+[0-9]+$", description="The shop's number at Twilio."
    )

    @field_validator("simulator_telegram_bot_token")
    @classmethod
    def _is_a_token(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not re.fullmatch("[0-9]+:[A-Za-z0-9_-]+", value.get_secret_value()):
            raise ValueError("is no token of a bot, which is digits, a colon, letters")
        return value

    @field_validator("simulator_telegram_secret_token")
    @classmethod
    def _fits_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not re.fullmatch("[A-Za-z0-9_-]{1,256}", value.get_secret_value()):
            raise ValueError("holds more than letters, digits, _ and -, or more than 256 of them")
        return value


def accounts(settings: SimulatorSettings) -> list[Account]:
    """The shop's account on each platform, with fresh tokens and secrets where none are given."""
    bot = _secret(settings.simulator_telegram_bot_token, "1100110011:")
    waba, number = settings.simulator_whatsapp_business_account_id, settings.simulator_whatsapp_number
    whatsapp = _of_meta(settings, "whatsapp", settings.simulator_whatsapp_phone_number_id)
    telegram_secret = _secret(settings.simulator_telegram_secret_token)
    return [
        replace(whatsapp, business_id=waba, address=number),
        _of_meta(settings, "instagram", settings.simulator_instagram_account_id),
        _of_meta(settings, "messenger", settings.simulator_messenger_page_id),
        Account(channel="telegram", id=bot.partition(":")[0], token=bot, secret=telegram_secret),
        Account(
            channel="twilio",
            id=settings.simulator_twilio_number,
            token=_secret(settings.simulator_twilio_auth_token),
            business_id=settings.simulator_twilio_account_sid or f"AC{secrets.token_hex(16)}",
        ),
    ]


def _of_meta(settings: SimulatorSettings, channel: str, account_id: str) -> Account:
    def given(field: str) -> str:
        return _secret(getattr(settings, f"simulator_{channel}_{field}"))

    return Account(
        channel=channel,
        id=account_id,
        token=given("access_token"),
        secret=given("app_secret"),
        verify_token=given("verify_token"),
        app_id=settings.simulator_app_id,
    )


def _secret(given: SecretStr | None, prefix: str = "") -> str:
    return given.get_secret_value() if given else prefix + secrets.token_urlsafe(24)
