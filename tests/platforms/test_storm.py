"""Customers of five platforms write while processes and Postgres are killed: nothing is lost, misplaced or doubled."""

import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from tests.crashes.echo import Echo
from tests.fleet.supervisor import supervised
from tests.invariants import Invariants
from tests.local_stack.waiting import eventually
from tests.lost_neighbours.database_server import OwnServer, own_server
from tests.platforms.world import World, running_world

PHONES = {
    "whatsapp": "1650558{:04}",
    "instagram": "5614879045290{:06}",
    "messenger": "7614879045290{:06}",
    "telegram": "7004{:05}",
    "twilio": "+1650559{:04}",
}
# Unknown sends are decided within seconds; a busy machine takes longer than usual to start a process.
SETTINGS = {"DELIVERY_PROOF_SECONDS": "3", "DELIVERY_SILENCE_SECONDS": "4", "LLM_UNAVAILABLE_SECONDS": "45"}
KILL_EVERY = 1.0  # seconds
CUSTOMERS, MESSAGES = 5, 3  # of each platform, and of each of them
# Claimed by a sender that is dead, as nearly always: no call takes that long here.
EXPIRE = "UPDATE deliveries SET lease_until = now() WHERE state = 'sending' AND run_at < now() - interval '4 s'"
SENT = """
    SELECT c.channel, c.thread_key, d.text, d.state, d.blind_resends
    FROM deliveries d JOIN conversations c ON c.id = d.conversation_id ORDER BY c.id, d.out_seq, d.part"""


@dataclass
class Storm:
    """One of so many seconds; its dice decide who is killed."""

    world: World
    server: OwnServer
    seconds: float
    dice: random.Random
    killed: Counter[str] = field(default_factory=Counter)

    def rage(self) -> None:
        """All in this thread: a Postgres ends with the thread that started it."""
        letters = [
            (channel, form.format(number))
            for channel, form in PHONES.items()
            for number in range(CUSTOMERS)
            for _ in range(MESSAGES)
        ]
        self.dice.shuffle(letters)
        began = time.monotonic()

        def write(number: int) -> None:
            channel, customer = letters[number]
            time.sleep(max(0.0, began + number / len(letters) * self.seconds - time.monotonic()))
            self.world.write(channel, customer, f"{customer}-{number} says something")

        with ThreadPoolExecutor(8) as pool:
            writing = pool.map(write, range(len(letters)))
            while time.monotonic() < began + self.seconds:
                time.sleep(KILL_EVERY)
                self._strike(time.monotonic() - began)
            list(writing)

    def _strike(self, passed: float) -> None:
        if passed > self.seconds / 2 and not self.killed["postgres"]:
            self.server.crash()
            self.server.start()
            self.killed["postgres"] += 1
            return
        victim = self.dice.choice(self.world.fleet.members)
        victim.kill()
        self.killed[victim.service] += 1

    def abate(self) -> None:
        """Until everything has come in, is answered, and sent or given up."""
        query = self.world.fleet.query
        everything = CUSTOMERS * MESSAGES * len(PHONES)
        stored = "SELECT count(*) FROM messages WHERE author = 'customer'"
        eventually(lambda: query(stored) == [(everything,)], 90)

        def settled() -> bool:
            query(EXPIRE)
            time.sleep(0.3)
            return self.world.settled()

        eventually(settled, 90)

    def complaints(self) -> list[str]:
        return [*Invariants(self.world.fleet.query).violations(), *self._on_the_phones(), *self._taken_over()]

    def _on_the_phones(self) -> Iterator[str]:
        """Each reply came, no more often than was counted, and in its place; safe texts may be the same words."""
        copies = Counter((send["channel"], send["recipient"], send["text"]) for send in self.world.simulator.accepted)
        replies: dict[tuple[str, str, str], list[tuple[str, int]]] = defaultdict(list)
        for channel, customer, text, state, blind_resends in self.world.fleet.query(SENT):
            replies[channel, customer, text].append((state, blind_resends))
        for reply, sends in replies.items():
            states, extra = Counter(state for state, _ in sends), sum(resent for _, resent in sends)
            if set(states) - {"sent", "parked"} or not states["sent"] <= copies[reply] <= len(sends) + extra:
                yield f"{reply} came {copies[reply]} times, and is {sends}"
        yield from (f"nobody knows of {reply}" for reply in copies if reply not in replies)
        # Each in the order in which it first came, and in that in which it was given.
        for customer in {reply[:2] for reply in copies}:
            came = [reply for reply in copies if reply[:2] == customer]
            if came != [reply for reply in replies if reply[:2] == customer and copies[reply]]:
                yield f"out of order: {came}"

    def _taken_over(self) -> Iterator[str]:
        for row in self.world.fleet.query("SELECT channel, owner_reason FROM conversations WHERE owner <> 'assistant'"):
            yield f"our own word was taken for a person's: {row}"


@pytest.mark.parametrize("seconds", [8, pytest.param(120, marks=pytest.mark.long)])
def test_a_storm_leaves_every_message_answered_on_its_platform_once_and_in_order(seconds: float) -> None:
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")  # shown where the test fails
    with own_server() as server, running_world(server.url, **SETTINGS) as world:
        # As its page says that it is to be configured: what is refused comes again.
        world.simulator.control("PUT", "webhooks/twilio", retry_refused=True)
        # So slowly that many sends are under way when somebody dies, and now and then without an answer.
        world.simulator.misbehave("accept_and_close", probability=0.1, seed=seed)
        world.simulator.misbehave("accept_late", seconds=0.3)
        world.fleet.model.behaviour = Echo()
        storm = Storm(world, server, seconds, random.Random(seed))
        with supervised(world.fleet.members):
            storm.rage()
            storm.abate()
            print(storm.killed)
            assert storm.complaints() == []
        assert storm.killed["postgres"]
        assert storm.killed.total() >= seconds / KILL_EVERY / 3
