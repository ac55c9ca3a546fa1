"""Several tabs of one browser."""

import threading

from playwright.sync_api import expect

from tests.page.chat_page import ChatPage
from tests.page.conftest import ChatOpener
from tests.page.stand_in import Fault, StandIn


def test_tabs_show_the_same_conversation_live(talking: ChatPage, open_chat: ChatOpener, stand_in: StandIn) -> None:
    other = open_chat(beside=talking)
    expect(other.bubbles).to_have_text(["First question", "First answer."])
    stand_in.wait_for_stream(2)
    other.send("From the other tab")
    stand_in.wait_until(lambda: len(stand_in.conversation.messages) == 3)
    stand_in.conversation.delta("To ")
    stand_in.conversation.delta("both.")
    for tab in (talking, other):
        expect(tab.preview.locator(".bubble")).to_have_text("To both.")
    stand_in.conversation.reply("To both.")
    for tab in (talking, other):
        expect(tab.bubbles).to_have_text(["First question", "First answer.", "From the other tab", "To both."])


def test_two_tabs_that_begin_at_once_share_one_conversation(open_chat: ChatOpener, stand_in: StandIn) -> None:
    one = open_chat()
    two = open_chat(beside=one)
    hold = threading.Event()
    stand_in.fail("/chat/session", Fault(wait=hold))
    one.send("One")
    stand_in.wait_until(lambda: stand_in.sent("/chat/session"))
    two.send("Two")
    two.page.wait_for_timeout(100)
    hold.set()
    for tab in (one, two):
        expect(tab.page.locator(".row.mine[data-state=sent]")).to_have_count(2)
    assert len(stand_in.sent("/chat/session")) == 1


def test_a_failed_message_is_seen_and_sent_from_any_tab(
    talking: ChatPage, open_chat: ChatOpener, stand_in: StandIn
) -> None:
    stand_in.fail("/chat/message", Fault(status=503, retry_after="9999"))
    talking.send("Stuck")
    expect(talking.own.nth(1)).to_have_attribute("data-state", "failed")
    other = open_chat(beside=talking)
    expect(other.own.nth(1)).to_have_attribute("data-state", "failed")
    other.button("Send again").click()
    for tab in (talking, other):
        expect(tab.own.nth(1)).to_have_attribute("data-state", "sent")
        expect(tab.own).to_have_count(2)
    assert len({request.body["clientMessageId"] for request in stand_in.sent("/chat/message")}) == 2


def test_a_tab_that_only_follows_begins_no_conversation(talking: ChatPage, stand_in: StandIn) -> None:
    """Another tab has just ended the conversation, and this one does not know it yet."""
    talking.run("localStorage.clear()")
    stand_in.conversation.reply("One last word.", turn=4)
    stand_in.conversation.cut()
    talking.page.wait_for_timeout(1000)
    assert len(stand_in.sent("/chat/session")) == 1
    talking.send("Hello again")
    expect(talking.page.locator(".row.mine[data-state=sent]").last).to_contain_text("Hello again")
    assert len(stand_in.conversations) == 2


def test_a_new_conversation_in_one_tab_is_one_in_all(
    talking: ChatPage, open_chat: ChatOpener, stand_in: StandIn
) -> None:
    other = open_chat(beside=talking)
    expect(other.answers).to_have_count(1)
    talking.button("New conversation").click()
    talking.button("Start new").click()
    expect(other.page.get_by_role("heading", name="Hello!")).to_be_visible()
    other.send("Fresh")
    expect(talking.bubbles).to_have_text(["Fresh"])
    stand_in.wait_until(lambda: len(stand_in.conversations) == 2)
    stand_in.wait_for_stream(2)
    stand_in.conversation.reply("Hello again.")
    for tab in (talking, other):
        expect(tab.bubbles).to_have_text(["Fresh", "Hello again."])
