"""A turn that kills whoever answers it is given the safe text in the end, and nobody is killed a third time."""

from conversation_service.writer import SAFE_TEXT
from tests.crashes.conftest import MakeShop


def test_the_third_attempt_says_the_safe_text_without_asking_the_model(make_shop: MakeShop) -> None:
    with make_shop(1, restarts=True) as shop:
        browser = shop.browser()
        shop.answers.slowly = True  # of an answer that comes as a whole nothing is streamed
        shop.fleet.arm("turn.streaming", "kill always")
        asked = browser.ask("first")
        shop.fleet.disarm("turn.streaming")
        assert asked.reply["reply"] == SAFE_TEXT
        assert asked.reply["meta"]["errorCode"] == "attempts_exhausted"
        assert shop.answers.times("first") == 2
        shop.check(browser)
