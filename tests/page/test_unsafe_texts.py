"""Whatever a customer types or a model says, nothing runs, nothing is fetched, and nothing leaves its place."""

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.page.chat_page import ChatPage
from tests.page.conversations import frame
from tests.page.stand_in import Fault, StandIn

PAYLOADS = Path(__file__).with_name("xss_payloads.txt").read_text(encoding="utf-8").splitlines()[1:]

# What is within the messages and is not one of the few things that a message is made of.
STRANGERS = """
(root) => {
  const TAGS = "div span p br strong em code ul ol li a time i button svg path".split(" ");
  const ATTRIBUTES = ("class dir hidden title datetime type start href rel target data-author data-state aria-hidden " +
    "aria-live viewBox focusable d").split(" ");
  const strange = [];
  for (const node of root.querySelectorAll("*")) {
    if (!TAGS.includes(node.localName)) strange.push(node.localName);
    for (const { name } of node.attributes) if (!ATTRIBUTES.includes(name)) strange.push(`${node.localName} ${name}`);
    if (node.localName !== "a") continue;
    const safe = ["http:", "https:", "mailto:"].includes(node.protocol) && !node.username && !node.password;
    if (!safe || node.rel !== "noopener noreferrer nofollow" || node.target !== "_blank") strange.push(node.outerHTML);
  }
  return strange;
}
"""


def strangers(chat: ChatPage) -> list[str]:
    return chat.log.evaluate(STRANGERS)


def test_there_are_enough_payloads() -> None:
    assert len(set(PAYLOADS)) >= 60


def test_payloads_in_the_history_are_text(talking: ChatPage, stand_in: StandIn) -> None:
    for number, payload in enumerate(PAYLOADS):
        stand_in.conversation.write("customer", payload, turn=100 + number)
        cited = [{"source": payload, "title": payload}]
        stand_in.conversation.reply(f"{payload}\n\n{payload}", turn=100 + number, citations=cited)
        stand_in.conversation.write("human" if number % 2 else "system", payload, turn=100 + number)
    talking.reload()
    expect(talking.own).to_have_count(len(PAYLOADS) + 1)
    assert strangers(talking) == []
    shown = talking.own.locator(".bubble").evaluate_all("nodes => nodes.map((node) => node.textContent)")
    assert shown[1:] == PAYLOADS


def test_payloads_that_are_typed_are_text(talking: ChatPage, stand_in: StandIn) -> None:
    talking.run(
        """(payloads) => {
          const field = document.querySelector("textarea");
          for (const payload of payloads) {
            field.value = payload;
            field.dispatchEvent(new Event("input", { bubbles: true }));
            field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
          }
        }""",
        PAYLOADS,
    )
    expect(talking.page.locator(".row.mine[data-state=sent]")).to_have_count(len(PAYLOADS) + 1, timeout=20_000)
    assert strangers(talking) == []
    texts = [m["text"] for m in stand_in.conversation.messages.values() if m["author"] == "customer"]
    assert texts[1:] == PAYLOADS


def test_payloads_that_are_streamed_are_text(talking: ChatPage, stand_in: StandIn) -> None:
    conversation = stand_in.conversation
    for number, payload in enumerate(PAYLOADS):
        for half in (payload[: len(payload) // 2], payload[len(payload) // 2 :]):
            conversation.delta(half, turn=100 + number)
    expect(talking.preview).to_have_count(len(PAYLOADS))
    assert strangers(talking) == []
    assert talking.preview.locator("a").count() == 0
    for number, payload in enumerate(PAYLOADS):
        conversation.reply(payload, turn=100 + number)
    expect(talking.answers).to_have_count(len(PAYLOADS) + 1)
    assert strangers(talking) == []


def test_no_prefix_of_a_payload_is_more_than_text(chat: ChatPage) -> None:
    strange = chat.run(
        f"""async (payloads) => {{
          const {{ createRenderer }} = await import("/static/chat/render.js");
          const strangers = {STRANGERS};
          const strange = [];
          for (const payload of payloads) {{
            const root = document.querySelector(".log");
            const draw = createRenderer(root);
            for (let end = 0; end <= payload.length; end++) {{
              draw(payload.slice(0, end));
              strange.push(...strangers(root));
            }}
            root.replaceChildren();
          }}
          return strange;
        }}""",
        PAYLOADS,
    )
    assert strange == []


def test_a_stream_cut_at_any_byte_says_the_same(chat: ChatPage) -> None:
    texts = [*PAYLOADS[:12], "Größe 👟\r\n\u0645\u0631\u062d\u2028\u200b", "data: x\n\nevent: message\n\nid: 9\n"]
    wrong = chat.run(
        """async (texts) => {
          const { createParser } = await import("/static/chat/sse.js");
          const wrong = [];
          for (const [bytes, want] of texts) {
            const all = Uint8Array.from(bytes);
            const read = (cuts) => {
              const parse = createParser();
              const events = cuts.flatMap((cut, index) => parse(all.slice(cuts[index - 1] ?? 0, cut)));
              return JSON.stringify(events.map(({ event, data, id }) => [event, data, id]));
            };
            for (let cut = 0; cut <= all.length; cut++) if (read([cut, all.length]) !== want) wrong.push([cut, want]);
            if (read([...all.keys()].map((index) => index + 1)) !== want) wrong.push(["each", want]);
          }
          return wrong;
        }""",
        [
            [
                list(b": hello\n\n" + frame("delta", {"turn": 1, "text": text}) + frame("message", {"text": text}, 7)),
                json.dumps(
                    [["delta", {"turn": 1, "text": text}, None], ["message", {"text": text}, 7]],
                    separators=(",", ":"),
                    ensure_ascii=False,
                ),
            ]
            for text in texts
        ],
    )
    assert wrong == []


def test_random_marks_never_become_more_than_text(chat: ChatPage) -> None:
    strange = chat.run(
        f"""async () => {{
          const {{ createRenderer }} = await import("/static/chat/render.js");
          const strangers = {STRANGERS};
          const pieces = [..."*_`[]()!<>\\"'&\\\\ aé👟", "**", "``", "\\n", "\\n\\n", "- ", "1. ", "\\ud83d"];
          pieces.push("https://shop.example/x", "javascript:", "mailto:a@b.example", "onerror=", "<img src=x ");
          let seed = 20261122;
          const random = (below) => (seed = (seed * 1103515245 + 12345) % 2147483648) % below;
          const root = document.querySelector(".log");
          const strange = [];
          for (let round = 0; round < 3000; round++) {{
            const text = Array.from({{ length: 3 + random(25) }}, () => pieces[random(pieces.length)]).join("");
            createRenderer(root)(text);
            strange.push(...strangers(root).map((what) => [text, what]));
            root.replaceChildren();
          }}
          return strange;
        }}"""
    )
    assert strange == []


def test_no_text_keeps_the_page_busy(chat: ChatPage) -> None:
    marks = ["[", "![", "[a](", "*a ", "**a ", "_a", "`", "http://:", "h", "\\", "(", "- \n", "1. a\n\n", "[](", "*"]
    texts = [(mark * 60_000)[:60_000] for mark in marks]
    texts += ["[" * 25_000 + "a" * 25_000 + "](x", "[a](https://b.example/" + "(" * 60_000, " " * 60_000 + "x"]
    texts += ["".join("`" * length + " " for length in range(340))]
    slow = chat.run(
        """async (texts) => {
          const { createRenderer } = await import("/static/chat/render.js");
          const slow = [];
          for (const text of texts) {
            const draw = createRenderer(document.createElement("div"));
            const start = performance.now();
            draw(text);
            const took = performance.now() - start;
            if (took > 3000) slow.push([text.slice(0, 10), took]);
          }
          return slow;
        }""",
        texts,
    )
    assert slow == []


def test_hostile_fields_of_the_server_are_only_text(talking: ChatPage, stand_in: StandIn) -> None:
    conversation = stand_in.conversation
    image = "<img src=x onerror=alert(1)>"
    for author in (image, "constructor", "__proto__", "toString"):
        conversation.write(author, image, kind=image, createdAt=image)
    citations = [{"source": image, "title": None}, {"source": 7, "title": image}]
    conversation.write("assistant", "x", turn=50, meta={"citations": citations})
    conversation.write("customer", "y", clientMessageId=f'"]{image}')
    odd: list[tuple[str, Any]] = [("__proto__", {}), ("constructor", {}), ("message", None), ("message", {"id": {}})]
    for event, data in [*odd, ("delta", {"turn": "x", "text": 7})]:
        conversation.push(event, data)
    conversation.push("delta", {"turn": "60", "text": "The end."})
    expect(talking.preview).to_contain_text("The end.")
    assert strangers(talking) == []


def test_an_error_that_is_markup_is_only_text(talking: ChatPage, stand_in: StandIn) -> None:
    image = "<img src=x onerror=alert(1)>"
    stand_in.fail("/chat/message", Fault(status=400, code=image, message=image))
    talking.send("Hello")
    expect(talking.own.nth(1)).to_contain_text(image)
    assert strangers(talking) == []


def test_the_token_is_in_no_address(talking: ChatPage, stand_in: StandIn) -> None:
    talking.reload()
    expect(talking.answers).to_have_count(1)
    tokens = list(stand_in.conversations)
    seen = [[request.path, request.query, request.headers.get("Referer", "")] for request in stand_in.requests]
    addresses = json.dumps(seen)
    assert tokens
    assert not any(token in addresses for token in tokens)
    assert not any("Cookie" in request.headers for request in stand_in.requests)


def test_the_policy_stops_what_the_page_never_does(chat: ChatPage) -> None:
    """The policy is in force: without it, the other tests' silence would mean nothing."""
    chat.run("""() => {
      const image = document.createElement("img");
      image.src = "https://evil.example/x.png";
      document.body.append(image);
      try {
        document.body.insertAdjacentHTML("beforeend", "<b>x</b>");
      } catch (error) {
        window.__refused = error.name;
      }
    }""")
    chat.page.wait_for_function("window.__violations.length >= 2")
    assert chat.run("window.__refused") == "TypeError"
    assert any("img-src" in violation for violation in chat.run("window.__violations"))
    chat.run("window.__violations.length = 0")
    chat.page.wait_for_timeout(50)
    assert chat.tab.problems
    chat.tab.problems.clear()
