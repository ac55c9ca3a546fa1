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

    # The variable that names the address of its API.
    address: str
    # By channel: FIELD and value of CHANNEL_FIELD at the gateway, and of SIMULATOR_CHANNEL_FIELD at the simulator.
    channels: Mapping[str, Mapping[str, str]]


_META = {"ACCESS_TOKEN": _MADE, "APP_SECRET": _MADE, "VERIFY_TOKEN": _MADE}
VENDORS = (
    Vendor(
        "GRAPH_API_BASE_URL",
        {"whatsapp": {"PHONE_NUMBER_ID": "100200300400501", "BUSINESS_ACCOUNT_ID": "100200300400601", **_META}},
    ),
)
CHANNELS = tuple(channel for vendor in VENDORS for channel in vendor.channels)


def wire_platforms(environment: Mapping[str, str], seed: str, simulator_url: str, gateway_url: str) -> dict[str, str]:
    """What the gateway, its sender and the simulator are told, in addition to what the user has said.

    A vendor of which the user has set anything is left alone: those are real accounts.
    """
    public = environment.get("PUBLIC_BASE_URL") or gateway_url
    told = {"PUBLIC_BASE_URL": public, "SIMULATOR_PUBLIC_URL": public, "SIMULATOR_GATEWAY_URL": gateway_url}
    for vendor in VENDORS:
        own = (vendor.address, *(f"{channel.upper()}_" for channel in vendor.channels))
        if any(value and name.startswith(own) for name, value in environment.items()):
            continue
        told[vendor.address] = simulator_url
        for channel, fields in vendor.channels.items():
            for field, value in fields.items():
                name = f"{channel.upper()}_{field}"
                made = environment.get(f"SIMULATOR_{name}") or value.format(_secret(seed, name))
                told[name] = told[f"SIMULATOR_{name}"] = made
    return told


def _secret(seed: str, name: str) -> str:
    return hmac.new(seed.encode(), name.encode(), hashlib.sha256).hexdigest()[:48]
