"""The conversation service dies, hangs or cannot be heard: the gateway says so in time and finds it again by itself."""

import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import requests

from local_stack.postgres import PostgresServer
from tests.databases import fresh_database
from tests.fleet import Customer, Fleet
from tests.local_stack.waiting import eventually
from tests.lost_neighbours.crowd import Crowd, statuses
from tests.lost_neighbours.looking import IN_TIME, Piles, all_is_well, is_ready, refused_in_time
from tests.lost_neighbours.wired import Links, wired_fleet
from tests.scripted_openai import HELLO

# Pings after 10 s of silence and 5 s to answer one (chassis/channel.py): the longest that a dead connection is kept.
KEEPALIVE_SECONDS = 15


@dataclass
class Shop:
    fleet: Fleet
    links: Links

    def kill(self) -> None:
        self.fleet.conversation[0].kill()

    def start(self) -> None:
        self.fleet.conversation[0].start()

    def freeze(self) -> None:
        self.fleet.conversation[0].signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.fleet.conversation[0].signal(signal.SIGCONT)

    def swallow(self) -> None:
        self.links.conversation.swallow()

    def heal(self) -> None:
        self.links.conversation.heal()

    def heal_and_reset(self) -> None:
        self.links.conversation.heal()
        self.links.conversation.reset()


@pytest.fixture(scope="module")
def shop(postgres_server: PostgresServer) -> Iterator[Shop]:
    with fresh_database(postgres_server) as addresses, wired_fleet(addresses.service or "") as (fleet, links):
        Crowd(fleet, 50).post()  # until every thread is there that there will be
        yield Shop(fleet, links)


def history(customer: Customer) -> requests.Response:
    headers = {"Authorization": f"Bearer {customer.session}"}
    return requests.get(f"{customer.url}/chat/messages", headers=headers, timeout=10)


@pytest.mark.parametrize(
    ("fault", "end", "gone", "found_again_within"),
    [
        (Shop.kill, Shop.start, 4, 10),
        (Shop.freeze, Shop.thaw, 6, 10),
        (Shop.swallow, Shop.heal_and_reset, 4, 10),
        # What was open is dead for good, and nobody says so: that is what the pings are for.
        pytest.param(Shop.swallow, Shop.heal, 6, KEEPALIVE_SECONDS + 5, marks=pytest.mark.long),
    ],
)
def test_without_the_conversation_service_everybody_is_told_in_time_and_open_streams_go_on_after_it(
    shop: Shop,
    fault: Callable[[Shop], None],
    end: Callable[[Shop], None],
    gone: float,
    found_again_within: float,
) -> None:
    fleet = shop.fleet
    crowd, piles, follower = Crowd(fleet, 200), Piles(fleet), fleet.customer()
    with follower.listening() as stream:
        began = time.monotonic()
        fault(shop)
        try:
            refused_in_time(crowd.post())
            refusal = history(follower)
            assert (refusal.status_code, refusal.elapsed.total_seconds() < IN_TIME) == (503, True)
            eventually(lambda: not is_ready(fleet), 8)
            assert requests.get(f"{fleet.url()}/healthz", timeout=2).ok
            refused_in_time(crowd.post())
            piles.check_gateway()
            time.sleep(max(0, gone - (time.monotonic() - began)))
        finally:
            end(shop)
        eventually(lambda: is_ready(fleet), found_again_within)
        assert statuses(crowd.insist(seconds=10)) == {200: 200}
        assert follower.post("Am I still followed?").json()["reply"] == HELLO
        assert [event.data["author"] for event in stream.messages(2)] == ["customer", "assistant"]
    all_is_well(fleet)
    piles.check_gateway()
