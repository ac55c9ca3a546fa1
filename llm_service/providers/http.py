"""A lean HTTP/1.1 transport for many slow streams: a third of the general one's cost in time and memory.

The general transport keeps a list of all connections and walks it for each request, and hands every piece of a body
through half a dozen generators. This one has a stack of idle connections and a buffer. It knows no proxies: where one
is configured, the general transport is used (openai.connect).
"""

from __future__ import annotations

import asyncio
import socket
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx2

from llm_service.providers.connection import Connection

_MOST_IDLE = 128
# An address that does not answer (IPv6 without a route, say) must not use up a reply's whole time.
_CONNECT_SECONDS = 3.0
_LOOKUP_SECONDS = 10.0

_Origin = tuple[str, str, int]


class Transport(httpx2.AsyncBaseTransport):
    """Opens as many connections as there are requests, and uses them again."""

    def __init__(self) -> None:
        self._tls = httpx2.create_ssl_context()
        self._idle: dict[_Origin, list[Connection]] = defaultdict(list)
        self._lookups: dict[str, _Lookup] = {}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        origin = (url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80))
        connection = self._reusable(origin) or await self._connect(origin)
        try:
            connection.write(_head(request), await request.aread())
            _let_go_of_body(request)
            status, headers = await connection.head()
        except BaseException:  # cancelled too: what is half said cannot be used again
            connection.abort()
            raise
        return httpx2.Response(status, headers=headers, stream=_Body(connection, self._idle[origin]))

    async def aclose(self) -> None:
        for connection in [connection for idle in self._idle.values() for connection in idle]:
            connection.abort()
        self._idle.clear()

    def _reusable(self, origin: _Origin) -> Connection | None:
        idle = self._idle[origin]
        while idle:
            connection = idle.pop()
            if connection.is_fresh():
                return connection
            connection.abort()
        return None

    async def _connect(self, origin: _Origin) -> Connection:
        scheme, host, port = origin
        loop = asyncio.get_running_loop()
        tls = self._tls if scheme == "https" else None
        problem: Exception | None = None
        addresses = await self._addresses(host, port)
        for number, address in enumerate(addresses, 1):
            try:
                async with asyncio.timeout(_CONNECT_SECONDS if number < len(addresses) else None):
                    _, connection = await loop.create_connection(
                        Connection, address, port, ssl=tls, server_hostname=host if tls else None
                    )
            except (OSError, TimeoutError) as error:
                problem = error
            else:
                return connection
        raise httpx2.ConnectError(f"{host} cannot be reached") from problem

    async def _addresses(self, host: str, port: int) -> list[str]:
        """Looked up once for all who want to know in the same seconds, or a burst would wait for a burst of lookups."""
        loop = asyncio.get_running_loop()
        known = self._lookups.get(host)
        if known is None or known.until < loop.time():
            task = loop.create_task(_look_up(host, port))
            known = self._lookups[host] = _Lookup(task, loop.time() + _LOOKUP_SECONDS)
        try:
            return await asyncio.shield(known.task)
        except OSError as error:
            self._lookups.pop(host, None)
            raise httpx2.ConnectError(f"{host} has no address") from error


@dataclass(frozen=True, slots=True)
class _Lookup:
    task: asyncio.Task[list[str]]
    until: float


async def _look_up(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[4][0]) for address in found))


class _Body(httpx2.AsyncByteStream):
    """The body of one response, as it comes."""

    def __init__(self, connection: Connection, idle: list[Connection]) -> None:
        self._connection = connection
        self._idle = idle

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while received := await self._connection.read():
            yield received

    async def aclose(self) -> None:
        if self._connection.finish() and len(self._idle) < _MOST_IDLE:
            self._idle.append(self._connection)
        else:
            self._connection.abort()


def _head(request: httpx2.Request) -> bytes:
    lines = [b"%b %b HTTP/1.1" % (request.method.encode(), request.url.raw_path)]
    lines += [b"%b: %b" % pair for pair in request.headers.raw]
    return b"\r\n".join([*lines, b"", b""])


def _let_go_of_body(request: httpx2.Request) -> None:
    """A request lives as long as its response, and a thousand prompts that are waited for are memory for nothing."""
    request.stream = httpx2.ByteStream(b"")
    vars(request).pop("_content", None)
