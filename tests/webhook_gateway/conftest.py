"""What the webhook gateway's tests share: two gateways with the tests' own channel over one conversation service."""

from collections.abc import Iterator

import pytest

from local_stack.postgres import PostgresServer
from tests.databases import fresh_database
from tests.fleet import Fleet
from tests.simulator.running import running_simulator
from tests.webhook_gateway.checks_stage import Stage, running_gateway
from tests.webhook_gateway.platform import Platform, parrot_fleet


@pytest.fixture(scope="package")
def fleet(postgres_server: PostgresServer) -> Iterator[Fleet]:
    """For tests that leave every process as they found it."""
    with fresh_database(postgres_server) as addresses, parrot_fleet(addresses.service or addresses.owner) as fleet:
        yield fleet


@pytest.fixture
def platform(fleet: Fleet) -> Platform:
    return Platform(fleet)


@pytest.fixture(scope="package")
def shared_stage() -> Iterator[Stage]:
    with running_gateway() as gateway, running_simulator(gateway.url, gateway.url) as simulator:
        yield Stage(simulator, gateway)


@pytest.fixture
def stage(shared_stage: Stage) -> Stage:
    shared_stage.answers.clear()
    shared_stage.changes.clear()
    shared_stage.gateway.statuses.clear()
    shared_stage.gateway.recorded.clear()
    shared_stage.public_url = shared_stage.gateway.url
    return shared_stage
