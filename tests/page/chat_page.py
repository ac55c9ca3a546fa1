"""The chat page as a test sees it: its parts by name, and a guard that notes everything that must not happen."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page

# Before any script of the page: notes what its security policy stopped, and whether foreign code ran.
WATCH = """
window.__violations = [];
window.__ran = [];
addEventListener("securitypolicyviolation", (e) => window.__violations.push(`${e.violatedDirective} ${e.blockedURI}`));
for (const name of ["alert", "confirm", "prompt", "print"]) {
  window[name] = (...said) => window.__ran.push([name, ...said]);
}
"""
DEVICES: dict[str, dict[str, Any]] = {
    "phone": {"viewport": {"width": 360, "height": 640}, "is_mobile": True, "has_touch": True},
    "desk": {"viewport": {"width": 1280, "height": 800}},
}


class Tab:
    """A tab of the browser, with a note of all that went wrong in it. Used for one test after the other."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.origin = origin
        self.problems: list[str] = []
        self.page = context.new_page()
        self.page.set_default_timeout(6000)
        self.page.add_init_script(WATCH)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: (self.problems.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.on("request", lambda request: self._request(request.url))

    def _console(self, message: ConsoleMessage) -> None:
        # Chromium reports every refused or broken request; the page is meant to survive those.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.problems.append(f"console: {message.text}")

    def _request(self, url: str) -> None:
        if not url.startswith((f"{self.origin}/", "data:", "about:")):
            self.problems.append(f"request: {url}")

    def leave(self) -> None:
        """Empties the browser's memory and notes what the page itself saw going wrong."""
        self.page.context.set_offline(False)
        self.problems += self.page.evaluate("[...window.__violations, ...window.__ran.map(String)]")
        self.page.evaluate("localStorage.clear(); sessionStorage.clear()")
        self.page.goto("about:blank")


class ChatPage:
    """The chat page in a tab."""

    def __init__(self, tab: Tab) -> None:
        self.tab = tab
        self.page: Page = tab.page
        self.page.goto(tab.origin)
        self.page.locator(".spur-chat").wait_for()

    # What a person does

    def send(self, text: str) -> None:
        self.field.fill(text)
        self.field.press("Enter")

    def reload(self) -> None:
        self.page.reload()
        self.page.locator(".spur-chat").wait_for()

    def run(self, script: str, argument: Any = None) -> Any:
        return self.page.evaluate(script, argument)

    # What a person sees

    @property
    def field(self) -> Locator:
        return self.page.get_by_role("textbox", name="Your message")

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log")

    @property
    def own(self) -> Locator:
        return self.page.locator(".row.mine")

    @property
    def answers(self) -> Locator:
        return self.page.locator(".row.theirs[data-author=assistant]:not(.preview, .typing)")

    @property
    def preview(self) -> Locator:
        return self.page.locator(".row.preview")

    @property
    def typing(self) -> Locator:
        return self.page.locator(".row.typing")

    @property
    def bubbles(self) -> Locator:
        """The words of all messages, finished or not, as they stand."""
        return self.page.locator(".row:not(.typing) .bubble > *")

    @property
    def scroller(self) -> Locator:
        return self.page.locator(".scroller")

    @property
    def banner(self) -> Locator:
        return self.page.locator(".banner")

    @property
    def jump(self) -> Locator:
        return self.page.get_by_role("button", name="New messages")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def gap(self) -> float:
        """Pixels between what is seen and the end of the conversation."""
        return self.scroller.evaluate("e => e.scrollHeight - e.scrollTop - e.clientHeight")
