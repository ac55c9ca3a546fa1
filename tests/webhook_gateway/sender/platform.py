"""A platform's server that behaves badly on demand, at the level of bytes."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Behaviour = Callable[[socket.socket], None]


def answering(status: str, body: bytes, *headers: str) -> Behaviour:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return lambda connection: connection.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)


def closing(_connection: socket.socket) -> None:
    pass


def silent(connection: socket.socket) -> None:
    connection.recv(1)  # until the caller has gone


def dripping(connection: socket.socket) -> None:
    """A body that takes seconds and does not come to its end, byte by byte."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    for _ in range(300):
        connection.sendall(b" ")
        time.sleep(0.01)


def dripping_head(ended: threading.Event) -> Behaviour:
    """A head that takes seconds, byte by byte; `ended`: somebody waited for all of it."""

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Patience: ")
        for _ in range(300):
            connection.sendall(b"a")
            time.sleep(0.01)
        ended.set()
        connection.sendall(b"\r\nContent-Length: 2\r\n\r\n{}")

    return drip


def keeping(connection: socket.socket) -> None:
    """Answers, and waits for another call on the same connection."""
    while True:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        if not connection.recv(65_536):
            return


def flooding(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"10000\r\n" + b"x" * 65_536 + b"\r\n")


class Platform:
    """Reads a request whole, then behaves; `requests` holds what it has read."""

    def __init__(self, behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self._behaviour = behaviour
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests: list[bytes] = []
        self.connections = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), self._secured(connection) as connection:
            request = b""
            while b"\r\n\r\n" not in request:
                request += connection.recv(65_536) or b"\r\n\r\n"
            head, _, body = request.partition(b"\r\n\r\n")
            lines = head.lower().split(b"\r\n")
            length = next((int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length")), 0)
            while len(body) < length:
                body += connection.recv(65_536)
            self.requests.append(head + b"\r\n\r\n" + body)
            self._behaviour(connection)

    def _secured(self, connection: socket.socket) -> socket.socket:
        return self._tls.wrap_socket(connection, server_side=True) if self._tls else connection

    def close(self) -> None:
        self._listener.close()


@contextmanager
def platform(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[Platform]:
    running = Platform(behaviour, tls)
    try:
        yield running
    finally:
        running.close()
