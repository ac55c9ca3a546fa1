"""The proxy does to a connection what it is told, and no more: else the tests behind it would prove nothing."""

import socket
import socketserver
import threading
import time
from collections.abc import Iterator

import pytest

from tests.lost_neighbours.proxy import HOST, Proxy, running_proxy
from tests.lost_neighbours.toxics import Way


class _Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        try:
            while data := self.request.recv(65536):
                self.request.sendall(data)
        except ConnectionError:
            pass


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with socketserver.ThreadingTCPServer((HOST, 0), _Echo) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        with running_proxy(server.server_address[1]) as proxy:
            yield proxy
        server.shutdown()


@pytest.fixture
def client(proxy: Proxy) -> Iterator[socket.socket]:
    with socket.create_connection((HOST, proxy.port), timeout=5) as client:
        assert echoed(client, b"hello") == b"hello"
        yield client


def echoed(client: socket.socket, data: bytes) -> bytes:
    """What comes back of it until it is whole, or the connection ends, or nothing comes for a while."""
    received = b""
    try:
        client.sendall(data)
        while len(received) < len(data) and (part := client.recv(65536)):
            received += part
    except (ConnectionError, TimeoutError):
        pass
    return received


def test_what_is_late_or_in_pieces_arrives_whole_and_in_order(proxy: Proxy, client: socket.socket) -> None:
    proxy.up = Way(latency=0.2, piece=7)
    proxy.down = Way(piece=1)
    data, started = bytes(range(256)) * 8, time.monotonic()
    assert echoed(client, data) == data
    assert time.monotonic() - started >= 0.2


@pytest.mark.parametrize("way", ["up", "down"])
@pytest.mark.parametrize("count", [0, 1, 99])
def test_a_cut_lets_exactly_so_many_bytes_pass(proxy: Proxy, client: socket.socket, way: str, count: int) -> None:
    cut = proxy.cut_after(count, way, b"now")
    assert echoed(client, b"before") == b"before"
    received = echoed(client, b"now" + bytes(200))
    assert cut.happened.wait(5)
    if way == "down":
        assert received == (b"now" + bytes(200))[:count]
    else:  # the end of what went up may overtake its echo
        assert len(received) <= count
    with socket.create_connection((HOST, proxy.port), timeout=5) as another:
        assert echoed(another, b"now" + bytes(200)) == b"now" + bytes(200)


@pytest.mark.parametrize("way", ["up", "down"])
def test_a_connection_that_lost_a_byte_stays_dead_and_new_ones_are_well(
    proxy: Proxy, client: socket.socket, way: str
) -> None:
    client.settimeout(0.3)
    setattr(proxy, way, Way(loses=True))
    assert echoed(client, b"lost") == b""
    proxy.heal()
    assert echoed(client, b"still lost") == b""
    with socket.create_connection((HOST, proxy.port), timeout=5) as another:
        assert echoed(another, b"well") == b"well"


def test_what_is_swallowed_is_accepted_and_never_answered(proxy: Proxy, client: socket.socket) -> None:
    proxy.swallow()
    with socket.create_connection((HOST, proxy.port), timeout=0.3) as another:
        assert echoed(another, b"anybody?") == b""
    client.settimeout(0.3)
    assert echoed(client, b"and I?") == b""


def test_refused_connections_are_accepted_again_at_the_same_port(proxy: Proxy, client: socket.socket) -> None:
    port = proxy.port
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, port), timeout=5)
    assert echoed(client, b"x") == b""
    proxy.heal()
    with socket.create_connection((HOST, port), timeout=5) as another:
        assert echoed(another, b"again") == b"again"
