"""A person's first minutes: three questions, a reload, everything killed, and the conversation is still there."""

import os
import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end.shop import Stack, running_stack
from tests.page.browser import running_chromium
from tests.processes import is_alive


@pytest.fixture
def browser() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


def ask(page: Page, question: str, answer: str) -> None:
    page.get_by_role("textbox").fill(question)
    page.keyboard.press("Enter")
    expect(page.get_by_role("log")).to_contain_text(answer, timeout=10_000)


def kill_everything(stack: Stack) -> None:
    for pid in stack.launcher.family():
        if is_alive(pid):
            os.kill(pid, signal.SIGKILL)
    stack.launcher.wait()


def test_questions_are_answered_and_the_history_outlives_a_reload_and_a_kill(browser: Browser) -> None:
    with running_stack(OPENAI_API_KEY="", OPENAI_BASE_URL="") as stack:
        page = browser.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.goto(stack.url)
        ask(page, "How long do I have to return shoes?", "30 days")
        ask(page, "What is the capital of Mongolia?", "cannot find")
        ask(page, "¿Cuánto tiempo tengo para devolver unos zapatos?", "30 días")
        assert problems == []
        page.reload()
        for text in ("How long do I have", "30 days", "cannot find", "30 días"):
            expect(page.get_by_role("log")).to_contain_text(text)
        kill_everything(stack)
        stack.launcher.start()
        page.reload()
        for text in ("How long do I have", "30 days", "cannot find", "30 días"):
            expect(page.get_by_role("log")).to_contain_text(text, timeout=10_000)
        ask(page, "How much is shipping?", "free")
