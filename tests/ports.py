"""Ports for test servers."""

import os
import random
import re
import socket

# Below the ephemeral range, where an outgoing connection may take the port between the look and the bind.
LOWEST, HIGHEST = 20000, 32767
_SHARES = 8


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on, out of this test worker's own share of the range.

    A service may open it much later; so no other worker may be given it in between.
    """
    share = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or 0) % _SHARES
    size = (HIGHEST + 1 - LOWEST) // _SHARES
    lowest = LOWEST + share * size
    for port in random.SystemRandom().sample(range(lowest, lowest + size), 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("none of a hundred ports is free")
