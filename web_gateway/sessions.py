"""Browser sessions: signed, expiring tokens that name a conversation and are stored nowhere."""

import base64
import hashlib
import hmac
import re
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from web_gateway.errors import session_not_found

_TOKEN = re.compile(r"v1\.([0-9a-f]{32})\.([0-9]{1,12})\.[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Session:
    """`id` is the conversation's id too; `expires_at` is in seconds since 1970."""

    id: str
    expires_at: int
    token: str


class Sessions:
    """Makes tokens with the first key and accepts those of any."""

    def __init__(self, keys: Sequence[bytes], lifetime_seconds: int) -> None:
        self._keys = keys
        self._lifetime = lifetime_seconds

    def open(self, session_id: str | None = None) -> Session:
        """A new session, or the same one with a new expiry."""
        name = uuid.UUID(session_id) if session_id else uuid.uuid4()
        expires_at = int(time.time()) + self._lifetime
        return Session(str(name), expires_at, _mint(self._keys[0], name.hex, expires_at))

    def find(self, token: str | None) -> Session:
        """The session that a token names; ApiError 404 whatever is wrong with it."""
        parts = _TOKEN.fullmatch(token or "")
        if token is None or parts is None:
            raise session_not_found()
        name, expires_at = parts[1], int(parts[2])
        # The whole token is made anew and compared, so only the one spelling that we issued is ever accepted.
        genuine = any(hmac.compare_digest(token, _mint(key, name, expires_at)) for key in self._keys)
        if not genuine or expires_at <= time.time():
            raise session_not_found()
        return Session(str(uuid.UUID(name)), expires_at, token)


def _mint(key: bytes, name: str, expires_at: int) -> str:
    signed = f"v1.{name}.{expires_at}"
    proof = hmac.digest(key, signed.encode(), hashlib.sha256)
    return f"{signed}.{base64.urlsafe_b64encode(proof).rstrip(b'=').decode()}"
