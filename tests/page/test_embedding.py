"""The chat in pages that are not its own: in a shadow root, twice, in another language, and gone again."""

from playwright.sync_api import expect

from tests.page.chat_page import ChatPage
from tests.page.stand_in import StandIn

MOUNT = """
async ([place, options]) => {
  const { mount } = await import("/static/chat/mount.js");
  const host = document.createElement("div");
  host.id = place;
  host.className = "host";
  document.body.append(host);
  let root = host;
  if (place === "shadow") {
    root = host.attachShadow({ mode: "open" });
    const style = document.createElement("link");
    style.rel = "stylesheet";
    style.href = "/static/chat.css";
    root.append(style);
  }
  window.__mounted = mount(root, { apiBaseUrl: "/", ...options });
}
"""


def test_it_works_in_a_shadow_root(chat: ChatPage, stand_in: StandIn) -> None:
    chat.run(MOUNT, ["shadow", {"storageKey": "other"}])
    inner = chat.page.locator("#shadow .spur-chat")
    inner.get_by_role("button", name="return shoes?").click()
    stand_in.wait_for_stream()
    stand_in.conversation.reply("30 days.")
    expect(inner.locator("[data-author=assistant] .bubble")).to_have_text("30 days.")
    expect(inner.locator("textarea")).to_be_focused()
    assert inner.evaluate("node => getComputedStyle(node).display") == "flex"


def test_two_chats_on_one_page_do_not_disturb_each_other(chat: ChatPage, stand_in: StandIn) -> None:
    chat.run(MOUNT, ["second", {"storageKey": "second"}])
    first, second = (chat.page.locator(f"#{place} .spur-chat") for place in ("chat", "second"))
    second.locator("textarea").fill("To the second")
    second.locator("textarea").press("Enter")
    expect(second.locator(".row.mine")).to_have_attribute("data-state", "sent")
    expect(first.locator(".row.mine")).to_have_count(0)
    ids = chat.run("[...document.querySelectorAll('[id]')].map((node) => node.id)")
    assert len(ids) == len(set(ids))


def test_the_words_can_be_others(chat: ChatPage) -> None:
    words = {"lang": "de", "greeting": "Guten Tag!", "suggestions": ["Wie lange?"]}
    chat.run(MOUNT, ["german", {"storageKey": "german", "strings": words}])
    inner = chat.page.locator("#german .spur-chat")
    expect(inner.get_by_role("heading", name="Guten Tag!")).to_be_visible()
    expect(inner.locator(".suggestions button")).to_have_text(["Wie lange?"])
    expect(inner).to_have_attribute("lang", "de")


def test_it_leaves_nothing_behind(chat: ChatPage, stand_in: StandIn) -> None:
    before = chat.run("Object.keys(window).sort()")
    chat.run(MOUNT, ["gone", {"storageKey": "gone"}])
    inner = chat.page.locator("#gone .spur-chat")
    inner.get_by_role("button", name="return shoes?").click()
    stand_in.wait_for_stream()
    chat.run("window.__mounted.destroy()")
    expect(inner).to_have_count(0)
    after = chat.run("Object.keys(window).sort()")
    assert [name for name in after if name not in before] == ["__mounted"]
    stand_in.wait_until(lambda: (stand_in.conversation.push_bytes(b": x\n\n"), not stand_in.conversation.streams)[1])
    chat.page.wait_for_timeout(700)
    assert len(stand_in.sent("/chat/events")) == 1


def test_it_works_where_the_browser_remembers_nothing(lone_chat: ChatPage, stand_in: StandIn) -> None:
    lone_chat.page.add_init_script(
        """
        for (const area of ["localStorage", "sessionStorage"]) {
          const real = window[area];
          Object.defineProperty(window, area, { configurable: true, get: () => {
            if (new Error().stack.includes("/static/")) throw new DOMException("denied", "SecurityError");
            return real;
          } });
        }
        """
    )
    lone_chat.reload()
    lone_chat.send("Hello")
    expect(lone_chat.own).to_have_attribute("data-state", "sent")
    stand_in.wait_for_stream()
    stand_in.conversation.reply("Hello to you.")
    expect(lone_chat.answers).to_have_count(1)


def test_it_works_on_a_page_without_tls(lone_chat: ChatPage, stand_in: StandIn) -> None:
    """There, browsers offer neither crypto.randomUUID nor locks."""
    lone_chat.page.add_init_script(
        """
        Object.defineProperty(Crypto.prototype, "randomUUID", { value: undefined });
        Object.defineProperty(Navigator.prototype, "locks", { value: undefined });
        """
    )
    lone_chat.reload()
    lone_chat.send("Hello")
    expect(lone_chat.own).to_have_attribute("data-state", "sent")
    [request] = stand_in.sent("/chat/message")
    assert len(request.body["clientMessageId"]) == 36
