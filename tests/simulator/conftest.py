"""Fixtures for tests of the simulator: a stub gateway, a simulator that posts to it, and a shop that calls it."""

from collections.abc import Iterator

import pytest

from tests.simulator.running import RunningSimulator, running_simulator
from tests.simulator.shop import Shop
from tests.simulator.stub_gateway import StubGateway, running_stub


@pytest.fixture
def gateway() -> Iterator[StubGateway]:
    with running_stub() as stub:
        yield stub


@pytest.fixture
def simulator(gateway: StubGateway) -> Iterator[RunningSimulator]:
    with running_simulator(gateway.url) as running:
        yield running


@pytest.fixture
def shop(simulator: RunningSimulator) -> Shop:
    return Shop(simulator)
