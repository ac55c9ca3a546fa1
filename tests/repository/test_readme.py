"""What the README points to is there."""

import re

from tests.repository.tree import ROOT

_LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")
_PROMISE = re.compile(r"^\|(.+)\|(.+)\|(.*tests/.*)\|$", re.MULTILINE)


def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_link_leads_somewhere() -> None:
    links = _LINK.findall(readme())
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_promise_names_a_file_of_tests() -> None:
    promises = _PROMISE.findall(readme())
    assert len(promises) >= 10
    for promise, _how, where in promises:
        files = [link for link in _LINK.findall(where) if link.startswith("tests/")]
        assert files, promise
        assert all("def test_" in (ROOT / file).read_text(encoding="utf-8") for file in files), promise
