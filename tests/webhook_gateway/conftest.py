"""What the webhook gateway's tests share: two gateways with the tests' own channel over one conversation service."""

from collections.abc import Iterator

import pytest

from local_stack.postgres import PostgresServer
from tests.databases import fresh_database
from tests.fleet import Fleet
from tests.webhook_gateway.platform import Platform, parrot_fleet


@pytest.fixture(scope="session")
def fleet(postgres_server: PostgresServer) -> Iterator[Fleet]:
    """For tests that leave every process as they found it."""
    with fresh_database(postgres_server) as addresses, parrot_fleet(addresses.service or addresses.owner) as fleet:
        yield fleet


@pytest.fixture
def platform(fleet: Fleet) -> Platform:
    return Platform(fleet)
