"""One attempt of one model: its text goes through the guard, and out in chunks that come neither late nor too often."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from functools import partial

import structlog

from chassis import traces
from llm_service.events import Call
from llm_service.guards.guard import Guard, Leaked
from llm_service.prompts.prompt import Message
from llm_service.providers.model import Model, ModelError, Usage

_logger = structlog.get_logger()

# The first sentence goes at once. After it, a chunk costs every service on its way as much as a token would.
SECONDS_BETWEEN_CHUNKS = 0.06
# What passed before a leak is an answer only if it is more than a lead-in to the leak.
_SHORTEST_BEFORE_A_LEAK = 100
_ENDS = (".", "!", "?", "…", "。", "\uff01", "\uff1f")
# What these leave of an answer is whole sentences that passed.
_WITH_AN_ANSWER = ("", "output_too_long", "guard_blocked")


class _TooLong(Exception):
    """The model writes more than it was asked for, perhaps without end."""


class Writing:
    """Runs once. After `chunks` has ended, `text` is the reply or `answered` is false."""

    # Seconds; as the model asked.
    retry_after = 0.0

    def __init__(self, model: Model, messages: Sequence[Message], guard: Guard, longest: int) -> None:
        """`longest` is the most characters that are read."""
        self._model = model
        self._messages = messages
        self._guard = guard
        self._left = longest
        self._usage = Usage()
        self._loop = asyncio.get_running_loop()
        self._started, self._first = self._loop.time(), 0.0
        self._passed: list[str] = []
        self._sent = 0
        self._error_code = "cancelled"
        self._leaked = False
        self._signal = asyncio.Event()
        self._ended = False

    async def chunks(self, begin_by: float, deadline: float) -> AsyncGenerator[str, None]:
        """Text that may be shown, in time: the first until `begin_by`, all until `deadline` (times of the loop).

        What passes last, or too soon after a chunk, is in `text` only; so is an answer that came as a whole.
        """
        task = asyncio.create_task(self._write(begin_by, deadline))
        timer: asyncio.TimerHandle | None = None
        next_at = 0.0
        try:
            while not self._ended:
                await self._signal.wait()
                await asyncio.sleep(0)  # what came in the same moment is read first, perhaps the end
                self._signal.clear()
                if self._ended or self._sent == len(self._passed):
                    continue
                if (now := self._loop.time()) >= next_at:
                    next_at, timer = now + SECONDS_BETWEEN_CHUNKS, None
                    yield self._take()
                elif timer is None:
                    timer = self._loop.call_at(next_at, self._signal.set)
        finally:
            if timer:
                timer.cancel()
            task.cancel()
            await asyncio.wait({task})

    @property
    def text(self) -> str:
        return "".join(self._passed)

    @property
    def emitted(self) -> bool:
        """Whether a chunk went out."""
        return self._sent > 0

    @property
    def answered(self) -> bool:
        """Whether `text` is a reply, perhaps a shortened one."""
        if self._leaked:
            return len(self.text) >= _SHORTEST_BEFORE_A_LEAK and self.text.endswith(_ENDS)
        return bool(self._passed) and self._error_code in _WITH_AN_ANSWER

    def call(self) -> Call:
        """What is reported and stored of this attempt."""
        ended = self._loop.time()
        return Call(
            self._model.provider,
            self._model.name,
            self._error_code,
            self._usage.prompt_tokens,
            self._usage.completion_tokens,
            round((ended - self._started) * 1000),
            max(1, round((self._first - self._started) * 1000)) if self._first else 0,
            self._usage.cost_micros(self._model.price),
        )

    def _take(self) -> str:
        chunk = "".join(self._passed[self._sent :])
        self._sent = len(self._passed)
        return chunk

    async def _write(self, begin_by: float, deadline: float) -> None:
        name = f"chat {self._model.name}"
        with traces.span(name, "client", **_named(self._model)) as span:
            self._error_code = await self._attempt(begin_by, deadline)
            traces.annotate(span, _told(self._usage, self._error_code))
        self._ended = True
        self._signal.set()

    async def _attempt(self, begin_by: float, deadline: float) -> str:
        """The error code; empty where all is well."""
        try:
            async with asyncio.timeout_at(begin_by) as limit:
                on_text = partial(self._feed, limit, deadline)
                whole = await self._model.write(self._messages, on_text, self._usage)
            if whole:
                self._pass(self._guard.rest())
        except TimeoutError:
            return "timeout"
        except ModelError as error:
            self.retry_after = error.retry_after
            return error.code
        except Leaked:
            self._leaked = True
            return "guard_blocked"
        except _TooLong:
            whole = False
        except Exception:  # the top of a task: a defect must end in the next rung, not in silence
            _logger.exception("the call to the model failed in our own code", model=self._model.name)
            return "internal_error"
        return self._judged(whole)

    def _judged(self, whole: bool) -> str:
        if not whole:
            return "output_too_long"
        if self._guard.dropped:
            return "guard_blocked"
        return "" if self._passed else "empty_response"

    def _feed(self, limit: asyncio.Timeout, deadline: float, text: str) -> None:
        if not self._first:
            self._first = self._loop.time()
            limit.reschedule(deadline)
        self._pass(self._guard.feed(text[: self._left]))
        self._left -= len(text)
        if self._left <= 0:
            raise _TooLong

    def _pass(self, sentences: Iterator[str]) -> None:
        for sentence in sentences:
            self._passed.append(sentence)
            self._signal.set()


def _named(model: Model) -> dict[str, str]:
    # OpenTelemetry's semantic conventions for generative AI
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": model.provider,
        "gen_ai.request.model": model.name,
    }


def _told(usage: Usage, error_code: str) -> dict[str, str | int]:
    told: dict[str, str | int] = {
        "gen_ai.usage.input_tokens": usage.prompt_tokens,
        "gen_ai.usage.output_tokens": usage.completion_tokens,
    }
    return told | ({"error.type": error_code} if error_code else {})
