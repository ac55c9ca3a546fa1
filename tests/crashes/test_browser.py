"""In a real browser: whichever service dies in the middle of an answer, the page shows one answer, without a reload."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.crashes.conftest import LONE, Shop
from tests.page.browser import running_chromium
from tests.page.chat_page import ChatPage, Tab

pytestmark = pytest.mark.parametrize("_shop", [LONE], indirect=True)

_PATIENCE_MS = 30_000


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture
def chat(chromium: Browser, shop: Shop) -> Iterator[ChatPage]:
    """The page after a first question and its answer."""
    context = chromium.new_context(locale="en-GB")
    chat = ChatPage(Tab(context, shop.fleet.url()))
    chat.send("hello")
    expect(chat.answers).to_have_count(1, timeout=_PATIENCE_MS)
    yield chat
    context.close()
    assert chat.tab.problems == []


def last_reply(shop: Shop) -> str:
    return str(shop.fleet.query("SELECT text FROM messages WHERE author = 'assistant' ORDER BY created_at")[-1][0])


@pytest.mark.parametrize("service", ["conversation", "llm", "web"])
def test_the_page_shows_one_answer_when_a_service_dies_in_the_middle_of_it(
    chat: ChatPage, shop: Shop, service: str
) -> None:
    shop.answers.slowly = True
    chat.run("() => { window.__not_reloaded = true }")
    chat.send("first")
    expect(chat.preview).to_contain_text("says thing", timeout=_PATIENCE_MS)
    (victim,) = getattr(shop.fleet, service)
    victim.kill()
    shop.answers.slowly = False
    expect(chat.answers).to_have_count(2, timeout=_PATIENCE_MS)
    assert chat.answers.last.locator(".bubble").inner_text().strip() == last_reply(shop)
    expect(chat.preview).to_have_count(0)
    chat.send("second")
    expect(chat.answers).to_have_count(3, timeout=_PATIENCE_MS)
    expect(chat.own).to_have_count(3)
    assert chat.answers.last.locator(".bubble").inner_text().strip() == last_reply(shop)
    assert chat.run("() => window.__not_reloaded")
