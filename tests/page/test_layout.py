"""Long, foreign and strange texts on small and large screens."""

import pytest
from playwright.sync_api import expect

from tests.page.chat_page import ChatPage
from tests.page.conftest import ChatOpener
from tests.page.stand_in import StandIn

STRANGE = {
    "long word": "x" * 3000,
    "long address": "https://shop.example/" + "a" * 800,
    "arabic": "مرحبا، أريد إعادة الحذاء",
    "hebrew with english": "שלום, order 12-34 הגיע",
    "override": "abc \u202egnp.exe\u202c def",
    "isolates": "\u2067\u2067\u2067 never closed",
    "zero width": "a\u200b\u200c\u200d\u2060\ufeffb",
    "tags": "plain\U000e0041\U000e0042",
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈👍🏽",
    "combining": "Z̸̧̢͓͎̼̭̗͙̈́͛̓͘a̵̡͉̪͛l̶̹̅g̸̝̈́o" * 20,
    "lines": "\n".join("line" for _ in range(300)),
    "table": "| a | b |\n|---|---|\n| 1 | 2 |",
    "deep list": "\n".join("  " * depth + "- item" for depth in range(12)),
}

OVERFLOW = """
() => [document.documentElement, ...document.querySelectorAll(".spur-chat *")]
  .filter((node) => !node.closest(".unseen, textarea, svg") && node.checkVisibility())
  .filter((node) => node.getBoundingClientRect().right > innerWidth + 1 || node.getBoundingClientRect().left < -1)
  .map((node) => `${node.localName}.${node.className}`)
"""


@pytest.mark.parametrize("device", ["phone", "desk"])
def test_no_text_breaks_out_of_the_screen(open_chat: ChatOpener, stand_in: StandIn, device: str) -> None:
    chat = open_chat(device)
    chat.send("Hello")
    stand_in.wait_for_stream()
    for number, text in enumerate(STRANGE.values()):
        stand_in.conversation.write("customer", text, turn=100 + number)
        stand_in.conversation.reply(text, turn=100 + number, citations=[{"source": text[:200], "title": text[:200]}])
    expect(chat.answers).to_have_count(len(STRANGE))
    assert chat.run(OVERFLOW) == []
    assert chat.run("document.documentElement.scrollHeight <= innerHeight")
    shown = chat.own.locator(".bubble").evaluate_all("nodes => nodes.map((node) => node.textContent)")
    assert shown[1:] == list(STRANGE.values())


def test_directions_stay_within_their_message(talking: ChatPage, stand_in: StandIn) -> None:
    stand_in.conversation.write("customer", "مرحبا", turn=9)
    stand_in.conversation.write("customer", "after \u202e override", turn=9)
    stand_in.conversation.reply("Plain.", turn=9)
    expect(talking.answers).to_have_count(2)
    directions = "nodes => nodes.map((node) => getComputedStyle(node).direction)"
    assert talking.bubbles.evaluate_all(directions) == ["ltr", "ltr", "rtl", "ltr", "ltr"]
    isolated = "nodes => nodes.map((node) => getComputedStyle(node).unicodeBidi)"
    assert set(talking.page.locator(".bubble").evaluate_all(isolated)) == {"isolate"}
    # The customer's side is the same whatever the writing.
    right = "nodes => nodes.map((node) => node.getBoundingClientRect().right)"
    sides = talking.own.locator(".bubble").evaluate_all(right)
    assert max(sides) - min(sides) < 1


def test_the_field_grows_with_its_text_up_to_a_point(chat: ChatPage) -> None:
    height = "node => node.offsetHeight"
    one = chat.field.evaluate(height)
    chat.field.fill("1\n2\n3")
    three = chat.field.evaluate(height)
    chat.field.fill("\n".join("x" * 100))
    assert one < three < chat.field.evaluate(height) <= 192
    chat.field.fill("")
    assert chat.field.evaluate(height) == one


def test_a_phone_zooms_into_nothing_and_shows_everything(open_chat: ChatOpener, stand_in: StandIn) -> None:
    chat = open_chat("phone")
    assert chat.field.evaluate("node => parseFloat(getComputedStyle(node).fontSize)") >= 16
    for part in (chat.field, chat.button("Send message"), chat.page.get_by_role("heading", name="Hello!")):
        expect(part).to_be_in_viewport(ratio=1)
    expect(chat.field).not_to_be_focused()  # the keyboard would hide the greeting
    chat.button("How long do I have to return shoes?").tap()
    expect(chat.own).to_be_in_viewport()
    expect(chat.field).not_to_be_focused()


def test_a_keyboard_on_the_screen_leaves_the_newest_message_in_sight(open_chat: ChatOpener, stand_in: StandIn) -> None:
    chat = open_chat("phone")
    chat.send("Question")
    stand_in.wait_for_stream()
    stand_in.conversation.reply("\n\n".join(f"Line {number}." for number in range(30)))
    expect(chat.answers.get_by_text("Line 29.")).to_be_in_viewport()
    chat.page.set_viewport_size({"width": 360, "height": 340})
    expect(chat.answers.get_by_text("Line 29.")).to_be_in_viewport()
    expect(chat.field).to_be_in_viewport(ratio=1)
    chat.page.set_viewport_size({"width": 360, "height": 640})


def test_a_wide_screen_gets_a_column_in_its_middle(talking: ChatPage) -> None:
    box = talking.page.locator(".box").bounding_box()
    assert box
    assert 600 < box["width"] < 760
    assert abs(box["x"] + box["width"] / 2 - 640) < 10


def test_text_grows_with_the_size_that_the_reader_chose(chat: ChatPage) -> None:
    chat.run("document.documentElement.style.fontSize = '8px'")
    assert chat.page.locator(".spur-chat").evaluate("node => getComputedStyle(node).fontSize") == "16px"


def test_a_thousand_messages_stay_quick(talking: ChatPage, stand_in: StandIn) -> None:
    for number in range(500):
        stand_in.conversation.write("customer", f"Question {number}", turn=100 + number)
        stand_in.conversation.reply(f"Answer **{number}**", turn=100 + number)
    stand_in.page_size = 200
    talking.reload()
    expect(talking.answers).to_have_count(501)
    expect(talking.answers.last).to_be_in_viewport()
    longest = talking.run(
        """async () => {
          let last = performance.now();
          let longest = 0;
          const until = last + 600;
          while (last < until) {
            const now = await new Promise(requestAnimationFrame);
            longest = Math.max(longest, now - last);
            last = now;
          }
          return longest;
        }"""
    )
    assert longest < 500
