"""The connection to Postgres is cut at every few bytes of a commit: whether it counted or not, one effect remains."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from local_stack.postgres import PostgresServer
from tests.databases import fresh_database
from tests.fleet import Customer, Fleet
from tests.local_stack.waiting import eventually
from tests.lost_neighbours.looking import all_is_well
from tests.lost_neighbours.wired import Links, wired_fleet
from tests.web_gateway.gateways import conversation_of

# Bytes of an exchange. On a busy machine what follows it on the connection is cut as well, which would have no end.
LONGEST = 1500


@dataclass
class Shop:
    fleet: Fleet
    links: Links


@pytest.fixture(scope="module")
def shop(postgres_server: PostgresServer) -> Iterator[Shop]:
    with fresh_database(postgres_server) as addresses, wired_fleet(addresses.service or "") as (fleet, links):
        yield Shop(fleet, links)


def say(customer: Customer) -> None:
    """Post one message until it is taken, as the page does, and wait for the reply."""
    key = str(uuid.uuid4())
    eventually(lambda: customer.post("Hello", key).ok, 20)


@pytest.mark.parametrize("statement", ["record_events", "finish_turns"])
@pytest.mark.parametrize(("way", "step"), [("up", 110), ("down", 11)])
def test_whether_a_commit_counted_or_not_its_retry_leaves_one_effect(
    shop: Shop, statement: str, way: str, step: int
) -> None:
    conversations = []
    for position in range(0, LONGEST, step):  # until the exchange is over before the cut
        customer = shop.fleet.customer()  # whom no earlier turn holds up
        conversations.append(conversation_of(customer.session))
        cut = shop.links.postgres.cut_after(position, way, f"EXECUTE {statement}".encode())
        say(customer)
        shop.links.postgres.heal()
        if not cut.happened.is_set():
            break
    assert len(conversations) > 5
    all_is_well(shop.fleet)
    said = shop.fleet.query(
        "SELECT count(*) FILTER (WHERE author = 'customer'), count(*) FILTER (WHERE author = 'assistant')"
        " FROM messages WHERE conversation_id = ANY (%s::uuid[]) GROUP BY conversation_id",
        conversations,
    )
    assert said == [(1, 1)] * len(conversations)
