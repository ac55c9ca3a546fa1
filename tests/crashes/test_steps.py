"""Whichever process dies between two steps of a message's way: one reply, and the next question is answered too."""

import pytest

from tests.crashes.conftest import Shop


@pytest.mark.parametrize(
    "point",
    ["post.received", "receive.committed", "post.recorded", "turn.claimed", "turn.answered", "reply.committed"],
)
def test_a_process_that_dies_between_two_steps_costs_the_customer_nothing_but_time(shop: Shop, point: str) -> None:
    browser = shop.browser()
    shop.fleet.arm(point)
    browser.ask("first")
    assert not shop.fleet.armed(point)
    shop.check(browser)
