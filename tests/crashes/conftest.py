"""Fleets that are killed again and again: a lone replica of each that is restarted at once, and two that are not."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import pytest

from local_stack.postgres import PostgresServer
from tests.crashes.answers import Answers
from tests.crashes.browsing import Browser
from tests.databases import fresh_database
from tests.fleet import Fleet, running_fleet
from tests.fleet.supervisor import supervised
from tests.invariants import Invariants
from tests.local_stack.waiting import eventually


@dataclass
class Shop:
    """A fleet under test."""

    fleet: Fleet
    answers: Answers
    restarts: bool  # what dies is started again at once; otherwise the second replica has to do

    def browser(self) -> Browser:
        """Somebody who has got a first answer and follows the conversation."""
        browser = Browser([self.fleet.url(number) for number in range(len(self.fleet.web))])
        browser.greet()
        return browser

    def check(self, browser: Browser) -> None:
        """The conversation goes on, and nothing in it or in the tables is missing, doubled or misplaced."""
        self.answers.slowly = False
        browser.ask("what comes next")
        browser.assert_answered_once()
        invariants = Invariants(self.fleet.query)
        eventually(lambda: invariants.open_turns() == 0, 30)
        invariants.check()


@contextmanager
def running_shop(server: PostgresServer, replicas: int, restarts: bool, **settings: str) -> Iterator[Shop]:
    """With `restarts`, what dies in the block is back at its end."""
    with (
        fresh_database(server) as addresses,
        running_fleet(addresses.service, conversations=replicas, llms=replicas, webs=replicas, **settings) as fleet,
    ):
        answers = fleet.model.behaviour = Answers()
        with supervised(fleet.members) if restarts else nullcontext():
            yield Shop(fleet, answers, restarts)


LONE, PAIR = "a lone replica, restarted", "two replicas"
MakeShop = Callable[..., AbstractContextManager[Shop]]  # replicas, restarts and settings, as running_shop takes them
SHOPS = {LONE: (1, True), PAIR: (2, False)}


@pytest.fixture(scope="module", params=SHOPS)
def _shop(postgres_server: PostgresServer, request: pytest.FixtureRequest) -> Iterator[Shop]:
    # A busy machine takes longer than usual to start a process.
    with running_shop(postgres_server, *SHOPS[request.param], LLM_UNAVAILABLE_SECONDS="45") as shop:
        yield shop


@pytest.fixture
def shop(_shop: Shop) -> Iterator[Shop]:
    """Everybody alive, nothing armed."""
    for member in _shop.fleet.members:
        if not _shop.restarts and not member.running():
            member.start(wait=False)
    for member in _shop.fleet.members:
        member.wait_ready(60)
    _shop.answers.slowly = False
    _shop.answers.asked.clear()
    yield _shop
    for file in _shop.fleet.faultpoints.iterdir():
        file.unlink()


@pytest.fixture
def make_shop(postgres_server: PostgresServer) -> MakeShop:
    """For tests that need a fleet of their own."""
    return lambda *arguments, **settings: running_shop(postgres_server, *arguments, **settings)
