"""What an operator and an orchestrator see of a fleet in trouble, and what must hold once it is over."""

import os
from pathlib import Path

import requests

from tests.fleet import Fleet, Member
from tests.invariants import Invariants
from tests.local_stack.waiting import eventually
from tests.lost_neighbours.crowd import Answer
from tests.processes import children

# Promised are 3 s, to which tests of the gateways hold a single caller. The rest is for a crowd that queues for a
# processor, on a test machine that has other things to do: for who comes first, and for who comes last.
FIRST_IN_TIME = 4.0
IN_TIME = 6.0
_MORE_THREADS = 4
_MORE_BYTES = 60 * 1024 * 1024


def is_ready(fleet: Fleet) -> bool:
    """What the gateway's /readyz says."""
    answer = requests.get(f"{fleet.url()}/readyz", timeout=5)
    assert answer.ok or (answer.status_code == 503 and int(answer.headers["Retry-After"]) >= 1)
    return answer.ok


def threads(member: Member) -> int:
    """Of the process and of those that it started."""
    pids = (member.pid, *children(member.pid))
    return sum(len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in pids)


def resident_bytes(member: Member) -> int:
    """Of the same."""
    pages = [Path(f"/proc/{pid}/statm").read_text().split()[1] for pid in (member.pid, *children(member.pid))]
    return sum(map(int, pages)) * os.sysconf("SC_PAGE_SIZE")


class Piles:
    """What must not grow while callers wait."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._threads = [threads(member) for member in fleet.members]
        self._bytes = [resident_bytes(member) for member in fleet.members]

    def check(self) -> None:
        """Nothing grew."""
        for member in self._fleet.members:
            self._check(member)
        self.check_conversation()

    def check_conversation(self) -> None:
        """Nor did it where the turns are."""
        self._check(self._fleet.conversation[0])
        waiting = self._fleet.conversation[0].metric("database_pool_waiting")
        assert waiting <= 20, "work of callers that gave up is still waiting"

    def check_gateway(self) -> None:
        """Nor did it where the browsers are."""
        self._check(self._fleet.web[0])

    def _check(self, member: Member) -> None:
        number = self._fleet.members.index(member)
        assert threads(member) <= self._threads[number] + _MORE_THREADS, member
        assert resident_bytes(member) < self._bytes[number] + _MORE_BYTES, member


def refused_in_time(answers: list[Answer]) -> None:
    """Each was told to come back, and soon enough."""
    assert all(answer.is_refusal for answer in answers), [answer for answer in answers if not answer.is_refusal][:3]
    assert min(answer.seconds for answer in answers) < FIRST_IN_TIME
    assert max(answer.seconds for answer in answers) < IN_TIME


def all_is_well(fleet: Fleet, seconds: float = 15) -> None:
    """Once nothing is under way any more: nothing lost, nothing doubled, everything answered, in order."""
    invariants = Invariants(fleet.query)
    eventually(lambda: invariants.open_turns() == 0, seconds)
    invariants.check()
