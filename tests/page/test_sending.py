"""What becomes of a message between the key press and the server's word that it has it."""

import threading

import pytest
from playwright.sync_api import expect

from tests.page.chat_page import ChatPage
from tests.page.stand_in import Fault, StandIn


def keys(stand_in: StandIn) -> list[str]:
    return [request.body["clientMessageId"] for request in stand_in.sent("/chat/message")]


def stored(stand_in: StandIn) -> list[str]:
    return [m["text"] for m in stand_in.conversation.messages.values() if m["author"] == "customer"]


def test_a_message_is_shown_at_once_and_then_marked_as_sent(chat: ChatPage, stand_in: StandIn) -> None:
    hold = threading.Event()
    stand_in.fail("/chat/message", Fault(wait=hold))
    chat.send("Hello")
    expect(chat.own.locator(".bubble")).to_have_text("Hello")
    expect(chat.own).to_have_attribute("data-state", "sending")
    expect(chat.own).to_contain_text("Sending…")
    expect(chat.field).to_have_value("")
    hold.set()
    expect(chat.own).to_have_attribute("data-state", "sent")
    expect(chat.own).to_have_count(1)
    [request] = stand_in.sent("/chat/message")
    assert request.headers["Prefer"] == "respond-async"
    assert set(request.body) == {"message", "sessionId", "clientMessageId"}


def test_a_failed_message_is_sent_again_with_the_same_id_after_a_reload(
    timed_chat: ChatPage, stand_in: StandIn
) -> None:
    chat = timed_chat
    stand_in.fail("/chat/message", Fault(status=500), times=4)
    chat.send("Important")
    for tries in range(1, 5):
        stand_in.wait_until(lambda tries=tries: len(keys(stand_in)) == tries)
        chat.page.wait_for_timeout(50)
        chat.page.clock.fast_forward(5000)
    expect(chat.own).to_have_attribute("data-state", "failed")
    expect(chat.own).to_contain_text("Not sent. Check your connection, then send it again.")
    chat.reload()
    expect(chat.own).to_have_attribute("data-state", "failed")
    chat.button("Send again").click()
    expect(chat.own).to_have_attribute("data-state", "sent")
    expect(chat.own.locator(".bubble")).to_have_text("Important")
    assert len(keys(stand_in)) == 5
    assert len(set(keys(stand_in))) == 1
    assert stored(stand_in) == ["Important"]
    chat.reload()
    expect(chat.own).to_have_attribute("data-state", "sent")
    expect(chat.own).to_have_count(1)


def test_what_a_reload_interrupted_is_sent_by_itself(chat: ChatPage, stand_in: StandIn) -> None:
    hold = threading.Event()
    stand_in.fail("/chat/message", Fault(wait=hold, drop=True, done=True))
    chat.send("Just before the reload")
    stand_in.wait_until(lambda: stand_in.sent("/chat/message"))
    chat.reload()
    expect(chat.own).to_have_attribute("data-state", "sent")
    hold.set()
    assert len(set(keys(stand_in))) == 1
    assert stored(stand_in) == ["Just before the reload"]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(drop=True),
        Fault(drop=True, done=True),
        Fault(status=502, body="<html>Bad gateway</html>"),
        Fault(status=200, body="<html>Please log in to this network</html>"),
    ],
    ids=["dropped", "taken-then-dropped", "proxy-error", "captive-portal"],
)
def test_a_short_interruption_is_bridged_without_a_word(chat: ChatPage, stand_in: StandIn, fault: Fault) -> None:
    stand_in.fail("/chat/message", fault, times=2)
    chat.send("Hello")
    expect(chat.own).to_have_attribute("data-state", "sent")
    assert len(keys(stand_in)) == 3
    assert len(set(keys(stand_in))) == 1
    assert stored(stand_in) == ["Hello"]


@pytest.mark.parametrize(("status", "words"), [(429, "That was a lot at once."), (503, "We are busy right now.")])
def test_a_wait_that_the_server_asks_for_is_seen_and_kept(
    timed_chat: ChatPage, stand_in: StandIn, status: int, words: str
) -> None:
    chat = timed_chat
    stand_in.fail("/chat/message", Fault(status=status, retry_after="20"))
    chat.send("Hello")
    expect(chat.own).to_have_attribute("data-state", "waiting")
    expect(chat.own).to_contain_text(words)
    expect(chat.own).to_contain_text("Sending again in 2")
    chat.send("And another thing")
    chat.page.clock.fast_forward(18_000)
    expect(chat.own.first).to_contain_text("Sending again in")
    assert len(keys(stand_in)) == 1
    chat.reload()
    expect(chat.own.first).to_have_attribute("data-state", "waiting")
    assert len(keys(stand_in)) == 1
    chat.page.clock.fast_forward(4_000)
    expect(chat.own.nth(1)).to_have_attribute("data-state", "sent")
    assert stored(stand_in) == ["Hello", "And another thing"]


@pytest.mark.parametrize("wait", ["1000000000", "-5", "soon", "Wed, 21 Oct 2065 07:28:00 GMT"])
def test_an_absurd_wait_is_not_waited_for(chat: ChatPage, stand_in: StandIn, wait: str) -> None:
    stand_in.fail("/chat/message", Fault(status=503, retry_after=wait))
    chat.send("Hello")
    expect(chat.own).to_have_attribute("data-state", "sent" if wait in {"-5", "soon"} else "failed")


def test_a_message_that_waits_can_be_deleted_and_others_go_on(chat: ChatPage, stand_in: StandIn) -> None:
    stand_in.fail("/chat/message", Fault(status=429, retry_after="100"))
    chat.send("Never mind")
    expect(chat.own).to_have_attribute("data-state", "waiting")
    chat.send("This instead")
    chat.button("Delete").first.click()
    expect(chat.own).to_have_count(1)
    expect(chat.own).to_have_attribute("data-state", "sent")
    assert stored(stand_in) == ["This instead"]


def test_a_refused_message_says_why_and_can_be_edited(chat: ChatPage, stand_in: StandIn) -> None:
    stand_in.fail("/chat/message", Fault(status=422, code="message_invalid", message="Please use letters."))
    chat.send("§§§")
    expect(chat.own).to_contain_text("Please use letters.")
    expect(chat.button("Send again")).to_have_count(0)
    chat.button("Edit").click()
    expect(chat.field).to_have_value("§§§")
    expect(chat.field).to_be_focused()
    expect(chat.own).to_have_count(0)
    assert len(keys(stand_in)) == 1


def test_an_id_that_was_used_for_another_text_is_replaced(chat: ChatPage, stand_in: StandIn) -> None:
    stand_in.fail("/chat/message", Fault(status=409, code="message_id_reused"))
    chat.send("Hello")
    expect(chat.own).to_have_attribute("data-state", "sent")
    assert len(set(keys(stand_in))) == 2
    expect(chat.own).to_have_count(1)


def test_messages_are_sent_one_after_another_in_order(chat: ChatPage, stand_in: StandIn) -> None:
    stand_in.fail("/chat/message", Fault(status=500))
    for text in ("one", "two", "three"):
        chat.send(text)
    expect(chat.page.locator(".row.mine[data-state=sent]")).to_have_count(3)
    assert stored(stand_in) == ["one", "two", "three"]
    expect(chat.own.locator(".bubble")).to_have_text(["one", "two", "three"])


def test_what_is_written_offline_goes_out_when_the_network_is_back(talking: ChatPage, stand_in: StandIn) -> None:
    talking.page.context.set_offline(True)
    expect(talking.banner).to_contain_text("You are offline.")
    talking.send("From the tunnel")
    expect(talking.own.nth(1)).to_have_attribute("data-state", "waiting")
    expect(talking.own.nth(1)).to_contain_text("Waiting for a connection.")
    talking.page.context.set_offline(False)
    expect(talking.own.nth(1)).to_have_attribute("data-state", "sent")
    expect(talking.banner).to_be_hidden()
    stand_in.conversation.reply("Light again.")
    expect(talking.answers.nth(1)).to_contain_text("Light again.")


def test_a_message_refused_for_its_session_is_sent_in_a_new_one(talking: ChatPage, stand_in: StandIn) -> None:
    stand_in.forget()
    stand_in.fail("/chat/events", Fault(status=503, retry_after="60"))
    talking.send("Still there?")
    expect(talking.own.locator(".bubble")).to_have_text(["Still there?"])
    expect(talking.own).to_have_attribute("data-state", "sent")
    expect(talking.page.locator(".row.notice").first).to_contain_text("Your earlier conversation has ended.")
    assert stored(stand_in) == ["Still there?"]
    assert len(set(keys(stand_in)[1:])) == 1


def test_a_server_that_never_knows_its_own_sessions_is_not_asked_for_ever(chat: ChatPage, stand_in: StandIn) -> None:
    stand_in.fail("/chat/message", Fault(status=404, code="session_not_found"), times=2)
    chat.send("Hello")
    expect(chat.own).to_have_attribute("data-state", "failed")
    assert len(stand_in.sent("/chat/session")) == 2
    chat.button("Send again").click()
    expect(chat.own).to_have_attribute("data-state", "sent")


def test_a_blank_message_is_not_sent(chat: ChatPage, stand_in: StandIn) -> None:
    for text in ("", "   ", "\n\n", "\u0000"):
        chat.send(text)
    chat.page.wait_for_timeout(100)
    assert stand_in.requests == []


def test_the_limit_counts_characters_and_is_told_in_time(chat: ChatPage, stand_in: StandIn) -> None:
    counter = chat.page.locator(".counter")
    chat.field.fill("x" * 3500)
    expect(counter).to_have_text("")
    chat.field.fill("👟" * 3990)
    expect(counter).to_have_text("10 left")
    chat.field.fill("👟" * 4001)
    expect(counter).to_contain_text("1 character over the limit of 4,000.")
    chat.field.press("Enter")
    expect(chat.field).to_have_attribute("aria-invalid", "true")
    expect(chat.page.get_by_role("status")).to_contain_text("1 character over the limit")
    assert stand_in.requests == []
    chat.send("👟" * 4000)
    expect(chat.own).to_have_attribute("data-state", "sent")
    assert stored(stand_in) == ["👟" * 4000]


def test_what_is_half_written_survives_a_reload(chat: ChatPage) -> None:
    chat.field.fill("Not finis")
    chat.reload()
    expect(chat.field).to_have_value("Not finis")


def test_halves_of_characters_are_never_sent(chat: ChatPage, stand_in: StandIn) -> None:
    chat.run("""() => {
      const field = document.querySelector("textarea");
      field.value = "broken \\ud83d emoji\\u0000";
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }""")
    chat.field.press("Enter")
    expect(chat.own).to_have_attribute("data-state", "sent")
    assert stored(stand_in) == ["broken \ufffd emoji"]
