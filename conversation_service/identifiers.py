"""Ids of stored things as callers may give them."""

import re

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def is_id(text: str) -> bool:
    """Whether `text` is a UUID in the one spelling that we give out: others would never be found again."""
    return _ID.fullmatch(text) is not None
