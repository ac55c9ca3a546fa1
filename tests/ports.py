"""Ports for test servers."""

import itertools
import os
import random
import re
import socket
from collections.abc import Iterator

# Below the ephemeral range, where an outgoing connection may take the port between the look and the bind.
LOWEST, HIGHEST = 20000, 32767
_SHARES = 8


def _own_share() -> Iterator[int]:
    """This test worker's part of the range, in random order, again and again."""
    number = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or 0) % _SHARES
    size = (HIGHEST + 1 - LOWEST) // _SHARES
    lowest = LOWEST + number * size
    return itertools.cycle(random.SystemRandom().sample(range(lowest, lowest + size), size))


_ports = _own_share()


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on.

    A service may open it much later, so it is not given out again soon, and to no other worker.
    """
    for port in itertools.islice(_ports, 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("none of a hundred ports is free")
