"""Two of everything, for the tests of one file; each of them brings customers of its own."""

from collections.abc import Iterator

import pytest

from local_stack.postgres import PostgresServer
from tests.databases import fresh_database
from tests.fleet import Fleet, running_fleet
from tests.invariants import Invariants
from tests.local_stack.waiting import eventually


@pytest.fixture(scope="module")
def pairs(postgres_server: PostgresServer) -> Iterator[Fleet]:
    """Gateway 0 speaks to conversation service 0 only, gateway 1 to 1; a message is claimed where it was received."""
    with fresh_database(postgres_server) as addresses:
        url = getattr(addresses, "service", addresses)
        with running_fleet(url, conversations=2, llms=2, webs=2, paired=True) as fleet:
            yield fleet
            quiet(fleet)


def quiet(fleet: Fleet) -> None:
    """Wait until nothing is under way, then look at what is stored."""
    stored = Invariants(fleet.query)
    eventually(lambda: stored.open_turns() == 0, 30)
    stored.check()
