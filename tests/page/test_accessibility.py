"""The page for people who use a keyboard, a screen reader, or need contrast and calm."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.page.chat_page import ChatPage
from tests.page.conftest import ChatOpener
from tests.page.stand_in import Fault, StandIn

# Every visible text whose contrast with what is behind it is below WCAG AA.
LOW_CONTRAST = """
() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => {
    const part = (v) => ((v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const color = rgba(getComputedStyle(node).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  const low = [];
  const check = (node, color, text) => {
    const [one, two] = [light(rgba(color)), light(behind(node))].sort((a, b) => b - a);
    const style = getComputedStyle(node);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const ratio = (one + 0.05) / (two + 0.05);
    if (ratio < (large ? 3 : 4.5)) low.push(`${ratio.toFixed(2)} ${text}`);
  };
  const walker = document.createTreeWalker(document.querySelector(".spur-chat"), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.checkVisibility() || node.closest(".unseen")) continue;
    check(node, getComputedStyle(node).color, walker.currentNode.data);
  }
  const field = document.querySelector("textarea");
  check(field, getComputedStyle(field, "::placeholder").color, "placeholder");
  for (const mark of document.querySelectorAll("li")) check(mark, getComputedStyle(mark, "::marker").color, "marker");
  return low;
}
"""


def tree(chat: ChatPage) -> list[dict[str, Any]]:
    """Chromium's accessibility tree, what a screen reader gets, in reading order and without what is ignored."""
    session = chat.page.context.new_cdp_session(chat.page)
    nodes = {node["nodeId"]: node for node in session.send("Accessibility.getFullAXTree")["nodes"]}
    session.detach()
    ordered: list[dict[str, Any]] = []
    waiting = [next(iter(nodes))]
    while waiting:
        node = nodes.get(waiting.pop(), {"ignored": True})
        waiting += reversed(node.get("childIds", []))
        if not node["ignored"]:
            properties = {p["name"]: p["value"].get("value") for p in node.get("properties", [])}
            ordered.append({"role": node["role"]["value"], "name": node.get("name", {}).get("value", ""), **properties})
    return ordered


def said(chat: ChatPage) -> str:
    return " ".join(node["name"] for node in tree(chat) if node["role"] == "StaticText")


def tab_to(chat: ChatPage, name: str, *, back: bool = False, limit: int = 12) -> None:
    """Presses Tab until the focus is on what has this name."""
    for _ in range(limit):
        focused = chat.run("document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent")
        if focused == name:
            return
        chat.page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"{name} cannot be reached")


def test_everything_can_be_done_with_the_keyboard_alone(chat: ChatPage, stand_in: StandIn) -> None:
    expect(chat.field).to_be_focused()
    tab_to(chat, "How long do I have to return shoes?", back=True)
    chat.page.keyboard.press("Enter")
    expect(chat.own).to_have_attribute("data-state", "sent")
    expect(chat.field).to_be_focused()
    stand_in.fail("/chat/message", Fault(status=503, retry_after="9999"), times=2)
    chat.page.keyboard.type("line one")
    chat.page.keyboard.press("Shift+Enter")
    chat.page.keyboard.type("line two")
    chat.page.keyboard.press("Enter")
    expect(chat.own.nth(1)).to_have_attribute("data-state", "failed")
    tab_to(chat, "Send again", back=True)
    chat.page.keyboard.press("Enter")
    expect(chat.field).to_be_focused()
    expect(chat.own.nth(1)).to_have_attribute("data-state", "failed")
    tab_to(chat, "Edit", back=True)
    chat.page.keyboard.press("Space")
    expect(chat.field).to_have_value("line one\nline two")
    expect(chat.field).to_be_focused()
    chat.page.keyboard.type("!")
    tab_to(chat, "Send message")
    chat.page.keyboard.press("Space")
    expect(chat.page.locator(".row.mine[data-state=sent]")).to_have_count(2)
    tab_to(chat, "New conversation", back=True)
    chat.page.keyboard.press("Enter")
    expect(chat.button("Cancel")).to_be_focused()
    chat.page.keyboard.press("Escape")
    expect(chat.button("New conversation")).to_be_focused()
    assert [m["text"] for m in stand_in.conversation.messages.values()][1] == "line one\nline two!"


def test_messages_can_be_scrolled_with_the_keyboard(talking: ChatPage, stand_in: StandIn) -> None:
    stand_in.conversation.reply("\n\n".join(f"Line {number}" for number in range(80)), turn=5)
    expect(talking.answers).to_have_count(2)
    tab_to(talking, "Conversation", back=True)
    talking.page.keyboard.press("Home")
    expect(talking.own.first).to_be_in_viewport()
    talking.page.keyboard.press("End")
    expect(talking.answers.last.get_by_text("Line 79")).to_be_in_viewport()


def test_a_word_chosen_in_an_input_method_is_not_sent(chat: ChatPage, stand_in: StandIn) -> None:
    session = chat.page.context.new_cdp_session(chat.page)
    chat.field.focus()
    session.send("Input.imeSetComposition", {"text": "にほ", "selectionStart": 2, "selectionEnd": 2})
    chat.run("""() => {
      const press = (more) => document.querySelector("textarea").dispatchEvent(
        new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true, ...more }));
      press({ isComposing: true });
      press({ keyCode: 229 });
    }""")
    session.send("Input.insertText", {"text": "日本"})
    session.detach()
    expect(chat.field).to_have_value("日本")
    assert stand_in.requests == []
    chat.field.press("Enter")
    expect(chat.own.locator(".bubble")).to_have_text("日本")


def test_a_held_enter_key_sends_once(chat: ChatPage, stand_in: StandIn) -> None:
    chat.field.fill("Once")
    chat.page.keyboard.down("Enter")
    chat.page.keyboard.type("more")
    chat.page.keyboard.down("Enter")
    chat.page.keyboard.up("Enter")
    expect(chat.own).to_have_attribute("data-state", "sent")
    expect(chat.field).to_have_value("more")
    assert [m["text"] for m in stand_in.conversation.messages.values()] == ["Once"]


def test_every_control_has_a_role_and_a_name(talking: ChatPage, stand_in: StandIn) -> None:
    stand_in.fail("/chat/message", Fault(status=503, retry_after="9999"))
    talking.send("Stuck")
    expect(talking.button("Send again")).to_be_visible()
    stand_in.conversation.reply("[A link](https://shop.example/)", turn=5)
    expect(talking.answers).to_have_count(2)
    nodes = tree(talking)
    interactive = {"button", "link", "textbox", "dialog"}
    controls = [node for node in nodes if node["role"] in interactive or node.get("focusable")]
    assert [node for node in controls if not node["name"]] == []
    roles = {(node["role"], node["name"]) for node in nodes}
    assert {
        ("RootWebArea", "Chat with us"), ("region", "Chat with us"), ("heading", "Chat with us"), ("log", "Messages"),
        ("textbox", "Your message"), ("button", "Send message"), ("button", "New conversation"), ("link", "A link"),
        ("button", "Send again"), ("button", "Edit"), ("button", "Delete"),
    } <= roles  # fmt: skip
    assert [node["level"] for node in nodes if node["role"] == "heading"] == [1]
    assert talking.run("document.documentElement.lang") == "en"
    ids = talking.run("[...document.querySelectorAll('[id]')].map((node) => node.id)")
    assert len(ids) == len(set(ids))


def test_only_finished_messages_are_announced(talking: ChatPage, stand_in: StandIn) -> None:
    expect(talking.log).to_have_attribute("aria-live", "polite")
    assert next(node for node in tree(talking) if node["role"] == "log")["live"] == "polite"
    talking.send("Second question")
    expect(talking.typing).to_be_visible()
    stand_in.conversation.delta("Half of an")
    expect(talking.preview).to_be_visible()
    assert "Half of an" not in said(talking)
    assert talking.page.locator(".preview a, .preview button, .preview [tabindex]").count() == 0
    stand_in.conversation.reply("The whole answer.")
    expect(talking.answers).to_have_count(2)
    assert "The whole answer." in said(talking)


def test_the_history_is_not_read_out_at_the_start(lone_chat: ChatPage, stand_in: StandIn) -> None:
    lone_chat.send("Question")
    stand_in.wait_for_stream()
    stand_in.conversation.reply("Answer.")
    lone_chat.page.add_init_script(
        """
        window.__polite = [];
        new MutationObserver((changes) => {
          for (const { target, addedNodes } of changes) {
            const log = document.querySelector("[role=log]");
            if (addedNodes.length && target === log && log.ariaLive === "polite") window.__polite.push(1);
          }
        }).observe(document, { childList: true, subtree: true });
        """
    )
    lone_chat.reload()
    expect(lone_chat.log).to_have_attribute("aria-live", "polite")
    expect(lone_chat.answers).to_have_count(1)
    assert lone_chat.run("window.__polite") == []


def test_who_speaks_is_said_before_every_message(talking: ChatPage, stand_in: StandIn) -> None:
    stand_in.conversation.write("human", "Mara here.")
    expect(talking.page.locator("[data-author=human]")).to_be_visible()
    words = said(talking)
    for part in ("You: First question", "Assistant : First answer.", "Our team : Mara here."):
        assert part in words


def test_a_failure_is_told_once(chat: ChatPage, stand_in: StandIn) -> None:
    stand_in.fail("/chat/message", Fault(status=400, code="bad", message="Please use letters."))
    chat.run("""() => {
      window.__told = [];
      new MutationObserver(() => window.__told.push(document.querySelector("[role=status]").textContent))
        .observe(document.querySelector("[role=status]"), { childList: true, characterData: true, subtree: true });
    }""")
    chat.send("§")
    expect(chat.page.get_by_role("status")).to_have_text("Please use letters.")
    chat.send("good")
    expect(chat.own.first).to_have_attribute("data-state", "sent")
    assert chat.run("window.__told") == ["Please use letters."]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_contrast(open_chat: ChatOpener, stand_in: StandIn, scheme: str) -> None:
    chat = open_chat(color_scheme=scheme)
    assert chat.run(LOW_CONTRAST) == []
    chat.send("Question")
    stand_in.wait_for_stream()
    conversation = stand_in.conversation
    answer = "**b** `code` [link](https://shop.example/)\n\n1. one\n2. two"
    conversation.reply(answer, citations=[{"source": "a", "title": "b"}])
    conversation.write("human", "Mara")
    conversation.write("system", "Notice")
    stand_in.fail("/chat/message", Fault(status=503, retry_after="9999"))
    chat.send("Failed")
    stand_in.fail("/chat/message", Fault(status=429, retry_after="100"))
    chat.send("Waiting")
    conversation.delta("Writing", turn=9)
    chat.field.fill("x" * 4100)
    expect(chat.page.locator("[data-state=waiting]")).to_be_visible()
    expect(chat.preview).to_be_visible()
    chat.page.wait_for_timeout(700)  # movements are over
    assert chat.run(LOW_CONTRAST) == []


def test_focus_is_always_visible(talking: ChatPage) -> None:
    talking.field.focus()
    seen = set()
    for _ in range(8):
        talking.page.keyboard.press("Shift+Tab")
        name, outline, shadow = talking.run(
            """() => {
              const node = document.activeElement;
              if (node === document.body) return ["", "", ""];
              const style = getComputedStyle(node.localName === "textarea" ? node.closest(".box") : node);
              return [node.getAttribute("aria-label") ?? node.textContent, style.outlineStyle, style.boxShadow];
            }"""
        )
        if name:
            seen.add(name)
            assert outline != "none" or shadow != "none", name
    assert {"Conversation", "New conversation"} <= seen


def test_who_asks_for_calm_gets_it(open_chat: ChatOpener, stand_in: StandIn) -> None:
    chat = open_chat(reduced_motion="reduce")
    chat.send("Question")
    expect(chat.typing).to_be_visible()
    chat.page.wait_for_timeout(100)
    assert chat.run("document.getAnimations().filter((a) => a.playState === 'running').length") == 0


@pytest.mark.parametrize("device", ["phone", "desk"])
def test_targets_are_large_enough(open_chat: ChatOpener, stand_in: StandIn, device: str) -> None:
    chat = open_chat(device)
    stand_in.fail("/chat/message", Fault(status=503, retry_after="9999"))
    sizes = """nodes => nodes.filter((node) => node.checkVisibility())
      .map((node) => [node.textContent, node.offsetWidth, node.offsetHeight])"""
    small = [size for size in chat.page.get_by_role("button").evaluate_all(sizes) if min(size[1:]) < 40]
    chat.send("Failed")
    expect(chat.button("Send again")).to_be_visible()
    small += [size for size in chat.page.get_by_role("button").evaluate_all(sizes) if min(size[1:]) < 32]
    assert small == []
