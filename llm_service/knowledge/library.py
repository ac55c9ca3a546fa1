"""The shop's knowledge: every document of a folder, loaded and checked when the service starts."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from llm_service.guards.links import links_in
from llm_service.knowledge.passages import KnowledgeError, Passage, parse
from llm_service.retrieval.vocabulary import Vocabularies
from llm_service.retrieval.words import fold

EXAMPLE = Path(__file__).parent
POLICIES = "policies"
_PREFERRED = "en"  # models follow English best, and translate what they quote
# All of it goes into every prompt: about 25,000 tokens.
_LARGEST = 100_000


@dataclass(frozen=True, slots=True)
class Knowledge:
    """All that the assistant may say about the shop."""

    passages: tuple[Passage, ...]
    # Changes with any word of it.
    version: str

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages it is written in, the preferred one first."""
        found = dict.fromkeys(passage.language for passage in self.passages)
        return tuple(sorted(found, key=lambda language: (language != _PREFERRED, language)))

    @property
    def links(self) -> frozenset[str]:
        """Every link and e-mail address in it, as the guard compares them."""
        return frozenset(link for passage in self.passages for link in links_in(passage.text))

    def policies(self) -> list[Passage]:
        """The facts that come first, in one language."""
        return self._in_one_language(POLICIES)

    def documents(self) -> list[list[Passage]]:
        """All other documents, each in one language."""
        names = dict.fromkeys(passage.document for passage in self.passages if passage.document != POLICIES)
        return [self._in_one_language(name) for name in names]

    def _in_one_language(self, document: str) -> list[Passage]:
        for language in self.languages:
            found = [p for p in self.passages if p.document == document and p.language == language]
            if found:
                return found
        return []


def load(folder: Path | None) -> Knowledge:
    """Read the documents of a folder, one folder per language (en, es…) or flat; of the example shop if None."""
    try:
        return _load(folder or EXAMPLE)
    except KnowledgeError as error:
        raise KnowledgeError(f"KNOWLEDGE_DIR: {error}") from error


def _load(folder: Path) -> Knowledge:
    if not folder.is_dir():
        raise KnowledgeError(f"{folder} is not a folder")
    by_language = [path for path in sorted(folder.iterdir()) if re.fullmatch("[a-z]{2}", path.name) and path.is_dir()]
    passages: list[Passage] = []
    for path in [file for part in (by_language or [folder]) for file in sorted(part.glob("*.md"))]:
        text = _read(path)
        language = path.parent.name if by_language else _language_of(text)
        try:
            passages += parse(text, language, path.stem)
        except KnowledgeError as error:
            raise KnowledgeError(f"{path}: {error}") from error
    return _checked(folder, passages)


def _checked(folder: Path, passages: Sequence[Passage]) -> Knowledge:
    if not any(passage.document == POLICIES for passage in passages):
        raise KnowledgeError(f"{folder} has no {POLICIES}.md, neither in itself nor in a language's folder (en, es…)")
    content = "\n".join("\t".join((p.language, p.document, p.source, p.heading, p.text)) for p in passages)
    knowledge = Knowledge(tuple(passages), hashlib.sha256(content.encode()).hexdigest()[:12])
    size = sum(len(p.text) for part in (knowledge.policies(), *knowledge.documents()) for p in part)
    if size > _LARGEST:
        raise KnowledgeError(f"{folder} holds {size} characters in one language; at most {_LARGEST} fit into a prompt")
    return knowledge


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise KnowledgeError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise KnowledgeError(f"{path}: is not UTF-8 text; save it as UTF-8") from error


def _language_of(text: str) -> str:
    return Vocabularies((_PREFERRED,)).spoken_in(fold(text)).language
