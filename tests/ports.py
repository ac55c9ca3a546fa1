"""Ports for test servers."""

import random
import socket

# Below the ephemeral range, where an outgoing connection may take the port between the look and the bind.
LOWEST, HIGHEST = 20000, 32767


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on; drawn at random, so that parallel workers rarely meet."""
    for port in random.SystemRandom().sample(range(LOWEST, HIGHEST + 1), 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("none of a hundred ports is free")
