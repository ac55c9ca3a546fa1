"""The event stream over every kind of interruption."""

from playwright.sync_api import expect

from tests.page.chat_page import ChatPage
from tests.page.conversations import frame
from tests.page.stand_in import Fault, StandIn


def test_a_cut_stream_is_resumed_without_gaps_or_doubles(talking: ChatPage, stand_in: StandIn) -> None:
    conversation = stand_in.conversation
    for number in range(5):
        conversation.reply(f"Before {number}", turn=10 + number)
        conversation.cut()
        conversation.reply(f"Meanwhile {number}", turn=20 + number)
        stand_in.wait_for_stream()
    expect(talking.answers).to_have_count(11)
    wanted = ["First answer."] + [f"{when} {number}" for number in range(5) for when in ("Before", "Meanwhile")]
    assert sorted(talking.answers.locator(".bubble").all_inner_texts()) == sorted(wanted)
    asked_after = [int(request.query["after"][0]) for request in stand_in.sent("/chat/events")]
    assert asked_after == sorted(asked_after)


def test_a_stream_cut_in_the_middle_of_an_event_gives_it_once(talking: ChatPage, stand_in: StandIn) -> None:
    conversation = stand_in.conversation
    first = next(iter(conversation.messages.values()))
    message = {**first, "id": "x", "seq": 3, "rev": 3, "text": "whole", "clientMessageId": "x"}
    conversation.push_bytes(frame("message", message, 3)[:-1])
    conversation.cut()
    stand_in.wait_until(lambda: not conversation.streams)
    stand_in.wait_for_stream()
    assert stand_in.sent("/chat/events")[1].query == {"after": ["2"]}
    conversation.push("message", message, 3)
    expect(talking.own).to_have_count(2)


def test_an_answer_in_progress_goes_on_where_it_was(talking: ChatPage, stand_in: StandIn) -> None:
    talking.send("Second question")
    expect(talking.own.nth(1)).to_have_attribute("data-state", "sent")
    stand_in.conversation.delta("One ")
    expect(talking.preview).to_contain_text("One")
    stand_in.conversation.cut()
    stand_in.conversation.delta("two ")
    stand_in.wait_for_stream()
    stand_in.conversation.delta("three")
    expect(talking.preview.locator(".bubble")).to_have_text("One two three")


def test_a_preview_that_nobody_writes_any_more_goes_away(timed_chat: ChatPage, stand_in: StandIn) -> None:
    chat = timed_chat
    chat.send("Question")
    stand_in.wait_for_stream()
    stand_in.conversation.delta("Half an")
    expect(chat.preview).to_have_count(1)
    stand_in.conversation.previews.clear()
    stand_in.conversation.cut()
    chat.page.clock.fast_forward(1000)
    stand_in.wait_until(lambda: len(stand_in.sent("/chat/events")) == 2)
    stand_in.wait_for_stream()
    chat.page.wait_for_timeout(100)
    chat.page.clock.fast_forward(6000)
    expect(chat.preview).to_have_count(0)


def test_silence_of_45_seconds_is_a_dead_connection(timed_chat: ChatPage, stand_in: StandIn) -> None:
    chat = timed_chat
    chat.send("Question")
    stand_in.wait_for_stream()
    for _ in range(3):
        stand_in.conversation.push_bytes(b": heartbeat\n\n")
        chat.page.wait_for_timeout(100)
        chat.page.clock.fast_forward(30_000)
    assert len(stand_in.sent("/chat/events")) == 1
    chat.page.clock.fast_forward(20_000)
    chat.page.wait_for_timeout(50)
    chat.page.clock.fast_forward(2_000)
    stand_in.wait_until(lambda: len(stand_in.sent("/chat/events")) == 2)


def test_a_draining_server_is_left_at_once(talking: ChatPage, stand_in: StandIn) -> None:
    stand_in.conversation.push("reconnect", {})
    stand_in.wait_until(lambda: len(stand_in.sent("/chat/events")) == 2, seconds=2)
    stand_in.conversation.reply("From the next server.", turn=8)
    expect(talking.answers).to_have_count(2)
    expect(talking.banner).to_be_hidden()


def test_a_server_that_stays_away_is_tried_ever_more_slowly(timed_chat: ChatPage, stand_in: StandIn) -> None:
    chat = timed_chat
    stand_in.fail("/chat/events", Fault(status=500), times=6)
    chat.send("Question")
    # The n-th pause is a random part between the half and the whole of 0.5 s * 2^n, and never more than 30 s.
    for tries, least in enumerate([0.5, 1, 2, 4, 8, 15], start=1):
        stand_in.wait_until(lambda tries=tries: len(stand_in.sent("/chat/events")) == tries)
        chat.page.wait_for_timeout(50)
        chat.page.clock.fast_forward(int(least * 1000) - 200)
        chat.page.wait_for_timeout(50)
        assert len(stand_in.sent("/chat/events")) == tries
        if tries > 1:
            expect(chat.banner).to_contain_text("The connection was lost.")
        chat.page.clock.fast_forward(int(least * 1000) + 200)
    stand_in.wait_for_stream()
    expect(chat.banner).to_be_hidden()
    stand_in.conversation.reply("Back again.")
    expect(chat.answers).to_have_count(1)


def test_a_full_server_is_given_the_time_it_asks_for(timed_chat: ChatPage, stand_in: StandIn) -> None:
    chat = timed_chat
    stand_in.fail("/chat/events", Fault(status=503, retry_after="30"))
    chat.send("Question")
    expect(chat.banner).to_contain_text("We are busy right now. Trying again in")
    chat.page.clock.fast_forward(25_000)
    chat.page.wait_for_timeout(100)
    assert len(stand_in.sent("/chat/events")) == 1
    chat.page.clock.fast_forward(6_000)
    stand_in.wait_for_stream()
    expect(chat.banner).to_be_hidden()


def test_a_page_of_a_login_portal_is_not_taken_for_a_stream(talking: ChatPage, stand_in: StandIn) -> None:
    stand_in.fail("/chat/events", Fault(status=200, body="event: message\ndata: {}\n\n"))
    stand_in.conversation.cut()
    stand_in.wait_until(lambda: len(stand_in.sent("/chat/events")) == 3)
    expect(talking.bubbles).to_have_count(2)


def test_an_error_on_the_stream_is_survived(talking: ChatPage, stand_in: StandIn) -> None:
    stand_in.conversation.push("error", {"error": {"code": "unavailable", "message": "", "requestId": "r"}})
    stand_in.wait_until(lambda: len(stand_in.sent("/chat/events")) == 2)
    stand_in.conversation.reply("Still here.", turn=8)
    expect(talking.answers).to_have_count(2)


def test_unknown_and_broken_events_are_passed_over(talking: ChatPage, stand_in: StandIn) -> None:
    conversation = stand_in.conversation
    conversation.push_bytes(b"event: message\ndata: {not json\n\nevent: fireworks\ndata: {}\n\ndata: 1\n\n: \n\n\n\n")
    conversation.push_bytes(b'event: delta\r\ndata: {"turn": 2,\r\ndata: "text": "two lines"}\r\n\r\n')
    expect(talking.preview.locator(".bubble")).to_have_text("two lines")


def test_a_history_that_cannot_be_fetched_is_tried_again(talking: ChatPage, stand_in: StandIn) -> None:
    stand_in.fail("/chat/messages", Fault(status=500))
    stand_in.fail("/chat/messages", Fault(drop=True))
    talking.reload()
    expect(talking.banner).to_be_visible()
    expect(talking.bubbles).to_have_count(2)
    expect(talking.banner).to_be_hidden()


def test_a_forgotten_session_leaves_what_was_typed_and_makes_room(talking: ChatPage, stand_in: StandIn) -> None:
    talking.field.fill("Half a thou")
    stand_in.forget()
    expect(talking.page.get_by_role("heading", name="Hello!")).to_be_visible()
    expect(talking.field).to_have_value("Half a thou")
    talking.send("Half a thought")
    expect(talking.own).to_have_attribute("data-state", "sent")
    stand_in.wait_for_stream()
    stand_in.conversation.reply("A whole answer.")
    expect(talking.bubbles).to_have_text(["Half a thought", "A whole answer."])


def test_a_forgotten_session_is_found_out_on_a_reload(talking: ChatPage, stand_in: StandIn) -> None:
    stand_in.fail("/chat/events", Fault(status=503, retry_after="60"))
    stand_in.forget()
    talking.reload()
    expect(talking.page.get_by_role("heading", name="Hello!")).to_be_visible()
    assert talking.run("Object.keys(localStorage)") == []


def test_another_404_is_no_reason_to_forget_the_session(talking: ChatPage, stand_in: StandIn) -> None:
    """A proxy in the middle of a deployment answers so."""
    stand_in.fail("/chat/events", Fault(status=404, body="<html>Not found</html>"))
    stand_in.fail("/chat/message", Fault(status=404, code="not_found"))
    stand_in.conversation.cut()
    talking.send("Still mine?")
    expect(talking.own.nth(1)).to_have_attribute("data-state", "sent")
    stand_in.wait_for_stream()
    stand_in.conversation.reply("Yes.")
    expect(talking.bubbles).to_have_text(["First question", "First answer.", "Still mine?", "Yes."])
    assert len(stand_in.conversations) == 1


def test_a_server_that_only_sends_away_is_tried_ever_more_slowly(timed_chat: ChatPage, stand_in: StandIn) -> None:
    timed_chat.send("Question")
    stand_in.wait_for_stream()
    stand_in.conversation.reply("Answer.")
    expect(timed_chat.answers).to_have_count(1)
    for _ in range(6):
        stand_in.conversation.push("reconnect", {})
        timed_chat.page.wait_for_timeout(100)
        timed_chat.page.clock.fast_forward(900)
        timed_chat.page.wait_for_timeout(100)
    assert 3 <= len(stand_in.sent("/chat/events")) <= 5


def test_a_page_that_stays_open_renews_its_session(timed_chat: ChatPage, stand_in: StandIn) -> None:
    stand_in.session_life = 400
    timed_chat.send("Question")
    stand_in.wait_for_stream()
    timed_chat.page.wait_for_timeout(100)
    for _ in range(8):
        timed_chat.page.clock.fast_forward(30_000)
        stand_in.conversation.push_bytes(b": heartbeat\n\n")
        timed_chat.page.wait_for_timeout(50)
    stand_in.wait_until(lambda: len(stand_in.sent("/chat/session")) == 2)
    assert len(stand_in.sent("/chat/events")) == 1


def test_a_tab_out_of_sight_gives_its_stream_back_and_catches_up_later(timed_chat: ChatPage, stand_in: StandIn) -> None:
    chat = timed_chat
    chat.send("Question")
    stand_in.wait_for_stream()
    stand_in.conversation.reply("Answer.")
    expect(chat.answers).to_have_count(1)
    see = """(state) => {
      Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    chat.run(see, "hidden")
    chat.page.clock.fast_forward(61_000)
    chat.page.wait_for_timeout(50)
    stand_in.conversation.push_bytes(b": anybody\n\n" * 1000)  # the server notices a closed connection when it writes
    stand_in.conversation.push_bytes(b": there\n\n")
    stand_in.wait_until(lambda: not stand_in.conversation.streams)
    stand_in.conversation.reply("While you were away.", turn=2)
    chat.run(see, "visible")
    expect(chat.answers).to_have_count(2)
    assert stand_in.sent("/chat/events")[1].query == {"after": ["2"]}
