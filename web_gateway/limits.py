"""The allowances that a message is charged to: its session's and its address's."""

import hashlib
import hmac
from dataclasses import dataclass

from protos.conversation_pb2 import RateLimit


@dataclass(frozen=True, slots=True)
class Allowance:
    """`per_minute` 0 is no limit."""

    per_minute: int
    burst: int


class Limits:
    """Names allowances by keyed hashes: the conversation service needs neither sessions nor addresses."""

    def __init__(self, key: bytes, session: Allowance, address: Allowance) -> None:
        self._key = key
        self._allowances = {"session": session, "address": address}

    def charged(self, session: str, address: str) -> list[RateLimit]:
        """What one message of this session from this address is charged to."""
        names = {"session": session, "address": address}
        return [
            RateLimit(key=self._opaque(f"{kind}:{names[kind]}"), burst=limit.burst, per_minute=limit.per_minute)
            for kind, limit in self._allowances.items()
            if limit.per_minute
        ]

    def _opaque(self, name: str) -> str:
        return hmac.digest(self._key, f"rate limit {name}".encode(), hashlib.sha256).hex()
