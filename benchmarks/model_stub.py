"""`python -m benchmarks.model_stub PORT`: a model that costs next to nothing, in a process of its own.

It speaks as much of OpenAI's chat completions as both sides need, streamed and whole. `PUT /pace` with a Pace in JSON
sets how it answers from now on.
"""

import asyncio
import itertools
import json
import sys
from dataclasses import asdict, dataclass
from typing import Any

import uvloop

from benchmarks.usage import allow_many_files

# Whole sentences, as a model writes them. The first is short, so that a reader who waits for it waits for three tokens.
_TEXT = (
    "Yes, you can. Return shoes within 30 days. They must be unworn and in the original box. "
    "We send your money back within five days of their arrival."
)
FIRST_SENTENCE_TOKENS = 3
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"


@dataclass(frozen=True)
class Pace:
    """Seconds until the first token, tokens, and seconds between two of them (0: all at once)."""

    delay: float = 0.0
    tokens: int = 20
    interval: float = 0.0


class Answers:
    """All bytes of an answer, made once for each pace."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        words = list(itertools.islice(itertools.cycle(_TEXT.split(" ")), pace.tokens))
        tokens = [word if number == 0 else f" {word}" for number, word in enumerate(words)]
        self.tokens = [_chunk(_delta({"content": token})) for token in tokens]
        usage = {"prompt_tokens": 200, "completion_tokens": pace.tokens, "total_tokens": 200 + pace.tokens}
        self.end = _chunk(_delta({}, "stop")) + _chunk(_event([], usage)) + _chunk("[DONE]") + b"0\r\n\r\n"
        self.streamed = _HEAD + b"".join(self.tokens) + self.end
        self.whole = _json_answer("".join(tokens), usage)


class Model:
    """What all connections share."""

    def __init__(self) -> None:
        self.answers = Answers(Pace())


class Connection(asyncio.Protocol):
    """One connection; requests come one after the other."""

    def __init__(self, model: "Model") -> None:
        self._model = model
        self._received = b""
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def connection_lost(self, _error: Exception | None) -> None:
        if self._timer:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or len(body) < _content_length(head):
            return
        self._received = b""
        if head.startswith(b"PUT /pace"):
            self._model.answers = Answers(Pace(**json.loads(body)))
            self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        elif head.startswith(b"POST /v1/chat/completions"):
            self._answer(b'"stream":true' in body or b'"stream": true' in body)
        else:
            self._transport.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    def _answer(self, streamed: bool) -> None:
        answers = self._model.answers
        pace = answers.pace
        if streamed and pace.interval:
            self._timer = self._loop.call_later(
                pace.delay, self._write_token, answers, 0, self._loop.time() + pace.delay
            )
            return
        # A whole answer comes when a streamed one would be complete.
        seconds = pace.delay + pace.interval * (pace.tokens - 1)
        payload = answers.streamed if streamed else answers.whole
        if seconds:
            self._timer = self._loop.call_later(seconds, self._transport.write, payload)
        else:
            self._transport.write(payload)

    def _write_token(self, answers: Answers, number: int, due: float) -> None:
        last = number == len(answers.tokens) - 1
        self._transport.write((_HEAD if number == 0 else b"") + answers.tokens[number] + (answers.end if last else b""))
        if not last:
            due += answers.pace.interval
            self._timer = self._loop.call_at(due, self._write_token, answers, number + 1, due)


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def _delta(delta: dict[str, str], finish: str | None = None) -> str:
    return _event([{"index": 0, "delta": delta, "finish_reason": finish}])


def _event(choices: list[dict[str, Any]], usage: dict[str, int] | None = None) -> str:
    named = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "stub", "choices": choices}
    return json.dumps({**named, "usage": usage})


def _chunk(payload: str) -> bytes:
    data = f"data: {payload}\n\n".encode()
    return b"%x\r\n%b\r\n" % (len(data), data)


def _json_answer(text: str, usage: dict[str, int]) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    named = {"id": "c", "object": "chat.completion", "created": 1, "model": "stub", "choices": [choice], "usage": usage}
    body = json.dumps(named).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def pace_body(pace: Pace) -> bytes:
    """What to send to `PUT /pace`."""
    return json.dumps(asdict(pace)).encode()


async def _serve(port: int) -> None:
    model = Model()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(model), "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    allow_many_files()
    uvloop.run(_serve(int(sys.argv[1])))
