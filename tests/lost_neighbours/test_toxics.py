"""Every link is slow, loses one direction, or breaks at every few bytes: one message, exactly one reply at the end."""

import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
import requests

from local_stack.postgres import PostgresServer
from tests.databases import fresh_database
from tests.fleet import Customer, Fleet
from tests.local_stack.waiting import eventually
from tests.lost_neighbours.looking import all_is_well
from tests.lost_neighbours.proxy import Proxy
from tests.lost_neighbours.toxics import Way
from tests.lost_neighbours.wired import Links, wired_fleet
from tests.web_gateway.gateways import conversation_of

LINKS = ("conversation", "llm", "postgres", "model")
TOXICS = {
    "latency": Way(latency=0.3),
    "slow bytes": Way(piece=64, pause=0.01),
    "one byte at a time": Way(piece=1),
}


@dataclass
class Shop:
    fleet: Fleet
    links: Links

    def link(self, name: str) -> Proxy:
        return self.links.all()[name]


@pytest.fixture(scope="module")
def shop(postgres_server: PostgresServer) -> Iterator[Shop]:
    # A model that is left alone for a while would not be there to be cut off.
    settings = {"LLM_TIMEOUT_MS": "2000", "LLM_BREAKER_FAILURES": "1000000"}
    with (
        fresh_database(postgres_server) as addresses,
        wired_fleet(addresses.service or "", **settings) as (fleet, links),
    ):
        yield Shop(fleet, links)


def walk(customer: Customer) -> None:
    """Post one message until its reply is there, as the page does."""
    key = str(uuid.uuid4())

    def answered() -> bool:
        try:
            answer = customer.post("How long do I have to return shoes?", key, timeout=30)
        except requests.ConnectionError:
            return False
        return answer.status_code == 200 and "30 days" in answer.json()["reply"]

    eventually(answered, 60)


def check_one_reply_each(shop: Shop, customer: Customer, messages: int) -> None:
    all_is_well(shop.fleet)
    authors = shop.fleet.query(
        "SELECT author FROM messages WHERE conversation_id = %s::uuid ORDER BY seq", conversation_of(customer.session)
    )
    assert authors == [("customer",), ("assistant",)] * messages


@pytest.mark.parametrize("toxic", TOXICS)
@pytest.mark.parametrize("link", LINKS)
def test_over_a_slow_link_every_message_gets_one_reply(shop: Shop, link: str, toxic: str) -> None:
    customer, proxy = shop.fleet.customer(), shop.link(link)
    proxy.up = proxy.down = TOXICS[toxic]
    try:
        walk(customer)
    finally:
        shop.links.heal()
    check_one_reply_each(shop, customer, 1)


@pytest.mark.parametrize("seconds", [1, pytest.param(6, marks=pytest.mark.long)])
@pytest.mark.parametrize("way", ["up", "down"])
@pytest.mark.parametrize("link", LINKS)
def test_a_link_that_loses_one_direction_and_then_breaks_leaves_one_reply(
    shop: Shop, link: str, way: str, seconds: float
) -> None:
    customer, proxy = shop.fleet.customer(), shop.link(link)
    setattr(proxy, way, Way(loses=True))
    with ThreadPoolExecutor(1) as pool:
        walking = pool.submit(walk, customer)
        time.sleep(seconds)
        shop.links.heal()
        proxy.reset()
        walking.result(60)
    check_one_reply_each(shop, customer, 1)


@pytest.mark.parametrize(("way", "step"), [("up", 61), ("down", 53)])
@pytest.mark.parametrize("link", ["conversation", "llm", "model"])  # of Postgres test_commit_unknown.py does
def test_a_link_that_breaks_at_any_byte_leaves_one_reply(shop: Shop, link: str, way: str, step: int) -> None:
    customer, messages = shop.fleet.customer(), 0
    for position in range(0, 15 * step, step):
        cut = shop.link(link).cut_after(position, way)
        while not cut.happened.is_set():  # a short exchange does not reach far
            walk(customer)
            messages += 1
    check_one_reply_each(shop, customer, messages)
