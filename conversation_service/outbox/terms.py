"""How a channel is to be used, as its senders say with each claim: checked, and turned into allowances."""

import math
import re
from collections.abc import Iterable, Sequence

from protos import conversation_pb2 as pb

Account = tuple[str, str]  # channel and account

_WORD = re.compile(r"[a-z_]{1,32}")
_MOST_CHANNELS = 100
_MOST_MS = 86_400_000


def check(request: pb.ClaimDeliveriesRequest) -> None:
    """Raises ValueError with what is to be mended."""
    if not 0 <= request.limit <= 100:
        raise ValueError("limit must be from 1 to 100, or 0 for 10")
    if len(request.channels) > _MOST_CHANNELS or len(request.terms) > _MOST_CHANNELS:
        raise ValueError(f"name at most {_MOST_CHANNELS} channels, and as many terms")
    names = [terms.channel for terms in request.terms]
    if not all(_WORD.fullmatch(name) for name in (*request.channels, *names)):
        raise ValueError("a channel is a word of a-z and _, at most 32 letters long")
    if len(set(names)) < len(names):
        raise ValueError("terms name a channel twice: give one for each")
    for terms in request.terms:
        _check_numbers(terms)


def _check_numbers(terms: pb.ChannelTerms) -> None:
    if terms.account_per_minute < 0:
        raise ValueError(f"terms of {terms.channel}: account_per_minute must be 0 (no limit) or more")
    for name in ("recipient_interval_ms", "typing_refresh_ms"):
        if not 0 <= getattr(terms, name) <= _MOST_MS:
            raise ValueError(f"terms of {terms.channel}: {name} must be from 0 (none) to {_MOST_MS}")
    if terms.recipient_burst < (1 if terms.recipient_interval_ms else 0) or terms.recipient_burst > 10_000:
        raise ValueError(f"terms of {terms.channel}: recipient_burst must be from 1 to 10,000")


class Rates:
    """The pace of accounts: as many sends in any minute as their terms allow, and never more (GCRA)."""

    def __init__(self, terms: Iterable[pb.ChannelTerms]) -> None:
        self._per_minute = {item.channel: item.account_per_minute for item in terms if item.account_per_minute}

    def paced(self, accounts: Iterable[Account]) -> list[Account]:
        """Those that have a pace."""
        return sorted(account for account in accounts if account[0] in self._per_minute)

    def allowance(self, account: Account, ahead_seconds: float) -> int:
        """How many may be sent now by an account that is so far ahead of its pace."""
        burst, interval = self._pace(account)
        return max(0, math.floor(burst - ahead_seconds / interval + 1e-6))

    def seconds(self, account: Account, sends: int) -> float:
        """By how much so many sends put it ahead."""
        return sends * self._pace(account)[1]

    def _pace(self, account: Account) -> tuple[int, float]:
        # A second's worth at once, so that who asks a few times a second gets all there is. What comes at once is taken
        # off the rate: a burst and a whole minute at the rate are no more than a minute may have.
        per_minute = self._per_minute[account[0]]
        burst = max(1, per_minute // 60)
        return burst, 60 / (per_minute - burst + 1)


def recipient_columns(terms: Sequence[pb.ChannelTerms]) -> tuple[list[str], list[int], list[int]]:
    """Channels, intervals and bursts of those that pace what one customer gets."""
    paced = [item for item in terms if item.recipient_interval_ms]
    return (
        [item.channel for item in paced],
        [item.recipient_interval_ms for item in paced],
        [item.recipient_burst for item in paced],
    )


def typing_columns(request: pb.ClaimDeliveriesRequest) -> tuple[list[str], list[int]]:
    """Channels whose customers can be shown that somebody writes, and how often that has to be renewed."""
    shown = [
        item
        for item in request.terms
        if item.typing_refresh_ms and (not request.channels or item.channel in request.channels)
    ]
    return [item.channel for item in shown], [item.typing_refresh_ms for item in shown]
