"""An LLM service that stands still, as a machine does that is out of memory, keeps nobody waiting."""

import signal

from conversation_service.writer import SAFE_TEXT
from tests.crashes.conftest import MakeShop


def test_a_lone_llm_service_that_stands_still_is_given_up_in_time_and_used_again_once_it_moves(
    make_shop: MakeShop,
) -> None:
    with make_shop(1, restarts=True, LLM_TIMEOUT_MS="1000", LLM_UNAVAILABLE_SECONDS="1") as shop:
        browser = shop.browser()
        shop.answers.slowly = True
        with browser.asking("first") as asking:
            browser.await_delta()
            shop.fleet.llm[0].signal(signal.SIGSTOP)
            browser.await_replies(2)
        assert asking.result().reply["reply"] == SAFE_TEXT
        assert asking.result().reply["meta"]["errorCode"] == "llm_unavailable"
        assert browser.resets
        shop.fleet.llm[0].signal(signal.SIGCONT)
        shop.answers.slowly = False
        assert browser.ask("second").reply["meta"]["errorCode"] == ""
        shop.check(browser)


def test_of_two_llm_services_the_one_that_moves_answers(make_shop: MakeShop) -> None:
    with make_shop(2, restarts=False, LLM_TIMEOUT_MS="1000") as shop:
        browser = shop.browser()
        shop.fleet.llm[0].signal(signal.SIGSTOP)
        codes = [browser.ask(text).reply["meta"]["errorCode"] for text in ("first", "second")]
        assert codes == ["", ""]
        shop.fleet.llm[0].signal(signal.SIGCONT)
        shop.check(browser)
