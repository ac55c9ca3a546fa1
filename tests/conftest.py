"""Fixtures that every test may ask for: a real Postgres per worker, and a database of its own per test."""

from collections.abc import Iterator

import pytest

from local_stack.postgres import PostgresServer
from migrations.addresses import Addresses
from tests.databases import fresh_database, running_postgres


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for this worker, started by the first test that needs it."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def fresh_addresses(postgres_server: PostgresServer) -> Iterator[Addresses]:
    """A database of this test's own, with the schema of all migrations and no rows."""
    with fresh_database(postgres_server) as addresses:
        yield addresses


@pytest.fixture
def database_url(fresh_addresses: Addresses) -> str:
    """That database as the conversation service reaches it: with a role that cannot change the schema."""
    assert fresh_addresses.service is not None
    return fresh_addresses.service


@pytest.fixture
def owner_url(fresh_addresses: Addresses) -> str:
    """The same database for a test that has to change its schema."""
    return fresh_addresses.owner


@pytest.fixture
def empty_addresses(postgres_server: PostgresServer) -> Iterator[Addresses]:
    """A database of this test's own with nothing in it."""
    with fresh_database(postgres_server, template="template1") as addresses:
        yield addresses


@pytest.fixture
def empty_database_url(empty_addresses: Addresses) -> str:
    """That empty database for its owner."""
    return empty_addresses.owner
