"""One stand-in and two gateways for all of these tests; each test has sessions of its own."""

from collections.abc import Iterator

import pytest

from tests.ports import free_port
from tests.web_gateway.gateways import Gateway, running
from tests.web_gateway.stand_in import Running


@pytest.fixture(scope="package")
def stand_in() -> Iterator[Running]:
    service = Running(free_port())
    yield service
    service.close()


@pytest.fixture
def service(stand_in: Running) -> Iterator[Running]:
    """The stand-in, well behaved unless the test says otherwise."""
    yield stand_in
    stand_in.service.receive = None


@pytest.fixture(scope="package")
def gateway(stand_in: Running) -> Iterator[Gateway]:
    """With two workers and the usual patience."""
    with running(stand_in.address) as gateway:
        yield gateway


@pytest.fixture(scope="package")
def impatient(stand_in: Running) -> Iterator[Gateway]:
    """With one worker, room for five streams, and little patience."""
    with running(
        stand_in.address,
        web_gateway_workers=1,
        web_gateway_max_streams=5,
        web_gateway_heartbeat_seconds=0.2,
        web_gateway_reply_seconds=0.4,
        web_gateway_read_seconds=0.5,
    ) as gateway:
        yield gateway
