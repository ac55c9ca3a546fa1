"""Reading a body whatever the server below it does."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from web_gateway.errors import ApiError
from web_gateway.exchange import Exchange
from web_gateway.request_body import read_body


def test_a_slow_body_is_given_up_even_where_the_server_swallows_the_cancellation() -> None:
    """asyncio.wait_for of Python 3.11 does, when data comes in the same moment."""

    async def receive() -> dict[str, Any]:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(0.03)
        return {"type": "http.request", "body": b" ", "more_body": True}

    async def send(_message: Any) -> None:
        raise AssertionError("nothing is sent")

    async def read() -> None:
        scope = {"headers": [(b"content-length", b"1000")]}
        await asyncio.wait_for(read_body(Exchange(scope, receive, send, "id"), 2000, 0.1), 2)

    with pytest.raises(ApiError) as refused:
        asyncio.run(read())
    assert refused.value.code == "body_too_slow"
