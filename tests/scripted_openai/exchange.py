"""One request to the scripted server, and the means to answer it well or badly."""

import asyncio
import json
import re
from dataclasses import dataclass
from typing import Any

HELLO = "You can return shoes within 30 days. They must be unworn and in the original box."


@dataclass
class Pace:
    """How a well-behaved answer comes."""

    text: str = HELLO
    delay: float = 0.0
    interval: float = 0.0


class Exchange:
    """One request and the means to answer it."""

    def __init__(self, body: dict[str, Any], transport: asyncio.Transport, pace: Pace) -> None:
        self.body = body
        self.prompt: list[dict[str, str]] = body.get("messages", [])
        self.pace = pace
        self._transport = transport

    def refuse(self, status: int, error: dict[str, Any] | str, **headers: str) -> None:
        """Answer with an error, as a JSON body or as it stands."""
        payload = error if isinstance(error, str) else json.dumps({"error": error})
        kind = "text/html" if isinstance(error, str) else "application/json"
        self.head(status, kind, f"Content-Length: {len(payload.encode())}", *(f"{k}: {v}" for k, v in headers.items()))
        self._transport.write(payload.encode())

    def head(self, status: int, kind: str, *lines: str) -> None:
        text = "\r\n".join([f"HTTP/1.1 {status} Scripted", f"Content-Type: {kind}", *lines, "", ""])
        self._transport.write(text.encode())

    def begin(self) -> None:
        self.head(200, "text/event-stream; charset=utf-8", "Transfer-Encoding: chunked")

    def raw(self, data: bytes) -> None:
        """Bytes of the stream, as one chunk of HTTP."""
        self._transport.write(b"%x\r\n%b\r\n" % (len(data), data))

    def event(self, content: str | None = None, finish: str | None = None, **more: Any) -> None:
        self.raw(event_line(content, finish, **more))

    def usage(self, tokens: int) -> None:
        read = sum(len(message["content"].split()) for message in self.prompt)
        counts = {"prompt_tokens": read, "completion_tokens": tokens, "total_tokens": read + tokens}
        self.raw(line({"id": "c", "object": "chat.completion.chunk", "choices": [], "usage": counts}))

    def end(self, done: bool = True) -> None:
        if done:
            self.raw(b"data: [DONE]\n\n")
        self._transport.write(b"0\r\n\r\n")

    def cut(self) -> None:
        self._transport.close()

    def whole(self, text: str) -> None:
        """An answer in a single packet, as from a cache."""
        payload = event_line(text, "stop") + b"data: [DONE]\n\n"
        self.head(200, "text/event-stream; charset=utf-8", f"Content-Length: {len(payload)}")
        self._transport.write(payload)

    async def say(self, text: str, finish: str = "stop") -> None:
        """A whole answer at the server's pace; without a pace in a single piece."""
        tokens = re.findall(r"\s*\S+|\s+$", text)
        if self.pace.delay:
            await asyncio.sleep(self.pace.delay)
        self.begin()
        if self.pace.interval:
            for token in tokens:
                self.event(token)
                await asyncio.sleep(self.pace.interval)
        else:
            self.raw(b"".join(map(event_line, tokens)))
        self.event(finish=finish)
        self.usage(len(tokens))
        self.end()


def line(chunk: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def event_line(content: str | None = None, finish: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": {} if content is None else {"content": content}, "finish_reason": finish, **more}
    return line({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "scripted", "choices": [choice]})
