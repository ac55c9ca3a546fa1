"""Postgres is gone for a while, hangs, or cannot be heard: callers are told at once, and all is well after it."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import pytest

from tests.fleet import Fleet
from tests.local_stack.waiting import eventually
from tests.lost_neighbours.crowd import Crowd, statuses
from tests.lost_neighbours.database_server import OwnServer, own_server
from tests.lost_neighbours.looking import Piles, all_is_well, is_ready, refused_in_time
from tests.lost_neighbours.wired import Links, wired_fleet
from tests.scripted_openai import HELLO, Pace


@dataclass
class Shop:
    server: OwnServer
    fleet: Fleet
    links: Links


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with own_server() as server, wired_fleet(server.url) as (fleet, links):
        yield Shop(server, fleet, links)


@contextmanager
def gone(begin: Callable[[], None], end: Callable[[], None], seconds: float) -> Iterator[None]:
    """Without a database for so long, whatever the block does meanwhile."""
    begin()
    began = time.monotonic()
    try:
        yield
        time.sleep(max(0, seconds - (time.monotonic() - began)))
    finally:
        end()


@contextmanager
def stopped(shop: Shop, seconds: float) -> Iterator[None]:
    with gone(shop.server.stop, shop.server.start, seconds):
        yield


@contextmanager
def frozen(shop: Shop, seconds: float) -> Iterator[None]:
    with gone(shop.server.freeze, shop.server.thaw, seconds):
        yield


@contextmanager
def swallowed(shop: Shop, seconds: float) -> Iterator[None]:
    """Whatever connection was open then is dead for good, and nobody ever says so."""
    with gone(shop.links.postgres.swallow, shop.links.postgres.heal, seconds):
        yield


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        (stopped, 4),
        (frozen, 6),
        (swallowed, 10),
        pytest.param(stopped, 10, marks=pytest.mark.long),
        pytest.param(frozen, 10, marks=pytest.mark.long),
    ],
)
def test_without_postgres_everybody_is_told_within_three_seconds_and_afterwards_all_is_well_by_itself(
    shop: Shop, fault: Callable[[Shop, float], AbstractContextManager[None]], seconds: float
) -> None:
    fleet = shop.fleet
    crowd, waiting, follower = Crowd(fleet, 200), fleet.customer(), fleet.customer()
    assert statuses(crowd.post()) == {200: 200}
    piles = Piles(fleet)
    fleet.model.requests.clear()
    fleet.model.pace = Pace(delay=1.5)
    with ThreadPoolExecutor(1) as pool, follower.listening() as stream:
        reply = pool.submit(waiting.post, "I can wait")
        eventually(lambda: len(fleet.model.requests) == 1)
        fleet.model.pace = Pace()
        crowd = Crowd(fleet, 200)
        with fault(shop, seconds):
            refused_in_time(crowd.post())
            eventually(lambda: not is_ready(fleet), 8)
            piles.check()
            refused_in_time(crowd.post())
        eventually(lambda: is_ready(fleet), 10)
        answers = crowd.insist(seconds=10)
        assert statuses(answers) == {200: 200}
        assert reply.result(10).json()["reply"] == HELLO
        follower.post("Am I still followed?")
        assert [event.data["author"] for event in stream.messages(2)] == ["customer", "assistant"]
    all_is_well(fleet)
    piles.check()
    for visitor, answer in zip(crowd.visitors, answers, strict=True):
        assert answer.body["sessionId"] == visitor.session
    ((messages,),) = fleet.query("SELECT count(*) FROM messages WHERE author = 'customer'")
    ((replies,),) = fleet.query("SELECT count(*) FROM messages WHERE author = 'assistant'")
    assert messages == replies


def test_a_service_whose_postgres_hangs_still_ends_in_time_when_it_is_told_to(shop: Shop) -> None:
    service = shop.fleet.conversation[0]
    shop.server.freeze()
    try:
        eventually(lambda: not is_ready(shop.fleet), 6)
        assert service.terminate() < 10
    finally:
        shop.server.thaw()
    service.start()
    eventually(lambda: is_ready(shop.fleet), 10)
    assert shop.fleet.customer().post("Hello again").json()["reply"] == HELLO
