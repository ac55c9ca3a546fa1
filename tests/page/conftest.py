"""Fixtures for tests in a real browser: one Chromium and one stand-in server for all of them, a fresh context each."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.page.browser import running_chromium
from tests.page.chat_page import DEVICES, ChatPage, Tab
from tests.page.stand_in import Server, StandIn

HOME = {"locale": "en-GB", "timezone_id": "Europe/Berlin", "color_scheme": "light"}
ChatOpener = Callable[..., ChatPage]

expect.set_options(timeout=6000)


# Not for the session: see running_chromium.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def stand_in(server: Server) -> Iterator[StandIn]:
    """The server's state, as new."""
    yield server.state
    server.state.clear()


class Browsers:
    """Browsers without memory, one for each set of options. They and their tabs are used again, which saves loading."""

    def __init__(self, chromium: Browser, origin: str) -> None:
        self._chromium = chromium
        self._origin = origin
        self._contexts: dict[str, BrowserContext] = {}
        self._free: dict[BrowserContext, list[Tab]] = defaultdict(list)

    def context(self, device: str, **more: object) -> BrowserContext:
        key = repr((device, sorted(more.items())))
        if key not in self._contexts:
            self._contexts[key] = self.fresh(device, **more)
        return self._contexts[key]

    def fresh(self, device: str, **more: object) -> BrowserContext:
        return self._chromium.new_context(**{**HOME, **DEVICES[device], **more})

    def take(self, context: BrowserContext) -> Tab:
        free = self._free[context]
        return free.pop() if free else Tab(context, self._origin)

    def give_back(self, tab: Tab) -> None:
        tab.leave()
        problems, tab.problems = tab.problems, []
        self._free[tab.page.context].append(tab)
        assert problems == []


@pytest.fixture(scope="package")
def browsers(chromium: Browser, server: Server) -> Browsers:
    return Browsers(chromium, server.state.url)


@pytest.fixture
def open_chat(browsers: Browsers, stand_in: StandIn) -> Iterator[ChatOpener]:
    """Opens the chat page in a browser without memory, or in a further tab of the one given as `beside`."""
    opened: list[ChatPage] = []

    def make(device: str = "desk", *, beside: ChatPage | None = None, **options: object) -> ChatPage:
        context = beside.page.context if beside else browsers.context(device, **options)
        opened.append(ChatPage(browsers.take(context)))
        return opened[-1]

    yield make
    for chat in opened:
        browsers.give_back(chat.tab)


@pytest.fixture
def lone_chat(browsers: Browsers, stand_in: StandIn) -> Iterator[ChatPage]:
    """The page in a browser that is thrown away afterwards, for tests that change the browser itself."""
    context = browsers.fresh("desk")
    chat = ChatPage(Tab(context, stand_in.url))
    yield chat
    context.close()
    assert chat.tab.problems == []


@pytest.fixture
def timed_chat(browsers: Browsers, stand_in: StandIn) -> Iterator[ChatPage]:
    """The page in a browser whose clock is moved by the test."""
    context = browsers.fresh("desk")
    context.clock.install()
    chat = ChatPage(Tab(context, stand_in.url))
    yield chat
    context.close()
    assert chat.tab.problems == []


@pytest.fixture
def chat(open_chat: ChatOpener) -> ChatPage:
    """The page on a desk, before the first message."""
    return open_chat()


@pytest.fixture
def talking(chat: ChatPage, stand_in: StandIn) -> ChatPage:
    """The page after a first question and its answer, following the conversation."""
    chat.send("First question")
    stand_in.wait_for_stream()
    stand_in.conversation.reply("First answer.")
    expect(chat.answers).to_have_count(1)
    return chat
