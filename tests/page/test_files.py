"""What holds for the page's files as files."""

import re
from pathlib import Path

import pytest

from tests.page.stand_in import STATIC

FILES = sorted(path for path in STATIC.rglob("*") if path.is_file())
MODULES = [path for path in FILES if path.suffix == ".js"]
STYLES = [path for path in FILES if path.suffix == ".css"]

# Ways to turn a text into markup or code, and ways around the page's security policy.
FORBIDDEN = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|createContextualFragment|document\.write|DOMParser|srcdoc|setHTMLUnsafe|"
    r"\beval\b|new Function|javascript:|trustedTypes|document\.cookie|window\.(?:open|name)|globalThis|__proto__"
)


def name(path: Path) -> str:
    return str(path.relative_to(STATIC))


def test_there_are_files() -> None:
    assert {"index.html", "page.js", "chat.css", "chat/mount.js", "chat/render.js"} <= {name(path) for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=name)
def test_every_file_is_small_and_says_its_duty_first(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    first = lines[1] if path.suffix == ".html" else lines[0]
    assert re.fullmatch(r"// [A-Z].*[.:].*|/\* [A-Z].*\. \*/|<!-- [A-Z].*\. -->", first)
    assert len(lines) <= 200
    assert max(len(line) for line in lines) <= 160


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_no_module_can_make_markup_or_code_of_a_text(path: Path) -> None:
    assert FORBIDDEN.findall(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_every_module_imports_only_modules_of_the_page(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    for target in re.findall(r"""(?:from|import)\s*\(?\s*["'](.+?)["']""", source):
        assert target.startswith("./")
        assert (path.parent / target).is_file()
    assert not re.search(r"^(?:export )?(?:var|window\.\w+ =)", source, re.MULTILINE)


def test_nothing_is_loaded_from_elsewhere() -> None:
    for path in FILES:
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert re.findall(r"""(?:src|href|url|import)\s*[=(]\s*["']?(?:https?:)?//""", text) == []


def test_the_page_itself_holds_no_script_and_no_style() -> None:
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page) == []


def test_every_module_and_style_is_announced_to_the_browser_and_used() -> None:
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    preloaded = set(re.findall(r'modulepreload" href="static/(.+?)"', page))
    assert preloaded == {name(path) for path in MODULES} - {"page.js"}
    styles = set(re.findall(r'as="style" href="static/(.+?)"', page))
    assert styles == set(re.findall(r'@import url\("(.+?)"\)', (STATIC / "chat.css").read_text(encoding="utf-8")))
    assert styles == {name(path) for path in STYLES if path.parent.name == "styles"}
    sources = "".join(path.read_text(encoding="utf-8") for path in MODULES)
    for path in MODULES:
        assert path.name == "page.js" or f'/{path.name}"' in sources


def test_every_style_is_below_one_class() -> None:
    for path in STYLES:
        if path.name == "page.css":
            continue
        bare = re.sub(r"/\*.*?\*/|@import .*?;", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        bare = re.sub(r"@keyframes spur-chat-[\w-]+ \{(?:[^{}]*\{[^{}]*\})*\s*\}", "", bare)
        bare = re.sub(r"@(?:media|container) [^{]*\{", "", bare)
        for selectors in re.findall(r"([^{}]+)\{", bare):
            for selector in re.split(r",(?![^()]*\))", selectors):
                assert selector.strip().startswith(".spur-chat"), (path.name, selector)


def test_every_word_that_is_said_stands_among_the_strings() -> None:
    strings = (STATIC / "chat" / "strings.js").read_text(encoding="utf-8")
    known = set(re.findall(r"^\s+(\w+):", strings, re.MULTILINE))
    for path in MODULES:
        used = set(re.findall(r"\bstrings\.(?!js\b)(\w+)", path.read_text(encoding="utf-8")))
        assert used <= known, path.name
