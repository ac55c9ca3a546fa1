"""Ids of stored things as callers may give them."""

import uuid


def is_id(text: str) -> bool:
    """Whether `text` is a UUID in the one spelling that we give out: others would never be found again."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
