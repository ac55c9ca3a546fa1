"""A worker that stands still for longer than its lease, and wakes up as if nothing had happened, changes nothing."""

import signal
from pathlib import Path

import pytest

from tests.crashes.conftest import PAIR, Shop
from tests.fleet import Member
from tests.local_stack.waiting import eventually

pytestmark = pytest.mark.parametrize("_shop", [PAIR], indirect=True)


def is_stopped(member: Member) -> bool:
    return Path(f"/proc/{member.pid}/stat").read_text().rsplit(")", maxsplit=1)[1].split()[0] == "T"


def replies(shop: Shop) -> int:
    """In the newest conversation."""
    newest = "SELECT id FROM conversations ORDER BY created_at DESC LIMIT 1"
    found = shop.fleet.query(
        f"SELECT count(*) FROM messages WHERE author = 'assistant' AND conversation_id = ({newest})"
    )
    return int(found[0][0])


def refusals(member: Member) -> float:
    """How often it wrote too late, or heard in time that it is not to write."""
    return member.metric("turns_fenced_total") + len(member.events("a turn was taken over"))


@pytest.mark.parametrize("point", ["turn.answered", "turn.streaming"])
def test_a_worker_that_wakes_up_after_its_lease_does_not_answer_a_second_time(shop: Shop, point: str) -> None:
    browser = shop.browser()
    before = {member: refusals(member) for member in shop.fleet.conversation}
    shop.answers.slowly = point == "turn.streaming"  # of an answer that comes as a whole nothing is streamed
    shop.fleet.arm(point, "stop")
    with browser.asking("first"):
        eventually(lambda: any(map(is_stopped, shop.fleet.conversation)))
        (sleeper,) = filter(is_stopped, shop.fleet.conversation)
        eventually(lambda: replies(shop) == 2)
        sleeper.signal(signal.SIGCONT)
        eventually(lambda: refusals(sleeper) > before[sleeper])
    assert shop.answers.times("first") == 2
    shop.check(browser)


def test_a_late_answer_is_refused_though_the_one_in_its_place_is_still_being_written(shop: Shop) -> None:
    browser = shop.browser()
    before = {member: refusals(member) for member in shop.fleet.conversation}
    shop.fleet.arm("turn.answered", "stop")
    with browser.asking("first") as asking:
        eventually(lambda: any(map(is_stopped, shop.fleet.conversation)))
        (sleeper,) = filter(is_stopped, shop.fleet.conversation)
        shop.answers.slowly = True
        eventually(lambda: shop.answers.times("first") == 2)
        sleeper.signal(signal.SIGCONT)
        eventually(lambda: refusals(sleeper) > before[sleeper])
    assert asking.result().reply["reply"].startswith(f"Answer {len(shop.answers.asked)} ")
    shop.check(browser)
