"""The address that a request is charged to: behind trusted proxies, and by what one household or host holds."""

import ipaddress
from collections.abc import Sequence
from typing import TypeAlias

from web_gateway.config import Network

_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


def charged_address(peer: str, forwarded_for: str, trusted: Sequence[Network]) -> str:
    """The nearest address that is not a trusted proxy; IPv6 by its /64, which a single host can use as it likes.

    `forwarded_for` is believed from the right and only as far as trusted proxies wrote it: what stands further left
    is the client's own word.
    """
    address = _parse(peer)
    entries = [entry.strip() for entry in forwarded_for.split(",")]
    while address and entries and any(address in network for network in trusted):
        nearer = _parse(entries.pop())
        if nearer is None:
            break
        address = nearer
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))
    return str(address or "unknown")


def _parse(entry: str) -> _Address | None:
    """An address as proxies write it, with or without a port; None for anything else."""
    if entry.startswith("["):
        entry = entry[1:].partition("]")[0]
    elif entry.count(":") == 1:
        entry = entry.partition(":")[0]
    try:
        address = ipaddress.ip_address(entry)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
