"""What the page shows of a conversation that is there already."""

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import expect

from tests.page.chat_page import ChatPage
from tests.page.stand_in import StandIn


def test_nothing_is_asked_of_the_server_before_the_first_message(chat: ChatPage, stand_in: StandIn) -> None:
    expect(chat.page.get_by_role("heading", name="Hello!")).to_be_visible()
    chat.page.wait_for_timeout(200)
    assert stand_in.requests == []


def test_the_session_is_made_before_the_first_message_and_once(chat: ChatPage, stand_in: StandIn) -> None:
    chat.send("Hello")
    expect(chat.own).to_have_attribute("data-state", "sent")
    chat.send("Are you there?")
    expect(chat.own.nth(1)).to_have_attribute("data-state", "sent")
    assert [request.path for request in stand_in.requests if request.method == "POST"] == [
        "/chat/session", "/chat/message", "/chat/message",
    ]  # fmt: skip


def test_a_suggested_question_is_sent_at_a_click(chat: ChatPage, stand_in: StandIn) -> None:
    chat.button("How long do I have to return shoes?").click()
    expect(chat.own.locator(".bubble")).to_have_text("How long do I have to return shoes?")
    stand_in.wait_for_stream()
    assert [m["text"] for m in stand_in.conversation.messages.values()] == ["How long do I have to return shoes?"]
    expect(chat.page.get_by_role("heading", name="Hello!")).to_be_hidden()


def test_a_reload_brings_the_history_back(talking: ChatPage, stand_in: StandIn) -> None:
    talking.reload()
    expect(talking.bubbles).to_have_text(["First question", "First answer."])
    stand_in.wait_until(lambda: len(stand_in.sent("/chat/events")) == 2)
    assert stand_in.sent("/chat/events")[1].query == {"after": ["2"]}


def test_a_long_history_is_fetched_in_pages_and_read_from_its_end(talking: ChatPage, stand_in: StandIn) -> None:
    for number in range(40):
        stand_in.conversation.write("customer", f"Question {number}", turn=100 + number)
        stand_in.conversation.reply(f"Answer {number}", turn=100 + number)
    stand_in.page_size = 30
    talking.reload()
    expect(talking.answers).to_have_count(41)
    expect(talking.answers.last).to_be_in_viewport()
    assert [request.query["after"] for request in stand_in.sent("/chat/messages")] == [["0"], ["30"], ["60"]]
    expect(talking.jump).to_be_hidden()


def test_days_are_divided_and_times_are_given_in_full_on_demand(talking: ChatPage, stand_in: StandIn) -> None:
    conversation = stand_in.conversation
    for message in list(conversation.messages.values()):
        del conversation.messages[message["id"]]
    conversation.write("customer", "Long ago", at=datetime(2021, 3, 4, 23, 30, tzinfo=UTC))
    conversation.write("customer", "Yesterday", at=datetime.now(UTC) - timedelta(days=1))
    conversation.write("customer", "Just now")
    talking.reload()
    expect(talking.page.locator(".row.day")).to_have_text([re.compile("Friday,? 5 March 2021"), "Yesterday", "Today"])
    time = talking.own.first.locator("time")
    expect(time).to_have_text(re.compile("^0?0:30$"))
    expect(time).to_have_attribute("datetime", "2021-03-04T23:30:00.000Z")
    expect(time).to_have_attribute("title", re.compile("Friday,? 5 March 2021 at 00:30"))


def test_the_notice_that_answers_are_automatic_stands_there_once(talking: ChatPage, stand_in: StandIn) -> None:
    stand_in.conversation.reply("Another answer.", turn=7)
    expect(talking.answers).to_have_count(2)
    expect(talking.page.locator(".row.notice")).to_have_text([re.compile("Answers are written automatically")])


def test_changed_and_deleted_messages_change_where_they_stand(talking: ChatPage, stand_in: StandIn) -> None:
    question, answer = stand_in.conversation.messages.values()
    stand_in.conversation.change(question, text="", deletedAt="2026-01-01T00:00:00Z")
    stand_in.conversation.change(answer, text="Better answer.", editedAt="2026-01-01T00:00:00Z")
    expect(talking.bubbles).to_have_text(["This message was deleted.", "Better answer."])
    expect(talking.answers.locator(".edited")).to_be_visible()
    talking.reload()
    expect(talking.bubbles).to_have_text(["This message was deleted.", "Better answer."])


def test_people_and_the_system_are_told_apart(talking: ChatPage, stand_in: StandIn) -> None:
    stand_in.conversation.push("owner", {"owner": "human"})
    stand_in.conversation.write("human", "Mara here.")
    stand_in.conversation.write("system", "Mara has left.")
    expect(talking.page.locator("[data-author=human] .author")).to_have_text("Our team:")
    expect(talking.page.locator("[data-author=system]")).to_have_text("Mara has left.")
    expect(talking.page.locator(".subtitle")).to_have_text("Our team is answering")
    talking.reload()
    expect(talking.page.locator(".subtitle")).to_have_text("Our team is answering")


def test_a_new_conversation_is_begun_after_a_question(talking: ChatPage, stand_in: StandIn) -> None:
    talking.button("New conversation").click()
    dialog = talking.page.get_by_role("dialog", name="Start a new conversation?")
    dialog.get_by_role("button", name="Cancel").click()
    expect(talking.answers).to_have_count(1)
    talking.button("New conversation").click()
    dialog.get_by_role("button", name="Start new").click()
    expect(talking.page.get_by_role("heading", name="Hello!")).to_be_visible()
    expect(talking.field).to_be_focused()
    talking.send("Fresh start")
    expect(talking.own).to_have_attribute("data-state", "sent")
    assert len(stand_in.conversations) == 2
    assert [m["text"] for m in stand_in.conversation.messages.values()] == ["Fresh start"]


def test_a_session_is_renewed_in_its_second_half(timed_chat: ChatPage, stand_in: StandIn) -> None:
    stand_in.session_life = 400
    chat = timed_chat
    chat.send("Hello")
    expect(chat.own).to_have_attribute("data-state", "sent")
    chat.page.clock.fast_forward(150_000)
    chat.send("Still young")
    expect(chat.own.nth(1)).to_have_attribute("data-state", "sent")
    assert len(stand_in.sent("/chat/session")) == 1
    chat.page.clock.fast_forward(100_000)
    chat.send("Older now")
    expect(chat.own.nth(2)).to_have_attribute("data-state", "sent")
    first, renewal = stand_in.sent("/chat/session")
    assert "Authorization" not in first.headers
    assert renewal.headers["Authorization"] == f"Bearer {stand_in.sent('/chat/message')[0].body['sessionId']}"
    assert len(stand_in.conversation.messages) == 3
