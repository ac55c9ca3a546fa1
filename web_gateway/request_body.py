"""Reads a request's body: never more than the limit, never longer than a client may take."""

import asyncio

from web_gateway.errors import ApiError
from web_gateway.exchange import Exchange

# What is still read and thrown away after a refusal. A connection that is closed with unread bytes in it is reset, and
# the reset can reach the client before our answer does.
_LINGER_SECONDS = 2.0
_LINGER_BYTES = 1024 * 1024


async def read_body(exchange: Exchange, limit: int, seconds: float) -> bytes:
    """The whole body; ApiError where it is too large, too slow, or ends before its declared length."""
    headers = dict(exchange.scope["headers"])
    declared = headers.get(b"content-length", b"0")
    if declared == b"0" and b"transfer-encoding" not in headers:
        return b""
    if int(declared) > limit:  # gunicorn has checked that it is a number
        raise _too_large(limit)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds) as timer:
            while True:
                message = await exchange.receive()
                _raise_if_over(timer)
                if message["type"] == "http.disconnect":
                    raise ApiError(400, "body_incomplete", "The body ended before its declared length.")
                body += message["body"]
                if len(body) > limit:
                    raise _too_large(limit)
                if exchange.body_ended:
                    return bytes(body)
    except TimeoutError as error:
        raise ApiError(408, "body_too_slow", f"The body did not arrive within {seconds:g} s: send it again.") from error


async def discard_rest(exchange: Exchange) -> None:
    """Let a client that was refused finish sending, within reason."""
    left = _LINGER_BYTES
    try:
        async with asyncio.timeout(_LINGER_SECONDS) as timer:
            while left > 0 and not exchange.body_ended:
                left -= len((await exchange.receive()).get("body", b""))
                _raise_if_over(timer)
    except TimeoutError:
        return


def _raise_if_over(timer: asyncio.Timeout) -> None:
    # gunicorn receives within asyncio.wait_for, which on Python 3.11 swallows a cancellation that coincides with data.
    if timer.expired():
        raise TimeoutError


def _too_large(limit: int) -> ApiError:
    return ApiError(413, "body_too_large", f"The body is larger than {limit} bytes: shorten it.")
