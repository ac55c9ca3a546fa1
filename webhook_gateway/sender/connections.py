"""Connections to platforms: an answer begins in time, and as long as a connection does not stand, nothing was sent."""

import contextlib
import socket
import ssl
import threading
from typing import Any, cast

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError
from urllib3.response import HTTPResponse


class _Connection(HTTPConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as the library's own
        """The answer, once its head is there. Raises TimeoutError: the library's timeout begins anew with each byte."""
        late = threading.Event()
        timer = threading.Timer(cast(float, self.timeout), _hang_up, (self.sock, late))
        timer.daemon = True
        timer.start()
        try:
            return super().getresponse()
        finally:
            timer.cancel()
            if late.is_set():
                raise TimeoutError


class NoHandshake(NewConnectionError):
    """Somebody answers there, but no secure connection came about."""


class _SecureConnection(_Connection, HTTPSConnection):
    def connect(self) -> None:
        """Raises NoHandshake: else it would look like a call that got lost."""
        try:
            super().connect()
        except ssl.SSLCertVerificationError:
            raise
        except OSError as error:
            raise NoHandshake(self, type(error).__name__) from error


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class Adapter(HTTPAdapter):
    """Makes requests use these connections."""

    def init_poolmanager(self, *arguments: Any, **keywords: Any) -> None:
        super().init_poolmanager(*arguments, **keywords)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


def _hang_up(connection: socket.socket, late: threading.Event) -> None:
    late.set()
    with contextlib.suppress(OSError):  # closed meanwhile
        # Also of a connection with TLS the plain one: whoever reads there sees its end.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
