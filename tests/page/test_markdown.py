"""The little Markdown that an answer may use."""

import pytest

from tests.page.chat_page import ChatPage


def link(href: str, words: str) -> str:
    rest = 'rel="noopener noreferrer nofollow" target="_blank"'
    return f'<a href="{href}" title="{href}" {rest}>{words}</a>'


PLAIN = "https://shop.example/a_(b)_c?x=1&amp;y=2"


def drawn(chat: ChatPage, text: str, **options: object) -> str:
    return chat.run(
        """async ([text, options]) => {
          const { createRenderer } = await import("/static/chat/render.js");
          const box = document.createElement("div");
          createRenderer(box, options)(text);
          for (const node of box.querySelectorAll("[dir]")) node.removeAttribute("dir");
          return box.innerHTML;
        }""",
        [text, options],
    )


@pytest.fixture(scope="module")
def cases() -> dict[str, str]:
    return {
        "": "",
        "one": "<p>one</p>",
        "one\ntwo": "<p>one<br>two</p>",
        "one\r\n\r\ntwo": "<p>one</p><p>two</p>",
        "one\n \n\n\ntwo\n": "<p>one</p><p>two</p>",
        "**b** and *i* and `c`": "<p><strong>b</strong> and <em>i</em> and <code>c</code></p>",
        "__b__ and _i_": "<p><strong>b</strong> and <em>i</em></p>",
        "***both***": "<p><strong><em>both</em></strong></p>",
        "**a *b* c**": "<p><strong>a <em>b</em> c</strong></p>",
        "*a **b** c*": "<p><em>a <strong>b</strong> c</em></p>",
        "snake_case_name and 2 * 3 * 4": "<p>snake_case_name and 2 * 3 * 4</p>",
        "**open and *open": "<p>**open and *open</p>",
        "** not **": "<p>** not **</p>",
        "****": "<p>****</p>",
        "`a **b** <c>`": "<p><code>a **b** &lt;c&gt;</code></p>",
        "``a ` b``": "<p><code>a ` b</code></p>",
        "\\*no\\* \\[no\\](x)": "<p>*no* [no](x)</p>",
        "- a\n- **b**\n* c": "<ul><li>a</li><li><strong>b</strong></li><li>c</li></ul>",
        "• a\n• b": "<ul><li>a</li><li>b</li></ul>",
        "1. a\n2. b": "<ol><li>a</li><li>b</li></ol>",
        "1. a\n\n2. b": "<ol><li>a</li><li>b</li></ol>",
        "1. a\n   - b\n2. c": '<ol><li>a</li></ol><ul><li>b</li></ul><ol start="2"><li>c</li></ol>',
        "Steps:\n- a\n  more\n\nEnd": "<p>Steps:</p><ul><li>a<br>more</li></ul><p>End</p>",
        "[us](https://shop.example/a)": f"<p>{link('https://shop.example/a', 'us')}</p>",
        "[**us**](mailto:a@shop.example)": f"<p>{link('mailto:a@shop.example', '<strong>us</strong>')}</p>",
        "See https://shop.example/a_(b)_c?x=1&y=2.": f"<p>See {link(PLAIN, PLAIN)}.</p>",
        "[a](https://shop.example/w_(x))!": f"<p>{link('https://shop.example/w_(x)', 'a')}!</p>",
        "[bank.example](https://evil.example/x)": f"<p>{link('https://evil.example/x', 'evil.example/x')}</p>",
        "[x](ftp://a.example) [y](javascript:z)": "<p>[x](ftp://a.example) [y](javascript:z)</p>",
        "![alt](https://a.example/b.png)": "<p>![alt](https://a.example/b.png)</p>",
        "# not a heading": "<p># not a heading</p>",
        "<b>no</b>": "<p>&lt;b&gt;no&lt;/b&gt;</p>",
    }  # fmt: skip


def test_each_form_becomes_its_elements(chat: ChatPage, cases: dict[str, str]) -> None:
    assert {text: drawn(chat, text) for text in cases} == cases


def test_a_text_that_grows_ends_as_if_drawn_at_once(chat: ChatPage, cases: dict[str, str]) -> None:
    for text, wanted in cases.items():
        grown = chat.run(
            """async (text) => {
              const { createRenderer } = await import("/static/chat/render.js");
              const box = document.createElement("div");
              const draw = createRenderer(box);
              for (let end = 0; end <= text.length; end++) draw(text.slice(0, end));
              for (const node of box.querySelectorAll("[dir]")) node.removeAttribute("dir");
              return box.innerHTML;
            }""",
            text,
        )
        assert grown == wanted


def test_a_link_cannot_be_followed_while_it_is_written(chat: ChatPage) -> None:
    assert drawn(chat, "[us](https://shop.example/)", links=False) == '<p><span class="link">us</span></p>'


def test_every_block_finds_its_own_direction(chat: ChatPage) -> None:
    directions = chat.run(
        """async () => {
          const { createRenderer } = await import("/static/chat/render.js");
          const box = document.createElement("div");
          document.body.append(box);
          createRenderer(box)("hello\\n\\n\u05e9\u05dc\u05d5\u05dd\\n\\n- \u0645\u0631\u062d\\n- hi");
          return [...box.querySelectorAll("p, ul, li")].map((node) => getComputedStyle(node).direction);
        }"""
    )
    assert directions == ["ltr", "rtl", "rtl", "rtl", "ltr"]
