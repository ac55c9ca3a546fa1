"""The only file that knows the openai package: any server that speaks its chat completions, streamed."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, cast

import httpx2
import openai

from llm_service.prompts.prompt import Message
from llm_service.providers import error_bodies
from llm_service.providers.event_lines import EventLines, NotEvents
from llm_service.providers.model import ModelError, Price, Usage
from llm_service.providers.request_body import RequestBodies

NAME = "openai"
DEFAULT_BASE_URL = "https://api.openai.com/v1"

# https://platform.openai.com/docs/guides/error-codes; anything else of 4xx is our own mistake, so a bad_request.
_CODE_OF_STATUS = {
    401: "invalid_api_key",  # wrong, revoked, or of another organisation
    403: "invalid_api_key",  # the key may not use this model, or not from this country
    408: "timeout",
    429: "rate_limited",  # or insufficient_quota, which only the body tells
}
_QUOTA = "insufficient_quota"
# The answer is complete once a finish_reason came; what may follow is the usage, which is not worth a long wait.
_USAGE_SECONDS = 0.3
_END_SECONDS = 0.05
# Practically none, or replies would wait for each other: connections are as many as replies are in flight.
_LIMITS = httpx2.Limits(max_connections=100_000, max_keepalive_connections=100, keepalive_expiry=30.0)

# What the package tells of this machine with each request: nobody's business, and each costs its time.
_UNSENT = {
    f"X-Stainless-{name}": openai.omit
    for name in ("Lang", "Package-Version", "OS", "Arch", "Runtime", "Runtime-Version", "Async", "Retry-Count")
}


def connect(api_key: str, base_url: str | None) -> openai.AsyncOpenAI:
    """A client without timeouts and retries of its own: deadlines and the ladder are the caller's.

    On aiohttp, as the package offers it: its default walks all connections for each request, at twice the cost with a
    hundred replies in flight and more with each further one. It follows no redirects: they come from a wrong base URL,
    and would turn the request into a GET.
    """
    return openai.AsyncOpenAI(
        api_key=api_key,
        base_url=base_url or DEFAULT_BASE_URL,
        max_retries=0,
        timeout=None,
        default_headers={"Accept-Encoding": "identity"},  # compressed events come late, in lumps
        http_client=openai.DefaultAioHttpClient(
            limits=_LIMITS, timeout=None, follow_redirects=False, event_hooks={"response": [error_bodies.cut]}
        ),
    )


class OpenAI:
    """One model behind one client."""

    provider = NAME

    def __init__(self, client: openai.AsyncOpenAI, name: str, longest_output: int, price: Price) -> None:
        """`longest_output` in tokens."""
        self.name = name
        self.price = price
        self._client = client
        # Whole, for the package takes a path apart and puts it together again for each request.
        self._url = f"{client.base_url}chat/completions"
        # OpenAI's newer models refuse max_tokens, other servers do not know its successor.
        official = str(client.base_url).startswith(DEFAULT_BASE_URL)
        self._limit = {"max_completion_tokens" if official else "max_tokens": longest_output}
        self._bodies = RequestBodies(
            {"model": name, "stream": True, "stream_options": {"include_usage": True}, **self._limit}
        )

    async def write(self, messages: Sequence[Message], on_text: Callable[[str], None], usage: Usage) -> bool:
        """See Model.write."""
        stream = _Stream(on_text, usage)
        try:
            await self._read(messages, stream)
        except (openai.APIError, httpx2.HTTPError, NotEvents) as error:
            if not stream.finish_reason:
                raise ModelError(_code(error), _retry_after(error)) from error
        return stream.ended_by_itself()

    async def _read(self, messages: Sequence[Message], stream: "_Stream") -> None:
        # The package's own way to call what it has no method for. chat.completions.create walks and rebuilds whatever
        # it is given, which costs more than the call.
        body = self._bodies.of(messages)
        answer = await self._client.post(
            self._url,
            content=body,
            cast_to=httpx2.Response,
            options={"headers": {**_UNSENT, "Content-Length": str(body.length)}},
            stream=True,
            stream_cls=openai.AsyncStream[Any],
        )
        async with contextlib.aclosing(cast(httpx2.Response, answer)) as response:
            pieces = response.aiter_bytes()
            while not stream.done and not stream.finish_reason:
                stream.take(await anext(pieces, None))
            if stream.finish_reason:
                await _take_rest(pieces, stream)


async def _take_rest(pieces: AsyncIterator[bytes], stream: "_Stream") -> None:
    """Read to the very end, for only then is the connection used again; but do not wait for it."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_USAGE_SECONDS) as limit:
            async for received in pieces:
                stream.take(received)
                if stream.done:
                    limit.reschedule(asyncio.get_running_loop().time() + _END_SECONDS)


class _Stream:
    """Reads the chunks of one completion."""

    def __init__(self, on_text: Callable[[str], None], usage: Usage) -> None:
        self._on_text = on_text
        self._usage = usage
        self._lines = EventLines()
        self._written = False
        self.finish_reason = ""
        # Whether [DONE] or the end of the stream was read.
        self.done = False

    def take(self, received: bytes | None) -> None:
        """The next bytes; None is the end."""
        for payload in self._lines.rest() if received is None else self._lines.feed(received):
            if payload == b"[DONE]":
                self.done = True
                return
            self._read_chunk(_parsed(payload))
        if received is None:
            self.done = True
            if not self.finish_reason:
                raise ModelError("incomplete_stream")

    def _read_chunk(self, chunk: Any) -> None:
        if not isinstance(chunk, dict):
            raise NotEvents
        if (error := chunk.get("error")) and not self.finish_reason:  # the server failed after it had begun with a 200
            raise ModelError(_QUOTA if _says_quota(error) else "upstream_error")
        if isinstance(tokens := chunk.get("usage"), dict):
            self._usage.prompt_tokens = _count(tokens.get("prompt_tokens"))
            self._usage.completion_tokens = _count(tokens.get("completion_tokens"))
        choices = chunk.get("choices")
        if not isinstance(choices, list):
            raise NotEvents
        for choice in choices[:1]:
            self._read_choice(choice)

    def _read_choice(self, choice: Any) -> None:
        delta = choice.get("delta") if isinstance(choice, dict) else None
        if not isinstance(delta, dict):
            raise NotEvents
        text = delta.get("content")
        if text and isinstance(text, str):
            self._written = True
            self._on_text(text)
        self.finish_reason = choice.get("finish_reason") or self.finish_reason

    def ended_by_itself(self) -> bool:
        if self.finish_reason == "content_filter":
            raise ModelError("content_filter")
        if not self.finish_reason:
            raise ModelError("incomplete_stream" if self._written else "empty_response")
        return self.finish_reason != "length"


def _code(error: openai.APIError | httpx2.HTTPError | NotEvents) -> str:
    if isinstance(error, openai.APIStatusError):
        if error.status_code == 429 and _QUOTA in (error.code, error.type):
            return _QUOTA
        default = "upstream_error" if error.status_code >= 500 else "bad_request"
        return _CODE_OF_STATUS.get(error.status_code, default)
    # A refused connection comes as a timeout, but the client has none: what takes too long is cancelled from outside.
    if isinstance(error, openai.APIConnectionError | httpx2.TransportError):
        return "connection_error"
    return "bad_response"


def _retry_after(error: Exception) -> float:
    """In seconds. A date is not read: it rests on two clocks, and who calls does not wait for long anyway."""
    told = error.response.headers.get("Retry-After", "") if isinstance(error, openai.APIStatusError) else ""
    return float(told) if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,6})?", told) else 0.0


def _parsed(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except (ValueError, RecursionError) as error:  # not JSON, not UTF-8, or nested without end
        raise NotEvents from error


def _says_quota(error: object) -> bool:
    return isinstance(error, dict) and _QUOTA in (error.get("code"), error.get("type"))


def _count(tokens: object) -> int:
    # Bounded to what the contract's field holds.
    return min(max(tokens, 0), 2**31 - 1) if isinstance(tokens, int) else 0
