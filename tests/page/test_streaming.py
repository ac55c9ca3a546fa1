"""How an answer appears while it is written."""

import pytest
from playwright.sync_api import expect

from tests.page.chat_page import ChatPage
from tests.page.stand_in import StandIn


@pytest.fixture
def asked(talking: ChatPage, stand_in: StandIn) -> ChatPage:
    """The page with a question that waits for its answer."""
    talking.send("Second question")
    expect(talking.own.nth(1)).to_have_attribute("data-state", "sent")
    return talking


def test_dots_are_shown_until_the_first_words(asked: ChatPage, stand_in: StandIn) -> None:
    expect(asked.typing).to_be_visible()
    stand_in.conversation.delta("Well, ")
    expect(asked.preview.locator(".bubble")).to_have_text("Well,")
    expect(asked.typing).to_have_count(0)


def test_an_answer_grows_and_is_replaced_by_the_finished_message(asked: ChatPage, stand_in: StandIn) -> None:
    for piece in ("You have ", "**30 ", "days**.", "\n\n- one", "\n- two"):
        stand_in.conversation.delta(piece)
    expect(asked.preview.locator("strong")).to_have_text("30 days")
    expect(asked.preview.locator("li")).to_have_text(["one", "two"])
    top = asked.preview.locator(".bubble").bounding_box()
    stand_in.conversation.reply("You have **30 days**.\n\n- one\n- two")
    expect(asked.answers).to_have_count(2)
    expect(asked.preview).to_have_count(0)
    assert asked.answers.nth(1).locator(".bubble").bounding_box() == top


def test_bytes_may_arrive_one_by_one(asked: ChatPage, stand_in: StandIn) -> None:
    stand_in.by_byte = True
    stand_in.conversation.delta("Größe 42 👟 ist da. ")
    stand_in.conversation.delta("مرحبا")
    expect(asked.preview.locator(".bubble")).to_have_text("Größe 42 👟 ist da. مرحبا")


def test_a_reset_voids_what_was_written_so_far(asked: ChatPage, stand_in: StandIn) -> None:
    stand_in.conversation.delta("Half an ans")
    expect(asked.preview).to_have_count(1)
    stand_in.conversation.reset()
    expect(asked.preview).to_have_count(0)
    expect(asked.typing).to_be_visible()
    stand_in.conversation.delta("A whole ")
    stand_in.conversation.delta("answer.")
    expect(asked.preview.locator(".bubble")).to_have_text("A whole answer.")


def test_a_late_word_of_an_answered_turn_changes_nothing(asked: ChatPage, stand_in: StandIn) -> None:
    stand_in.conversation.reply("Done.")
    stand_in.conversation.push("delta", {"turn": stand_in.conversation.turn, "text": "late"})
    stand_in.conversation.write("system", "End.")
    expect(asked.page.locator("[data-author=system]")).to_have_text("End.")
    expect(asked.preview).to_have_count(0)


def test_a_silent_turn_ends_the_dots(asked: ChatPage, stand_in: StandIn) -> None:
    expect(asked.typing).to_be_visible()
    stand_in.conversation.push("silent", {"turn": stand_in.conversation.turn, "reason": "owner_human"})
    expect(asked.typing).to_have_count(0)


def test_a_person_who_writes_is_announced_by_dots_and_words(talking: ChatPage, stand_in: StandIn) -> None:
    stand_in.conversation.push("typing", {"author": "human", "active": True})
    expect(talking.typing).to_contain_text("Our team is writing…")
    stand_in.conversation.push("typing", {"author": "human", "active": False})
    expect(talking.typing).to_have_count(0)


def test_a_question_sent_meanwhile_does_not_move_the_answer(asked: ChatPage, stand_in: StandIn) -> None:
    turn = stand_in.conversation.turn
    stand_in.conversation.delta("To the second: ")
    expect(asked.preview).to_have_count(1)
    asked.send("Third question")
    expect(asked.own.nth(2)).to_have_attribute("data-state", "sent")
    stand_in.conversation.delta("yes.", turn=turn)
    stand_in.conversation.reply("To the second: yes.", turn=turn)
    stand_in.conversation.reply("To the third: no.")
    expected = ["First question", "First answer.", "Second question", "To the second: yes."]
    expected += ["Third question", "To the third: no."]
    expect(asked.bubbles).to_have_text(expected)
    asked.reload()
    expect(asked.bubbles).to_have_text(expected)


def test_sources_stand_small_below_the_answer(talking: ChatPage, stand_in: StandIn) -> None:
    returns = {"source": "returns.md", "title": "Returns"}
    citations = [returns, returns, {"source": "faq.md", "title": ""}]
    stand_in.conversation.reply("30 days.", turn=5, citations=citations)
    answer = talking.answers.nth(1)
    expect(answer.locator(".sources li")).to_have_text(["Returns", "faq.md"])
    size = "e => parseFloat(getComputedStyle(e).fontSize)"
    assert answer.locator(".sources").evaluate(size) < answer.locator(".bubble").evaluate(size)


def test_the_page_follows_a_reader_at_the_end(asked: ChatPage, stand_in: StandIn) -> None:
    for number in range(40):
        stand_in.conversation.delta(f"Line {number}.\n\n")
    expect(asked.preview.get_by_text("Line 39.")).to_be_in_viewport()
    assert asked.gap() <= 1
    expect(asked.jump).to_be_hidden()


def test_the_page_leaves_a_reader_further_up_alone(asked: ChatPage, stand_in: StandIn) -> None:
    stand_in.conversation.reply("\n\n".join(f"Line {number}." for number in range(60)))
    expect(asked.answers).to_have_count(2)
    asked.scroller.hover()
    asked.page.mouse.wheel(0, -400)
    asked.page.wait_for_function(
        "(([e]) => e.scrollTop < e.scrollHeight - 1000)(document.querySelectorAll('.scroller'))"
    )
    before = asked.scroller.evaluate("e => e.scrollTop")
    stand_in.conversation.reply("Something new.", turn=9)
    expect(asked.jump).to_be_visible()
    assert asked.scroller.evaluate("e => e.scrollTop") == before
    asked.jump.click()
    expect(asked.answers.last).to_be_in_viewport()
    expect(asked.jump).to_be_hidden()


def test_finished_blocks_are_not_drawn_again(asked: ChatPage, stand_in: StandIn) -> None:
    stand_in.conversation.delta("First paragraph.\n\nSecond")
    expect(asked.preview.locator("p")).to_have_count(2)
    asked.run("document.querySelector('.preview p').marked = true")
    stand_in.conversation.delta(" paragraph.\n\nThird.")
    expect(asked.preview.locator("p")).to_have_count(3)
    assert asked.run("document.querySelector('.preview p').marked") is True


def test_many_words_at_once_are_drawn_at_most_once_a_frame(asked: ChatPage, stand_in: StandIn) -> None:
    asked.run(
        """() => {
          window.__draws = 0;
          const watched = document.querySelector(".log");
          new MutationObserver(() => window.__draws++).observe(watched, { childList: true, subtree: true });
        }"""
    )
    for _ in range(500):
        stand_in.conversation.delta("word ")
    stand_in.conversation.delta("end")
    expect(asked.preview).to_contain_text("end")
    assert asked.run("window.__draws") < 100
