"""What was acknowledged is there and is answered, though everything dies in the next moment."""

import random
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import requests

from tests.crashes.outages import cut_power, durable_postgres, kill_all
from tests.fleet import Customer, Fleet, running_fleet
from tests.invariants import Invariants
from tests.local_stack.waiting import eventually
from tests.repetitions import LEAST, repetitions

_CUSTOMERS = 6
_PATIENCE_SECONDS = 60  # a busy machine takes long to start so many processes
_CUTS = 2 * repetitions() // LEAST


class Poster:
    """Writes on and on, and remembers what was acknowledged."""

    def __init__(self, customer: Customer) -> None:
        self._customer = customer
        self.acknowledged: list[str] = []  # ids
        self.over = threading.Event()

    def write(self) -> None:
        while not self.over.is_set():
            try:
                answer = self._customer.post("hello", headers={"Prefer": "respond-async"}, timeout=10)
            except requests.RequestException:
                time.sleep(0.05)
                continue
            if answer.status_code == 202:
                self.acknowledged.append(answer.json()["messageId"])


def written_until(fleet: Fleet, blow: Callable[[], None]) -> list[str]:
    """Strike while customers write; the ids of what was acknowledged until then."""
    posters = [Poster(fleet.customer(number % len(fleet.web))) for number in range(_CUSTOMERS)]
    with ThreadPoolExecutor(_CUSTOMERS) as executor:
        writing = [executor.submit(poster.write) for poster in posters]
        eventually(lambda: all(poster.acknowledged for poster in posters), _PATIENCE_SECONDS)
        time.sleep(random.uniform(0, 0.3))
        blow()
        for poster in posters:
            poster.over.set()
        for one in writing:
            one.result()
    return [message for poster in posters for message in poster.acknowledged]


def start_all(fleet: Fleet) -> None:
    for member in fleet.members:
        member.start(wait=False)
    for member in fleet.members:
        member.wait_ready(_PATIENCE_SECONDS)


def assert_there_and_answered(fleet: Fleet, acknowledged: list[str]) -> None:
    found = fleet.query("SELECT count(*) FROM messages WHERE id = ANY (%s::uuid[])", acknowledged)
    assert found == [(len(acknowledged),)]
    eventually(lambda: Invariants(fleet.query).open_turns() == 0, _PATIENCE_SECONDS)
    Invariants(fleet.query).check()


def test_everything_that_was_acknowledged_outlives_a_power_cut_of_services_and_postgres() -> None:
    with (
        durable_postgres() as server,
        running_fleet(server.service_url, conversations=2, webs=2, DURABILITY_ELSEWHERE="no") as fleet,
    ):
        acknowledged: list[str] = []
        for number in range(_CUTS):
            urgency = signal.SIGKILL if number % 2 else signal.SIGQUIT
            acknowledged += written_until(fleet, partial(cut_power, fleet, server, urgency))
            server.start()
            start_all(fleet)
            assert_there_and_answered(fleet, acknowledged)


def test_everything_that_was_acknowledged_outlives_the_death_of_all_services(database_url: str) -> None:
    with running_fleet(database_url, conversations=2, webs=2) as fleet:
        acknowledged: list[str] = []
        for _ in range(_CUTS):
            acknowledged += written_until(fleet, partial(kill_all, fleet))
            start_all(fleet)
            assert_there_and_answered(fleet, acknowledged)
