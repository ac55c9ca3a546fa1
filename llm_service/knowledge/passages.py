"""A document of the shop's knowledge: Markdown with one `# title`, then passages, each a `## heading` and text."""

from dataclasses import dataclass

# A passage is quoted whole, on a phone too.
_LONGEST_TEXT = 800


class KnowledgeError(ValueError):
    """A document, or the folder of documents, is not as it must be; the message says where and what to do."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One answer."""

    language: str
    # The file's name without its ending, the same in every language.
    document: str
    # The document's title, as it is named to customers.
    source: str
    heading: str
    text: str


def parse(text: str, language: str, document: str) -> list[Passage]:
    """The passages of one document, in order."""
    title, found, body = "", [], list[str]()
    headings: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("# ") and not title:
            title = line[2:].strip()
        elif line.startswith("## "):
            headings.append(line[3:].strip())
            body = []
            found.append(body)
        elif found:
            body.append(line.strip())
        elif line.strip():
            raise KnowledgeError(f"line {number}: expected `# title` first, and `## heading` before any text")
    if not title or not headings:
        raise KnowledgeError("expected a first line `# title`, then `## heading` lines, each with its text below")
    texts = [" ".join(" ".join(lines).split()) for lines in found]
    return [
        Passage(language, document, title, heading, _checked(heading, text))
        for heading, text in zip(headings, texts, strict=True)
    ]


def _checked(heading: str, text: str) -> str:
    if not heading or not text:
        raise KnowledgeError(f"`## {heading}`: both the heading and the text below it are needed")
    if len(text) > _LONGEST_TEXT:
        raise KnowledgeError(f"`## {heading}`: over {_LONGEST_TEXT} characters; split it under further headings")
    return text
