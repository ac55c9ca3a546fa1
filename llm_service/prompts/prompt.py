"""Builds what the model is given: the instructions with the policies, the knowledge, then the history as data."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from llm_service.events import Said
from llm_service.guards.cleaning import clean
from llm_service.knowledge.library import Knowledge
from llm_service.knowledge.passages import Passage

_FOLDER = Path(__file__).parent

Message = dict[str, str]

# What models' chat templates separate messages with. Servers other than OpenAI's paste texts into such a template,
# where these marks in a customer's words would begin a message of another role.
_TEMPLATE_MARKS = re.compile(
    r"<(?=[|\uff5c]|/?(?:s|bos|eos|unk|im_start|im_end|start_of_turn|end_of_turn|system|assistant|user|tool)\b)"
    r"|<(?=<\s*/?\s*sys)|\[(?=/?(?:inst|system_prompt|available_tools|tool_calls|tool_results)\b)|(?<=[|\uff5c])>",
    re.IGNORECASE,
)


class Prompts:
    """The fixed part of every prompt, made once, and the way to add a history."""

    def __init__(self, knowledge: Knowledge, history_limit: int, history_characters: int) -> None:
        """At most `history_limit` messages of together `history_characters` are read, but always the newest."""
        system, further = (_read(name) for name in ("system.md", "knowledge.md"))
        self.version = hashlib.sha256((system + further).encode()).hexdigest()[:12]
        # What must never be recited; policies and knowledge may be.
        self.instructions = system.replace("{policies}", "")
        policies = "\n".join(f"- {passage.heading}: {passage.text}" for passage in knowledge.policies())
        documents = "\n\n".join(_document(passages) for passages in knowledge.documents())
        self._fixed: list[Message] = [{"role": "system", "content": system.replace("{policies}", policies)}]
        if documents:
            self._fixed.append({"role": "system", "content": further.replace("{documents}", documents)})
        self._limit = history_limit
        self._characters = history_characters

    def messages(self, history: Sequence[Said]) -> list[Message]:
        """One message for each entry of the bounded history, after the fixed ones."""
        return [*self._fixed, *(_as_data(said) for said in self._bounded(history))]

    def _bounded(self, history: Sequence[Said]) -> Sequence[Said]:
        newest = history[-self._limit :]
        left = self._characters - len(newest[-1].text)
        for at in range(len(newest) - 2, -1, -1):
            left -= len(newest[at].text)
            if left < 0:
                return newest[at + 1 :]
        return newest


def _as_data(said: Said) -> Message:
    text = _TEMPLATE_MARKS.sub(lambda mark: f" {mark[0]}" if mark[0] == ">" else f"{mark[0]} ", clean(said.text))
    return {"role": "user" if said.by_customer else "assistant", "content": text}


def _document(passages: Sequence[Passage]) -> str:
    return "\n\n".join([f"# {passages[0].source}", *(f"## {p.heading}\n{p.text}" for p in passages)])


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
