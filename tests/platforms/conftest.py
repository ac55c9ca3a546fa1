"""A world for all tests of a file that leave its processes as they were."""

from collections.abc import Iterator

import pytest

from local_stack.postgres import PostgresServer
from tests.databases import fresh_database
from tests.platforms.world import World, running_world


@pytest.fixture(scope="module")
def shared_world(postgres_server: PostgresServer) -> Iterator[World]:
    with fresh_database(postgres_server) as addresses, running_world(addresses.service or addresses.owner) as running:
        yield running


@pytest.fixture
def world(shared_world: World) -> Iterator[World]:
    """Whose platforms behave, and whose counts begin anew."""
    shared_world.simulator.behave()
    yield shared_world
    shared_world.simulator.behave()
