"""Asks services over the network whether they are ready."""

import http.client
from collections.abc import Callable
from contextlib import closing
from http import HTTPStatus

from chassis.credentials import Credentials
from chassis.health import check

ANSWERS_WITHIN = 2.0


def grpc_ready(address: str, credentials: Credentials) -> Callable[[], bool]:
    """By the standard health service."""
    return lambda: check(address, credentials, ANSWERS_WITHIN)


def http_ready(host: str, port: int) -> Callable[[], bool]:
    """By the status of `/readyz`."""

    def ready() -> bool:
        # Not urllib, which would ask a configured proxy for our own address.
        with closing(http.client.HTTPConnection(host, port, timeout=ANSWERS_WITHIN)) as connection:
            try:
                connection.request("GET", "/readyz")
                return connection.getresponse().status == HTTPStatus.OK
            except (OSError, http.client.HTTPException):
                return False

    return ready
