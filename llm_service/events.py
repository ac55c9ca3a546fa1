"""What goes into the writing of a reply and what comes out of it, apart from any wire format."""

from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the history. People of the shop speak on the assistant's side."""

    by_customer: bool
    text: str


@dataclass(frozen=True, slots=True)
class Turn:
    """What is to be answered: the history, oldest first, whose last messages are the turn's own."""

    conversation: str
    history: tuple[Said, ...]
    # What to say when every rung of the ladder fails.
    safe_text: str

    def question(self) -> tuple[str, ...]:
        """What the customer wrote since somebody last answered, oldest first."""
        start = len(self.history)
        while start and self.history[start - 1].by_customer:
            start -= 1
        return tuple(said.text for said in self.history[start:])

    def earlier_question(self) -> str:
        """What the customer wrote last before that; empty if nothing."""
        earlier = self.history[: len(self.history) - len(self.question())]
        return next((said.text for said in reversed(earlier) if said.by_customer), "")


@dataclass(frozen=True, slots=True)
class Citation:
    """A source within the shop's knowledge."""

    source: str
    title: str


@dataclass(frozen=True, slots=True)
class Delta:
    """Guarded text, whole sentences, to append."""

    text: str


@dataclass(frozen=True, slots=True)
class Reset:
    """All text so far is void."""


@dataclass(frozen=True, slots=True)
class Call:
    """One rung of the ladder: an attempt, or with the error code breaker_open a model that was not asked."""

    provider: str
    model: str = ""
    # Empty where it succeeded.
    error_code: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    latency_ms: int = 0
    # 0 where no text came.
    first_token_ms: int = 0
    # US dollars in millionths; 0 if the prices are unknown.
    cost_micros: int = 0


@dataclass(frozen=True, slots=True)
class Final:
    """The finished reply; its text begins with the deltas since the last reset."""

    text: str
    calls: tuple[Call, ...]
    used_fallback: bool
    # Why the first rung did not answer, or not wholly.
    error_code: str
    prompt_version: str
    knowledge_version: str
    latency_ms: int
    citations: tuple[Citation, ...] = field(default=())

    @property
    def provider(self) -> str:
        return self.calls[-1].provider

    @property
    def model(self) -> str:
        return self.calls[-1].model


Event: TypeAlias = Delta | Reset | Final
