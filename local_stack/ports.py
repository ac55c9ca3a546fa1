"""Looks whether ports are free before anything is started, and chooses those that nobody asked for by number."""

import errno
import random
import socket
import time
from collections.abc import Collection, Mapping

from local_stack.errors import StackError

# Below the ephemeral range, where any outgoing connection may take a port first.
LOWEST, HIGHEST = 10000, 32767


def require_free(host: str, ports: Mapping[str, int], patience: float = 0.0) -> None:
    """Raises StackError where some of `ports` (by the names of their settings) cannot be listened on.

    `patience` in seconds is for what a killed launcher left behind, which is ending by itself.
    """
    deadline = time.monotonic() + patience
    owners: dict[int, str] = {}
    taken: list[int] = []
    for setting, port in ports.items():
        if port in owners:
            raise StackError(f"{owners[port]} and {setting} are both {port}: give one of them another port.")
        owners[port] = setting
        while (problem := _obstacle(host, port)) == errno.EADDRINUSE and time.monotonic() < deadline:
            time.sleep(0.1)
        if problem == errno.EADDRINUSE:
            taken.append(port)
        elif problem:
            raise _explained(host, port, setting, problem)
    if taken:  # all of them at once, as they are where another stack runs
        raise _taken({owners[port]: port for port in taken})


def choose_port(host: str, wish: int, reserved: Collection[int]) -> int:
    """`wish` where it can be had, otherwise any free port; none of `reserved`."""
    candidates = [wish, *random.sample(range(LOWEST, HIGHEST + 1), 100)]
    for port in candidates:
        if port <= HIGHEST and port not in reserved and _obstacle(host, port) is None:
            return port
    raise StackError(f"No port between {LOWEST} and {HIGHEST} is free on {host}.")


def _obstacle(host: str, port: int) -> int | None:
    """The error number that listening on `port` gives, None where it works."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except socket.gaierror:
            return errno.EADDRNOTAVAIL
        except OSError as error:
            return error.errno
    return None


def _explained(host: str, port: int, setting: str, problem: int) -> StackError:
    if problem == errno.EACCES:
        return StackError(f"Port {port} may not be opened without root: set {setting} to one above 1023.")
    if problem == errno.EADDRNOTAVAIL:
        return StackError(f"{host} is not an address of this machine: set HOST to one, such as 127.0.0.1.")
    return StackError(f"Port {port} of {host} cannot be opened (error {problem}): look at HOST and {setting}.")


def _taken(ports: Mapping[str, int]) -> StackError:
    if len(ports) == 1:
        ((setting, port),) = ports.items()
        return StackError(f"Port {port} is taken: stop what listens there, or set {setting} to a free one.")
    named = ", ".join(f"{port} ({setting})" for setting, port in ports.items())
    return StackError(f"These ports are taken: {named}. Stop what listens there, or set those names to free ones.")
