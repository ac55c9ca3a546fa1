"""`python -m benchmarks.chain.llm PORT BASE_URL MODEL PROMPT`: asks the model by the vendor's package, streamed.

The package is used in the cheapest way that it documents, which is Spur's: over aiohttp, the messages as extra_body,
and the stream as bytes.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import httpx2
import openai
import uvloop

from benchmarks.chain import calls
from benchmarks.chain.calls import Json

_ROLES = {"customer": "user", "assistant": "assistant"}


class Model:
    """One model behind one client."""

    def __init__(self, base_url: str, name: str, system: str) -> None:
        limits = httpx2.Limits(max_connections=100_000, max_keepalive_connections=100)
        self._client = openai.AsyncOpenAI(
            api_key="none",
            base_url=base_url,
            max_retries=0,
            timeout=None,
            http_client=openai.DefaultAioHttpClient(limits=limits, timeout=None),
        )
        self._completions = self._client.chat.completions.with_streaming_response
        self._name = name
        self._system = {"role": "system", "content": system}

    async def __aenter__(self) -> "Model":
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._client.close()

    async def answer(self, asked: Json, _context: Any) -> Json:
        began = time.perf_counter()
        said = [{"role": _ROLES[author], "content": text} for author, text in asked["history"]]
        options = {"max_tokens": 250, "stream_options": {"include_usage": True}}
        request = self._completions.create(
            model=self._name, messages=[], stream=True, extra_body={"messages": [self._system, *said], **options}
        )
        async with request as response:
            text, usage = _read(b"".join([piece async for piece in response.iter_bytes()]))
        call = {
            "model": self._name,
            "promptTokens": usage["prompt_tokens"],
            "completionTokens": usage["completion_tokens"],
            "latencyMs": round((time.perf_counter() - began) * 1000),
        }
        return {"text": text, "call": call}


def _read(events: bytes) -> tuple[str, Json]:
    """What was written, and how much."""
    text: list[str] = []
    usage: Json = {}
    for line in events.split(b"\n"):
        if line.startswith(b"data: {"):
            chunk = json.loads(line[6:])
            usage = chunk["usage"] or usage
            text += [choice["delta"].get("content", "") for choice in chunk["choices"]]
    return "".join(text), usage


async def serve(port: int, base_url: str, name: str, prompt: Path) -> None:
    async with Model(base_url, name, prompt.read_text(encoding="utf-8")) as model:
        await calls.serve(calls.LLM, model.answer, port)


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4])))
