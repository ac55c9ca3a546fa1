"""Whichever process dies in the middle of an answer: it is taken back, shown once, and the next is answered too."""

import pytest

from tests.crashes.conftest import Shop


@pytest.mark.parametrize("point", ["turn.streaming", "model.streaming", "browser.streaming"])
def test_an_answer_that_breaks_off_is_taken_back_before_another_one_is_shown(shop: Shop, point: str) -> None:
    browser = shop.browser()
    shop.answers.slowly = True
    with browser.asking("first"):
        browser.await_delta()
        shop.fleet.arm(point)
        shop.answers.slowly = False
        browser.await_replies(2)
    assert not shop.fleet.armed(point)
    if point == "browser.streaming":  # the answer itself was not touched
        assert shop.answers.times("first") == 1
    else:
        assert shop.answers.times("first") == 2
        assert browser.resets
    shop.check(browser)


def test_a_whole_gateway_that_dies_while_the_answer_is_read_is_replaced_unnoticed(shop: Shop) -> None:
    browser = shop.browser()
    shop.answers.slowly = True
    with browser.asking("first") as asking:
        browser.await_delta()
        shop.fleet.web[0].kill()
        shop.answers.slowly = False
        browser.await_replies(2)
    assert 0 in asking.result().heard
    shop.check(browser)
