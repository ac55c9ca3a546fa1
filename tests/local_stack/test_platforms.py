"""Where nobody has connected a platform, the simulator plays it, and gateway and simulator are told the same."""

import pytest

from local_stack import platforms
from local_stack.platforms import wire_platforms
from simulator.config import SimulatorSettings
from simulator.config import accounts as simulated_accounts
from webhook_gateway.accounts import configured
from webhook_gateway.channels import CHANNELS

GATEWAY, SIMULATOR = "http://127.0.0.1:8081", "http://127.0.0.1:8090"


def wired(**environment: str) -> dict[str, str]:
    return wire_platforms(environment, "a-seed", SIMULATOR, GATEWAY)


def test_every_channel_of_the_gateway_is_played() -> None:
    assert set(CHANNELS) <= set(platforms.CHANNELS)


def test_the_gateway_is_on_with_the_accounts_of_the_simulator(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in wired().items():
        monkeypatch.setenv(name, value)
    on = configured(CHANNELS, GATEWAY)
    played = {account.channel: account.id for account in simulated_accounts(SimulatorSettings())}
    assert {name: list(channel.accounts) for name, channel in on.items()} == {name: [played[name]] for name in CHANNELS}


def test_both_are_told_the_same_and_where_the_other_is() -> None:
    told = wired()
    assert told["SIMULATOR_GATEWAY_URL"] == told["SIMULATOR_PUBLIC_URL"] == told["PUBLIC_BASE_URL"] == GATEWAY
    fields = {name.removeprefix("SIMULATOR_"): value for name, value in told.items() if name.startswith("SIMULATOR_")}
    app, number = fields.pop("APP_ID"), fields.pop("TWILIO_NUMBER")
    assert told["TWILIO_SENDER"] == number
    assert told["INSTAGRAM_APP_ID"] == told["MESSENGER_APP_ID"] == app
    shared = {name: value for name, value in fields.items() if not name.endswith("_URL")}
    assert shared
    assert shared.items() <= told.items()
    assert {told[address] for vendor in platforms.VENDORS for address in vendor.addresses} == {SIMULATOR}


def test_secrets_are_the_same_on_every_start_and_different_everywhere_else() -> None:
    assert wired() == wired()
    assert wired()["WHATSAPP_APP_SECRET"] != wire_platforms({}, "b-seed", SIMULATOR, GATEWAY)["WHATSAPP_APP_SECRET"]
    secrets = [value for name, value in wired().items() if name.startswith("WHATSAPP_") and len(value) > 40]
    assert len(set(secrets)) == len(secrets) > 2


@pytest.mark.parametrize("name", ["WHATSAPP_ACCESS_TOKEN", "WHATSAPP_2_PHONE_NUMBER_ID", "GRAPH_API_BASE_URL"])
def test_a_vendor_of_whom_the_user_has_said_anything_is_left_alone(name: str) -> None:
    told = wired(**{name: "my-own"})
    meta = ("WHATSAPP", "INSTAGRAM", "MESSENGER", "GRAPH")
    assert {variable: value for variable, value in told.items() if any(one in variable for one in meta)} == {
        name: "my-own"
    }
    assert told["TELEGRAM_API_BASE_URL"] == SIMULATOR
    assert told["PUBLIC_BASE_URL"] == GATEWAY


def test_the_users_own_words_about_the_simulator_count() -> None:
    told = wired(SIMULATOR_WHATSAPP_PHONE_NUMBER_ID="4711", PUBLIC_BASE_URL="https://shop.example")
    assert told["WHATSAPP_PHONE_NUMBER_ID"] == "4711"
    assert told["SIMULATOR_PUBLIC_URL"] == told["PUBLIC_BASE_URL"] == "https://shop.example"
