"""Misbehaviour on demand: rules that say which of the next calls goes wrong, and how."""

import itertools
import random
import threading
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

# What the platform's API does. Everything that begins with accept has taken the message before.
Answering = Literal[
    "accept_late",  # takes it at once, answers after `seconds`
    "accept_and_close",  # takes it, and closes the connection without a byte
    "accept_and_500",  # takes it, and says that it failed
    "accept_and_garble",  # takes it, and answers 200 with a page instead of JSON
    "answer_late",  # waits `seconds`, then does as usual
    "close",  # closes the connection without a byte; nothing was taken
    "fail",  # 500, and nothing was taken
    "throttle",  # 429 with Retry-After: `seconds`
    "refuse",  # the platform's own error `code`, as 130429, 131056, 190 or 131047
]
# What it tells the shop about a message that it took.
Reporting = Literal[
    "statuses_early",  # before the send has its answer
    "statuses_late",  # after `seconds`
    "statuses_reversed",
    "statuses_never",
    "statuses_twice",
    "statuses_failed",  # taken, and not delivered for the reason `code`
]
ANSWERING: tuple[str, ...] = Answering.__args__  # type: ignore[attr-defined]
REPORTING: tuple[str, ...] = Reporting.__args__  # type: ignore[attr-defined]


class Rule(BaseModel):
    """One misbehaviour, as POST /control/rules takes it; empty fields match everything."""

    model_config = ConfigDict(extra="forbid")

    do: Answering | Reporting
    channel: str = ""
    account: str = ""
    recipient: str = ""
    call: Literal["send", "typing", "any"] = "send"
    times: int | None = Field(default=None, ge=1, description="How many calls it has; None: all that come.")
    probability: float = Field(default=1, ge=0, le=1)
    seed: int | None = Field(default=None, description="Makes the probability's choice the same in every run.")
    seconds: float = Field(default=0, ge=0, le=3600)
    code: str = Field(default="", description="Of `refuse` and `statuses_failed`: the platform's code, with /subcode.")
    id: int = 0
    used: int = 0


class Script:
    """The rules, the oldest first. Of those that match a call, one that answers and one that reports takes effect."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._chances: dict[int, random.Random] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def add(self, rule: Rule) -> Rule:
        with self._lock:
            rule.id, rule.used = next(self._numbers), 0
            self._chances[rule.id] = random.Random(rule.seed)  # noqa: S311 - nobody has to be kept from guessing it
            self._rules.append(rule)
            return rule

    def remove(self, rule_id: int) -> bool:
        with self._lock:
            before = len(self._rules)
            self._rules = [rule for rule in self._rules if rule.id != rule_id]
            self._chances.pop(rule_id, None)
            return len(self._rules) < before

    def clear(self) -> None:
        with self._lock:
            self._rules = []
            self._chances = {}

    def rules(self) -> list[dict[str, Any]]:
        return [rule.model_dump() for rule in list(self._rules)]

    def choose(self, among: Iterable[str], call: str, channel: str, account: str, recipient: str) -> Rule | None:
        """The rule that this call falls under, which it uses up by one."""
        wanted = set(among)
        with self._lock:
            for rule in self._rules:
                if rule.do not in wanted or (rule.times is not None and rule.used >= rule.times):
                    continue
                if rule.call not in {call, "any"} or rule.channel not in {"", channel}:
                    continue
                if rule.account not in {"", account} or rule.recipient not in {"", recipient}:
                    continue
                if self._chances[rule.id].random() >= rule.probability:
                    continue
                rule.used += 1
                return rule
        return None
