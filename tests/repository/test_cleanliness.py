"""What no file of the repository may hold: secrets, addresses and paths of one machine, notes of things undone."""

import re

import pytest

from tests.repository.tree import tracked

# Written so that no pattern matches itself.
PATTERNS = {
    "a package registry's host": r"\b(?:pypi|pythonhosted|npmjs|yarnpkg)[.](?:org|com|io)\b",
    "a package index": r"(?<!emit-)index-url[ =](?!\S*[.]example\b)",
    "a path of one machine": r"(?<![\w.])/(?:work|root)/[\w.]|(?<![\w.])/home/[a-z]+/|/Users/\w",
    "a private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY",
    "a key of OpenAI": r"\bsk-(?:proj-)?[A-Za-z0-9_-]{24,}",
    "a token of GitHub or GitLab": r"\bgh[pousr]_[A-Za-z0-9]{30,}|\bglpat-[\w-]{18,}",
    "a key of Amazon": r"\bAKIA[0-9A-Z]{16}\b",
    "a token of Slack": r"\bxox[abprs]-[\w-]{10,}",
    "a token of Meta": r"\bEAA[A-Za-z0-9]{40,}",
    "a token of Telegram": r"\b\d{8,10}:AA[\w-]{33}\b",
    "an account of Twilio": r"\b(?:AC|SK)[0-9a-f]{32}\b",
    "a JSON web token": r"\beyJ[\w-]{10,}[.]eyJ[\w-]{10,}",
    "a note of something undone": r"\b(?:TO[D]O|FIX[M]E|XX[X])\b",
}
_COMPILED = {what: re.compile(pattern) for what, pattern in PATTERNS.items()}


def found(text: str) -> list[str]:
    """What of it is in a text, with its line."""
    lines = text.splitlines()
    return [
        f"{number}: {what}: {line.strip()[:100]}"
        for number, line in enumerate(lines, 1)
        for what, pattern in _COMPILED.items()
        if pattern.search(line)
    ]


def test_no_file_holds_what_it_may_not() -> None:
    complaints, texts = [], 0
    for name, path in tracked().items():
        data = path.read_bytes()
        if b"\0" in data[:8192]:  # a picture or a font
            continue
        texts += 1
        complaints += [f"{name}:{line}" for line in found(data.decode())]
    assert texts > 100
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize(
    ("what", "parts"),
    [
        ("a package registry's host", ("https://files.python", "hosted.org/packages")),
        ("a package registry's host", ("registry.np", "mjs.org")),
        ("a package index", ("--extra-index", "-url https://packages.shop.test")),
        ("a path of one machine", ("cd /wo", "rk/main")),
        ("a path of one machine", ('"/ro', 'ot/.venv"')),
        ("a path of one machine", ("/home", "/ada/spur")),
        ("a private key", ("-----BEGIN EC PRIV", "ATE KEY-----")),
        ("a private key", ("-----BEGIN PRIV", "ATE KEY-----")),
        ("a key of OpenAI", ("sk-", "proj-abcdefghijklmnopqrstuvwxyz")),
        ("a token of GitHub or GitLab", ("ghp", "_abcdefghijklmnopqrstuvwxyz0123456789")),
        ("a key of Amazon", ("AKIA", "ABCDEFGHIJKLMNOP")),
        ("a token of Slack", ("xoxb", "-123456789012")),
        ("a token of Meta", ("EAA", "G" * 60)),
        ("a token of Telegram", ("123456789", ":AA" + "x" * 33)),
        ("an account of Twilio", ("AC", "0123456789abcdef" * 2)),
        ("a JSON web token", ("eyJhbGciOiJIUzI1NiJ9", ".eyJzdWIiOiIxMjM0In0")),
        ("a note of something undone", ("# TO", "DO: later")),
        ("a note of something undone", ("// FIX", "ME")),
    ],
)
def test_it_would_be_noticed(what: str, parts: tuple[str, ...]) -> None:
    assert [line.split(": ")[1] for line in found("".join(parts))] == [what]


def test_every_pattern_is_proven_to_bite() -> None:
    (mark,) = test_it_would_be_noticed.pytestmark  # type: ignore[attr-defined]
    assert {what for what, _ in mark.args[1]} == set(PATTERNS)


@pytest.mark.parametrize(
    "text", ["uv pip compile --no-emit-index-url --no-header", "a folder such as /root", "https://x/work/y"]
)
def test_what_only_looks_like_it_is_let_pass(text: str) -> None:
    assert found(text) == []
