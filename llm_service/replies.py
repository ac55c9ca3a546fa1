"""The ladder: the model, a second model if there is one, a quote from the knowledge, the safe text."""

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import structlog

from llm_service import figures
from llm_service.breaker import BREAKER_OPEN, Breaker
from llm_service.events import Call, Citation, Delta, Event, Final, Reset, Turn
from llm_service.guards.guard import Guards
from llm_service.prompts.prompt import Prompts
from llm_service.providers import offline
from llm_service.providers.model import Model
from llm_service.writing import SECONDS_BETWEEN_CHUNKS, Writing

_logger = structlog.get_logger()

SAFE = "safe"
# What is there as a whole is shown as if it were being written: some words at a time, which is kinder to read.
_SHORTEST_PIECE, _MOST_PIECES = 48, 10
# A model that is tried with less time than this could not answer anyway.
_LEAST_SECONDS = 0.2


class Replies:
    """Writes replies; holds what all of them share."""

    def __init__(
        self,
        models: Sequence[tuple[Model, Breaker]],
        knowledge_quotes: offline.Offline,
        prompts: Prompts,
        guards: Guards,
        knowledge_version: str,
        seconds: float,
        longest: int,
    ) -> None:
        """`seconds` are for all models together, `longest` are the characters that are read of each."""
        self._models = models
        self._offline = knowledge_quotes
        self._prompts = prompts
        self._guards = guards
        self._knowledge_version = knowledge_version
        self._seconds = seconds
        self._longest = longest

    async def generate(self, turn: Turn) -> AsyncGenerator[Event, None]:
        """Deltas and resets, then exactly one Final, whatever fails. Closing it ends the call to the model."""
        ladder = _Ladder(asyncio.get_running_loop().time(), self._seconds)
        for model, breaker in self._models:
            if (begin_by := ladder.time_to_begin(last=model is self._models[-1][0])) is None:
                break
            writing = Writing(model, self._prompts.messages(turn.history), self._guards.start(), self._longest)
            if (permit := breaker.admit()) is None:
                ladder.skipped(model)
                continue
            try:
                async with aclosing(writing.chunks(begin_by, ladder.deadline)) as chunks:
                    async for chunk in chunks:
                        yield Delta(chunk)
            finally:  # a turn that is abandoned gives its place as a probe back, and its call is counted
                call = writing.call()
                breaker.settle(permit, call.error_code, writing.retry_after)
                ladder.tried(call)
            if writing.answered:
                yield self._final(ladder, writing.text)
                return
            if writing.emitted:
                yield Reset()
        text, citations = self._without_model(turn, ladder)
        for number, piece in enumerate(_pieces(text)):
            if number:
                await asyncio.sleep(SECONDS_BETWEEN_CHUNKS)
            yield Delta(piece)
        yield self._final(ladder, text, citations)

    def _without_model(self, turn: Turn, ladder: "_Ladder") -> tuple[str, tuple[Citation, ...]]:
        started = ladder.now()
        try:
            quote = self._offline.answer(turn)
        except Exception:  # the last rung exists for what nobody foresaw, so nothing may pass by it
            _logger.exception("the knowledge could not be searched")
            ladder.tried(Call(offline.NAME, error_code="internal_error", latency_ms=ladder.since(started)))
            ladder.tried(Call(SAFE))
            return turn.safe_text, ()
        ladder.tried(Call(offline.NAME, latency_ms=ladder.since(started)))
        return quote.text, quote.citations

    def _final(self, ladder: "_Ladder", text: str, citations: tuple[Citation, ...] = ()) -> Final:
        figures.replies.labels(ladder.calls[-1].provider).inc()
        return Final(
            text,
            tuple(ladder.calls),
            used_fallback=not self._models or len(ladder.calls) > 1,
            error_code=ladder.calls[0].error_code if self._models else "no_api_key",
            prompt_version=self._prompts.version,
            knowledge_version=self._knowledge_version,
            latency_ms=ladder.since(ladder.started),
            citations=citations,
        )


class _Ladder:
    """How far one reply has come, and how much time it has."""

    def __init__(self, started: float, seconds: float) -> None:
        self.started = started
        self.deadline = started + seconds
        self.calls: list[Call] = []

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def since(self, started: float) -> int:
        """Milliseconds."""
        return round((self.now() - started) * 1000)

    def time_to_begin(self, last: bool) -> float | None:
        """Until when a model must have begun to write; None where it is too late to ask it.

        One that is followed by another gets half of what is left, or a model that stalls would leave it no time.
        """
        left = self.deadline - self.now()
        if left < _LEAST_SECONDS:
            return None
        return self.deadline - (0 if last else left / 2)

    def skipped(self, model: Model) -> None:
        self.calls.append(Call(model.provider, model.name, BREAKER_OPEN))
        figures.breaker_skips.labels(model.name).inc()

    def tried(self, call: Call) -> None:
        self.calls.append(call)
        figures.count(call)
        if call.error_code:
            _logger.warning(
                "a rung did not answer", provider=call.provider, model=call.model, error_code=call.error_code
            )


def _pieces(text: str) -> list[str]:
    """Few enough that a long quote after a model's stall still comes in time."""
    size = max(_SHORTEST_PIECE, len(text) // (_MOST_PIECES - 2))
    return re.findall(rf".{{1,{size}}}(?=\s|$)|.{{1,{size}}}", text, re.DOTALL)
