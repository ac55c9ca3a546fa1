"""A platform's JSON read with care: what is absent reads as empty, and what has the wrong type is refused.

Every function takes the object and the key, so that a complaint names the key and quotes nothing of the content.
"""

import base64
import binascii
import json
import math
import re
from collections.abc import Mapping
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

_LATEST = 253_402_300_799  # the last second of the year 9999, by the definition of Timestamp
# Platforms that speak of seconds sometimes send milliseconds: as seconds this would be the year 5138.
_MILLISECONDS = 10**11
# Half of a surrogate pair, which JSON can spell and UTF-8 cannot. It finds too many: what it finds is looked at again.
# What stands behind an escaped backslash is no half, and what follows that may be one alone.
_LONE = re.compile(r"\\u[dD][89abAB]..(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB]..)\\u[dD][c-fC-F]|\\\\u[dD][89abAB]")


class Unreadable(Exception):
    """The body, or one entry of it, is not what the platform sends; the text says why, without quoting it."""


def load(body: bytes) -> Any:
    """The JSON of a body, all of whose texts can be written as UTF-8. Raises Unreadable."""
    try:
        written = body.decode()
        value = json.loads(written, parse_constant=_no_constant)
        return _whole(value) if _LONE.search(written) else value
    except (ValueError, RecursionError) as error:
        # Neither the decoder's nor the codec's text is passed on: both quote the body.
        raise Unreadable(f"no JSON ({type(error).__name__})") from None


def dump(value: Any) -> str:
    """JSON in few characters, its keys sorted, so that equal values give equal texts. Raises Unreadable."""
    try:
        return json.dumps(value, separators=(",", ":"), sort_keys=True)
    except RecursionError:
        raise Unreadable("nested too deeply") from None


def mapping(value: Any, name: str) -> Mapping[str, Any]:
    """`value`, which has to be an object."""
    if not isinstance(value, dict):
        raise Unreadable(f"{name} is no object")
    return value


def member(parent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The object below `key`."""
    value = parent.get(key)
    return {} if value is None else mapping(value, key)


def members(parent: Mapping[str, Any], key: str) -> list[Any]:
    """The array below `key`; its items may be anything."""
    value = parent.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise Unreadable(f"{key} is no array")
    return value


def text(parent: Mapping[str, Any], key: str) -> str:
    """The text below `key`. Some platforms send ids as numbers, which read as their digits."""
    value = parent.get(key)
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Unreadable(f"{key} is no text")


def aside(parent: Mapping[str, Any], key: str) -> str:
    """The text below `key`, empty where it is none: for what nothing depends on, as a name that is only shown."""
    try:
        return text(parent, key)
    except Unreadable:
        return ""


def besides(parent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The object below `key`, empty where it is none: likewise."""
    value = parent.get(key)
    return value if isinstance(value, dict) else {}


def required(parent: Mapping[str, Any], key: str) -> str:
    """The text below `key`, which has to be there."""
    if not (found := text(parent, key)):
        raise Unreadable(f"{key} is missing")
    return found


def number(parent: Mapping[str, Any], key: str) -> float:
    """The number below `key`, which has to be there; digits in a text count."""
    value = parent.get(key)
    try:
        if isinstance(value, int | float | str) and not isinstance(value, bool) and math.isfinite(float(value)):
            return float(value)
    except (ValueError, OverflowError):
        pass
    raise Unreadable(f"{key} is no number")


def clock(parent: Mapping[str, Any], key: str) -> Timestamp | None:
    """The time below `key`, sent as seconds or milliseconds since 1970; None where there is none, or nonsense."""
    try:
        value = number(parent, key)
    except Unreadable:
        return None
    millis = int(value if value >= _MILLISECONDS else value * 1000)
    if not 0 < millis <= _LATEST * 1000:
        return None
    return Timestamp(seconds=millis // 1000, nanos=millis % 1000 * 1_000_000)


def digest(value: str) -> str:
    """A SHA-256 as hex, sent as hex or as base64; empty where it is neither."""
    try:
        found = bytes.fromhex(value) if len(value) == 64 else base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error):
        return ""
    return found.hex() if len(found) == 32 else ""


def _whole(value: Any) -> Any:
    """Halves of surrogate pairs become U+FFFD."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_whole(key): _whole(item) for key, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list) else value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
