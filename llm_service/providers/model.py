"""What the ladder asks of a language model, whoever serves it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from llm_service.prompts.prompt import Message


class ModelError(Exception):
    """The model gave no whole answer; `code` is the error_code that is reported and stored."""

    def __init__(self, code: str, retry_after: float = 0.0) -> None:
        """`retry_after` is how many seconds the model asked to be left alone; 0 if it did not."""
        super().__init__(code)
        self.code = code
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens, which is the same figure as millionths of a dollar for one; 0 if unknown."""

    prompt: float = 0.0
    completion: float = 0.0


@dataclass(slots=True)
class Usage:
    """Tokens, as far as the model told; filled in while it writes, so that they are known of failed calls too."""

    prompt_tokens: int = 0
    completion_tokens: int = 0

    def cost_micros(self, price: Price) -> int:
        return round(self.prompt_tokens * price.prompt + self.completion_tokens * price.completion)


class Model(Protocol):
    """One model of one provider."""

    provider: str
    name: str
    price: Price

    async def write(self, messages: Sequence[Message], on_text: Callable[[str], None], usage: Usage) -> bool:
        """Call `on_text` with each piece as it comes; returns whether the model came to an end by itself.

        False means that it was cut at its longest output. Raises ModelError, and lets pass what `on_text` raises, which
        ends the call to the model. Has no deadline of its own: the caller cancels.
        """
        ...
