"""Customers write while processes and Postgres die; afterwards nothing may be lost, doubled, unanswered or misplaced.

`make chaos` runs a long one. It prints its seed, which repeats what customers do and who is killed.
"""

import argparse
import contextlib
import random
import signal
import sys
import time
from collections import Counter, deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field

from local_stack.postgres import PostgresServer
from tests.crashes.echo import Echo
from tests.crashes.outages import crash, durable_postgres
from tests.crashes.platform import Platform
from tests.crashes.traffic import Traffic
from tests.crashes.verdict import Verdict
from tests.fleet import Fleet, running_fleet
from tests.fleet.supervisor import supervised
from tests.invariants import Invariants
from tests.local_stack.waiting import eventually

_SETTLE_SECONDS = 90
_AT_ONCE = 24
_SHOWN = 20
_SETTINGS = {"GATHER_SECONDS": "0.5", "GATHER_LIMIT_SECONDS": "2", "DURABILITY_ELSEWHERE": "no"}


@dataclass(frozen=True)
class Plan:
    """How long, how much and how bad; times in seconds."""

    seed: int
    events: int
    seconds: float
    kill_every: float = 2
    crash_every: float = 20


@dataclass
class Report:
    """What happened, and what does not hold."""

    plan: Plan
    killed: Counter[str] = field(default_factory=Counter)
    events: int = 0
    deeds: int = 0  # posts and batches, with those that were repeated
    prompts: int = 0
    heard: dict[str, int] = field(default_factory=dict)  # the gateways' answers, by status
    replies: dict[str, int] = field(default_factory=dict)  # by error code
    attempts: dict[int, int] = field(default_factory=dict)  # turns, by how often they were claimed
    complaints: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        told = [f"{name}: {value}" for name, value in vars(self).items() if name != "complaints"]
        shown = [f"{len(self.complaints)} complaints", *self.complaints[:_SHOWN]]
        return "\n".join([*told, *shown])


def storm(plan: Plan) -> Report:
    """Run it and look."""
    report = Report(plan)
    with (
        durable_postgres() as server,
        running_fleet(server.service_url, conversations=2, llms=2, webs=2, **_SETTINGS) as fleet,
        closing(Platform(fleet)) as sender,
    ):
        echo = fleet.model.behaviour = Echo()
        fleet.model.requests = deque(maxlen=1)  # the echo keeps what counts
        traffic = Traffic(plan.seed, plan.events, [fleet.url(0), fleet.url(1)], sender)
        with supervised(fleet.members):
            _rage(plan, fleet, server, traffic, report.killed)
            with contextlib.suppress(AssertionError):  # then there will be complaints
                eventually(lambda: Invariants(fleet.query).open_turns() == 0, _SETTLE_SECONDS)
            report.complaints = Verdict(fleet, traffic, echo).complaints()
            _describe(report, fleet, traffic, echo)
    return report


def _rage(plan: Plan, fleet: Fleet, server: PostgresServer, traffic: Traffic, killed: Counter[str]) -> None:
    """All in this thread: a Postgres ends with the thread that started it."""
    dice, started, elapsed = random.Random(plan.seed), time.monotonic(), 0.0
    next_kill, next_crash = plan.kill_every, min(plan.crash_every, plan.seconds / 2)
    deeds, doing = traffic.deeds, list[Future[None]]()
    with ThreadPoolExecutor(_AT_ONCE) as executor:
        while len(doing) < len(deeds) or elapsed < plan.seconds:
            elapsed = time.monotonic() - started
            due = min(len(deeds), int(elapsed / plan.seconds * len(deeds)))
            doing += [executor.submit(deed) for deed in deeds[len(doing) : due]]
            if elapsed >= next_kill:
                next_kill += plan.kill_every
                victim = dice.choice(fleet.members)
                victim.kill()
                killed[victim.service] += 1
            if elapsed >= next_crash:
                next_crash += plan.crash_every
                crash(server, signal.SIGQUIT)
                server.start()
                killed["postgres"] += 1
            time.sleep(0.02)
    for one in doing:
        one.result()


def _describe(report: Report, fleet: Fleet, traffic: Traffic, echo: Echo) -> None:
    report.events = len(traffic.sent) + len(traffic.poison)
    report.deeds, report.prompts, report.heard = len(traffic.deeds), len(echo.prompts), dict(traffic.heard)
    replies = "SELECT coalesce(meta->>'error_code', ''), count(*) FROM messages WHERE author = 'assistant' GROUP BY 1"
    report.replies = dict(fleet.query(replies))
    report.attempts = dict(fleet.query("SELECT attempts, count(*) FROM turns GROUP BY 1 ORDER BY 1"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=300)
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    report = storm(Plan(options.seed, options.events, options.seconds))
    print(report)
    sys.exit(bool(report.complaints))


if __name__ == "__main__":
    main()
