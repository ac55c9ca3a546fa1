"""The accounts at the platforms, as settings name them: WHATSAPP_ACCESS_TOKEN, of a second one WHATSAPP_2_ACCESS_TOKEN.

Made from the channels' own account classes, so that a new channel changes nothing here. A channel is on where an
account of it is configured.
"""

import types
from collections.abc import Mapping
from typing import Any

from pydantic import create_model
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource

from chassis.settings import Settings, load, stop
from webhook_gateway.channels.channel import Account, Channel

_MOST = 9  # accounts of one channel


def prefixes(channel: str) -> list[str]:
    """What the variables of the channel's first, second, … account begin with."""
    name = channel.upper()
    return [f"{name}_", *(f"{name}_{number}_" for number in range(2, _MOST + 1))]


def configured(channels: Mapping[str, type[Channel]], public_url: str = "") -> dict[str, Channel]:
    """The channels that have accounts; ends the process where one is described wrongly, naming the variable."""
    found = {name: _accounts(name, channel.account_type) for name, channel in channels.items()}
    try:
        return {name: channels[name](accounts, public_url.rstrip("/")) for name, accounts in found.items() if accounts}
    except ValueError as error:  # accounts that are right each, but not together
        stop(str(error))


def variables(channel: str, account_type: type[Account]) -> dict[str, FieldInfo]:
    """What describes the channel's first account, by the names of the variables."""
    prefix = prefixes(channel)[0]
    return {
        str(field.validation_alias or f"{prefix}{name.upper()}"): field
        for name, field in account_type.model_fields.items()
    }


def _accounts(channel: str, account_type: type[Account]) -> list[Account]:
    found: dict[str, str] = {}
    accounts: list[Account] = []
    shared: dict[str, Any] = {}
    _refuse_other_numbers(channel, account_type)
    for prefix in prefixes(channel):
        if not _is_begun(account_type, prefix):
            continue
        account = load(_settings_of(account_type, prefix, shared))
        variable = f"{prefix}{account_type.id_field.upper()}"
        if not account.id:
            stop(f"{variable}: is not set, but others of {prefix}… are: set it, or none (see .env.example)")
        if account.id in found:
            stop(f"{variable} is the same as {found[account.id]}: each account can be configured once.")
        found[account.id] = variable
        accounts.append(account)
        if len(accounts) == 1:
            shared = {field: getattr(account, field) for field in account_type.shared_fields}
    return accounts


def _refuse_other_numbers(channel: str, account_type: type[Account]) -> None:
    """Those that come to mind: the account would be off, and nobody told."""
    for number in (0, 1, _MOST + 1):
        prefix = f"{channel.upper()}_{number}_"
        if _is_begun(account_type, prefix):
            stop(f"{prefix}…: the first account has no number, further ones have 2 to {_MOST} (see .env.example).")


def _is_begun(account_type: type[Account], prefix: str) -> bool:
    """Whether any variable of the account has a value; those with a name of their own belong to all of them."""
    own = [field for field, info in account_type.model_fields.items() if not info.validation_alias]
    fields: dict[str, Any] = dict.fromkeys(own, (str | None, None))
    given = create_model("Given", __base__=Settings, __cls_kwargs__={"env_prefix": prefix}, **fields)
    return bool(load(given).model_dump(exclude_none=True))


def _settings_of(account_type: type[Account], prefix: str, shared: Mapping[str, Any]) -> Any:
    """The account as a settings class. What is `shared` is taken where there is no variable."""

    def customise(
        _cls: type[BaseSettings],
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        own = Settings.settings_customise_sources(
            settings_cls, init_settings, env_settings, dotenv_settings, file_secret_settings
        )
        return *own, InitSettingsSource(settings_cls, dict(shared))

    return types.new_class(
        account_type.__name__,
        (account_type, Settings),
        {"env_prefix": prefix},
        lambda body: body.update(settings_customise_sources=classmethod(customise)),
    )
