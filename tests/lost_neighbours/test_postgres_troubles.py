"""Postgres crashes, drops connections, has none left, or is locked: callers are told in time, and nothing is lost."""

import contextlib
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2's own name for its class

from tests.fleet import Fleet, running_fleet
from tests.local_stack.waiting import eventually
from tests.lost_neighbours.crowd import Answer, Crowd, statuses
from tests.lost_neighbours.database_server import OwnServer, own_server
from tests.lost_neighbours.looking import Piles, all_is_well, is_ready, refused_in_time
from tests.scripted_openai import Pace

TERMINATE = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name LIKE 'spur-conversation%%' ORDER BY random() LIMIT %s"""


@dataclass
class Shop:
    server: OwnServer
    fleet: Fleet

    def terminate(self, count: int) -> None:
        """So many of the service's connections, drawn at random."""
        with closing(connected(self.server.owner_url)) as connection:
            connection.cursor().execute(TERMINATE, (count,))

    def connections(self) -> int:
        """That the service has."""
        with closing(connected(self.server.owner_url)) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'spur-conversation%'")
            return int(cursor.fetchone()[0])


def connected(url: str) -> Connection:
    connection = psycopg2.connect(url, connect_timeout=5)
    connection.autocommit = True
    return connection


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with own_server() as server, running_fleet(server.url) as fleet:
        fleet.model.pace = Pace(delay=0.2)
        Crowd(fleet, 50).post()  # until every thread is there that there will be
        yield Shop(server, fleet)


@contextmanager
def conversations_going_on(shop: Shop, messages: int) -> Iterator[Future[list[Answer]]]:
    """Customers who write one message after the other; everyone is answered in the end, and refused in time."""
    crowd = Crowd(shop.fleet, 30)
    with ThreadPoolExecutor(1) as pool:
        talking = pool.submit(crowd.talk, messages)
        yield talking
        answers = talking.result(90)
    assert statuses(answers) == {200: 30 * messages}
    if crowd.refusals:
        refused_in_time(crowd.refusals)
    all_is_well(shop.fleet)


def test_a_postgres_that_crashes_under_load_loses_and_doubles_nothing(shop: Shop) -> None:
    piles = Piles(shop.fleet)
    with conversations_going_on(shop, 8) as talking:
        for _ in range(3):
            time.sleep(1)
            shop.server.crash()
            shop.server.start()
        assert not talking.done()
    eventually(lambda: is_ready(shop.fleet), 10)
    piles.check()


def test_connections_that_are_terminated_at_random_are_replaced_without_loss(shop: Shop) -> None:
    with conversations_going_on(shop, 16) as talking:
        until = time.monotonic() + 4
        while time.monotonic() < until and not talking.done():
            shop.terminate(1)
            time.sleep(0.3)


@contextmanager
def no_connection_left(shop: Shop) -> Iterator[None]:
    """Others hold all that the server has."""
    with contextlib.ExitStack() as held:

        def hold_all() -> None:
            with contextlib.suppress(psycopg2.OperationalError):
                while True:
                    held.enter_context(closing(connected(shop.server.url)))

        def hold_those_of_the_service_too() -> bool:
            shop.terminate(100)
            hold_all()
            return shop.connections() == 0

        hold_all()
        eventually(hold_those_of_the_service_too)
        yield


@contextmanager
def locked(shop: Shop, statement: str) -> Iterator[None]:
    """A migration, or somebody's forgotten transaction."""
    with closing(psycopg2.connect(shop.server.owner_url)) as connection:
        connection.cursor().execute(statement)
        yield
        connection.rollback()


@pytest.mark.parametrize(
    ("statement", "seconds"),
    [
        ("LOCK TABLE turns IN ACCESS EXCLUSIVE MODE", 5),
        ("SELECT FROM conversations FOR UPDATE", 4),
        pytest.param("LOCK TABLE turns IN ACCESS EXCLUSIVE MODE", 10, marks=pytest.mark.long),
    ],
)
def test_while_a_lock_is_held_callers_are_told_in_time_and_nothing_piles_up(
    shop: Shop, statement: str, seconds: float
) -> None:
    crowd = Crowd(shop.fleet, 100)
    assert statuses(crowd.talk(1)) == {200: 100}
    piles = Piles(shop.fleet)
    began = time.monotonic()
    with locked(shop, statement):
        refused_in_time(crowd.post())
        piles.check()
        time.sleep(max(0, seconds - 3 - (time.monotonic() - began)))
        refused_in_time(crowd.post())
    eventually(lambda: is_ready(shop.fleet), 5)
    assert statuses(crowd.insist(seconds=10)) == {200: 100}
    all_is_well(shop.fleet)


def test_while_others_hold_every_connection_callers_are_told_in_time_and_afterwards_served(shop: Shop) -> None:
    crowd, piles = Crowd(shop.fleet, 100), Piles(shop.fleet)
    with no_connection_left(shop):
        eventually(lambda: not is_ready(shop.fleet), 5)
        for _ in range(3):
            refused_in_time(crowd.post())
        piles.check()
    eventually(lambda: is_ready(shop.fleet), 5)
    assert statuses(crowd.insist(seconds=10)) == {200: 100}
    all_is_well(shop.fleet)
