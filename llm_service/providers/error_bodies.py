"""Cuts what a server sends with an error: only its beginning is of use, and it may never end."""

from collections.abc import AsyncIterator

import httpx2

_LONGEST = 64 << 10


async def cut(response: httpx2.Response) -> None:
    """A response hook of httpx2, for whoever reads the body of a failed request as a whole afterwards."""
    if not response.is_success and isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _Beginning(response.stream)


class _Beginning(httpx2.AsyncByteStream):
    """The first bytes of a stream; the connection is closed with the rest of it unread."""

    def __init__(self, whole: httpx2.AsyncByteStream) -> None:
        self._whole = whole

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = _LONGEST
        async for piece in self._whole:
            yield piece[:left]
            left -= len(piece)
            if left <= 0:
                return

    async def aclose(self) -> None:
        await self._whole.aclose()
