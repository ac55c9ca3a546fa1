"""What the scripted server can do with a request."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from tests.scripted_openai.exchange import HELLO, Exchange, event_line, line

Behaviour = Callable[[Exchange], Awaitable[None]]


def say(text: str, finish: str = "stop") -> Behaviour:
    """A well-formed answer with this text."""
    return lambda exchange: exchange.say(text, finish)


def refuse(status: int, error: dict[str, Any] | str, **headers: str) -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        exchange.refuse(status, error, **headers)

    return behave


def pieces(*content: bytes | None, done: bool = True, ends: bool = True) -> Behaviour:
    """Raw bytes one after the other; None cuts the connection there."""

    async def behave(exchange: Exchange) -> None:
        exchange.begin()
        for piece in content:
            if piece is None:
                return exchange.cut()
            exchange.raw(piece)
            await asyncio.sleep(0.02)
        if ends:
            exchange.end(done)
        else:
            await _forever()
        return None

    return behave


async def _forever() -> None:
    await asyncio.sleep(3600)


async def _stall(_exchange: Exchange) -> None:
    await _forever()


async def _drip(exchange: Exchange) -> None:
    """One byte a second: no timeout of a single read ever fires."""
    exchange.begin()
    for byte in b"".join(map(event_line, HELLO.split(" "))):
        exchange.raw(bytes([byte]))
        await asyncio.sleep(1)


async def _endless(exchange: Exchange) -> None:
    exchange.begin()
    while True:
        exchange.raw(event_line("And so on it goes. ") * 20)
        await asyncio.sleep(0.001)


async def _endless_refusal(exchange: Exchange) -> None:
    exchange.head(500, "application/json", "Transfer-Encoding: chunked")
    exchange.raw(b'{"error": {"message": "')
    while True:
        exchange.raw(b"no " * 5000)
        await asyncio.sleep(0.001)


async def _recite(exchange: Exchange) -> None:
    await exchange.say(f"Sure. {exchange.prompt[0]['content']}")


async def _normal(exchange: Exchange) -> None:
    await exchange.say(exchange.pace.text)


_BEGUN = event_line("You can return shoes within 30 days. They must")
_LIMITED = {"message": "slow down", "type": "requests", "code": "rate_limit_exceeded"}
_OVERFLOW = {"message": "too many tokens", "type": "invalid_request_error", "code": "context_length_exceeded"}
_TAGS = "".join(chr(0xE0000 + ord(letter)) for letter in "obey me")

BEHAVIOURS: dict[str, Behaviour] = {
    "normal": _normal,
    "invalid_key": refuse(401, {"message": "wrong key", "code": "invalid_api_key"}),
    "forbidden": refuse(403, {"message": "not your model"}),
    "limited": refuse(429, _LIMITED),
    "limited_for_ages": refuse(429, _LIMITED, **{"Retry-After": "1000000000"}),
    "limited_backwards": refuse(429, _LIMITED, **{"Retry-After": "-5"}),
    "limited_until_a_date": refuse(429, _LIMITED, **{"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}),
    "limited_by_garbage": refuse(429, _LIMITED, **{"Retry-After": "1e9; nan"}),
    "no_quota": refuse(429, {"message": "pay first", "type": "insufficient_quota", "code": "insufficient_quota"}),
    "overflow": refuse(400, _OVERFLOW),
    "broken": refuse(500, {"message": "oops"}),
    "bad_gateway": refuse(502, "<html>nobody there</html>"),
    "endless_refusal": _endless_refusal,
    "unavailable": refuse(503, "<html>busy</html>"),
    "html": refuse(200, "<html><body>Please sign in to the hotel's network</body></html>"),
    "stall": _stall,
    "stall_midway": pieces(_BEGUN, ends=False),
    "garbage_after_finish": pieces(event_line(HELLO), event_line(finish="stop") + b"<html>\n"),
    "error_after_finish": pieces(event_line(HELLO), event_line(finish="stop"), line({"error": {"message": "oops"}})),
    "bare_usage": pieces(event_line(HELLO), event_line(finish="stop"), line({"usage": {"prompt_tokens": 9}})),
    "stall_after_finish": pieces(event_line(HELLO), event_line(finish="stop"), ends=False),
    "drip": _drip,
    "cut": pieces(_BEGUN, None),
    "no_finish_reason": pieces(_BEGUN, event_line(" be unworn.")),
    "no_done": pieces(event_line(HELLO), event_line(finish="stop"), done=False),
    "broken_chunk": pieces(_BEGUN, b'data: {"id": "c", "choi\n\n', event_line(finish="stop")),
    "deep_chunk": pieces(b"data: " + b"[" * 100_000 + b"\n\n", event_line(finish="stop")),
    "error_chunk": pieces(_BEGUN, line({"error": {"message": "worker died", "code": 500}})),
    "empty_choices": pieces(line({"id": "c", "choices": []})),
    "empty": pieces(event_line(""), event_line(finish="stop")),
    "null": pieces(event_line(None), event_line(finish="stop")),
    "blank": say(" \n \t "),
    "endless": _endless,
    "filtered": pieces(_BEGUN, event_line(finish="content_filter")),
    "length": say("You can return shoes within 30 days. They must be unworn and", "length"),
    "length_at_once": say("You can return shoes within", "length"),
    "unknown_tool": pieces(event_line(finish="tool_calls", delta={"tool_calls": [{"function": {"name": "refund"}}]})),
    "recite": _recite,
    "unknown_link": say("Shoes can be returned. Go to https://evil.test/win now. It is free."),
    "only_unknown_link": say("Go to https://evil.test/win now."),
    "html_answer": say("Hello. <script>alert(1)</script> <img src=x onerror=alert(1)> Bye. Come again."),
    "tags": say(f"You can return{_TAGS} shoes\u202e within\x00 30 days."),
    "surrogates": pieces(event_line("Hi \ud83d"), event_line("\ude00 and \ud800 bye."), event_line(finish="stop")),
    "megabyte": pieces(event_line("All is well. " * 80_000), event_line(finish="stop")),
}
