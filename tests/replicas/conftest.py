"""Two of everything, for the tests of one file; each of them brings customers of its own."""

from collections.abc import Iterator

import pytest

from local_stack.postgres import PostgresServer
from tests.databases import fresh_database
from tests.fleet import Fleet, running_fleet
from tests.replicas.quiescence import quiet


@pytest.fixture(scope="module")
def pairs(postgres_server: PostgresServer) -> Iterator[Fleet]:
    """Gateway 0 speaks to conversation service 0 only, gateway 1 to 1; a message is claimed where it was received."""
    with fresh_database(postgres_server) as addresses:
        with running_fleet(addresses.service or "", conversations=2, llms=2, webs=2, paired=True) as fleet:
            yield fleet
            quiet(fleet)
