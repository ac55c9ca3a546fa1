"""The moment at which nothing is under way any more, and what must hold then."""

from tests.fleet import Fleet
from tests.invariants import Invariants
from tests.local_stack.waiting import eventually


def quiet(fleet: Fleet) -> None:
    """Wait until nothing is under way, then look at what is stored."""
    stored = Invariants(fleet.query)
    eventually(lambda: stored.open_turns() == 0, 30)
    stored.check()
