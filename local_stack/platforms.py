"""The accounts at messaging platforms that the simulator plays, as both it and the gateway are told them."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

# In place of a value: made from this stack's own secret, so that it is the same on every start.
_MADE = "{}"


@dataclass(frozen=True)
class Vendor:
    """Channels behind one API, which are played together or not at all: they share its address."""

    # The variables that name the addresses of its API.
    addresses: tuple[str, ...]
    # By channel: FIELD and value of CHANNEL_FIELD at the gateway, and of its counterpart at the simulator.
    channels: Mapping[str, Mapping[str, str]]


_META = {"ACCESS_TOKEN": _MADE, "APP_SECRET": _MADE, "VERIFY_TOKEN": _MADE}
_PAGES = {**_META, "APP_ID": "100200300400801"}
VENDORS = (
    Vendor(
        ("GRAPH_API_BASE_URL", "INSTAGRAM_API_BASE_URL"),
        {
            "whatsapp": {"PHONE_NUMBER_ID": "100200300400501", "BUSINESS_ACCOUNT_ID": "100200300400601", **_META},
            "instagram": {"ACCOUNT_ID": "17841400000000001", **_PAGES},
            "messenger": {"PAGE_ID": "100200300400701", **_PAGES},
        },
    ),
    Vendor(("TELEGRAM_API_BASE_URL",), {"telegram": {"BOT_TOKEN": f"1100110011:{_MADE}", "SECRET_TOKEN": _MADE}}),
    Vendor(
        ("TWILIO_API_BASE_URL",),
        {"twilio": {"SENDER": "+12025550123", "ACCOUNT_SID": "AC{:.32}", "AUTH_TOKEN": _MADE}},
    ),
)
# Where the simulator's name is another one than the gateway's with SIMULATOR_ before it.
_NAMED_OTHERWISE = {
    "INSTAGRAM_APP_ID": "SIMULATOR_APP_ID",
    "MESSENGER_APP_ID": "SIMULATOR_APP_ID",
    "TWILIO_SENDER": "SIMULATOR_TWILIO_NUMBER",
}
CHANNELS = tuple(channel for vendor in VENDORS for channel in vendor.channels)


def wire_platforms(environment: Mapping[str, str], seed: str, simulator_url: str, gateway_url: str) -> dict[str, str]:
    """What the gateway, its sender and the simulator are told, in addition to what the user has said.

    A vendor of which the user has set anything is left alone: those are real accounts, told as they are.
    """
    public = environment.get("PUBLIC_BASE_URL") or gateway_url
    told = {"PUBLIC_BASE_URL": public, "SIMULATOR_PUBLIC_URL": public, "SIMULATOR_GATEWAY_URL": gateway_url}
    if version := environment.get("GRAPH_API_VERSION"):
        told["GRAPH_API_VERSION"] = version
    for vendor in VENDORS:
        own = (*vendor.addresses, *(f"{channel.upper()}_" for channel in vendor.channels))
        if given := {name: value for name, value in environment.items() if value and name.startswith(own)}:
            told.update(given)
            continue
        told.update(dict.fromkeys(vendor.addresses, simulator_url))
        for channel, fields in vendor.channels.items():
            for field, value in fields.items():
                name = f"{channel.upper()}_{field}"
                theirs = _NAMED_OTHERWISE.get(name, f"SIMULATOR_{name}")
                told[name] = told[theirs] = environment.get(theirs) or value.format(_secret(seed, name))
    return told


def _secret(seed: str, name: str) -> str:
    return hmac.new(seed.encode(), name.encode(), hashlib.sha256).hexdigest()[:48]
