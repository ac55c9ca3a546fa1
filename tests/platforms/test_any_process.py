"""Any process, or any answer, is lost in the middle of a turn, on all five channels at once: it costs only time."""

import itertools
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.fleet import Member
from tests.invariants import Invariants
from tests.local_stack.waiting import eventually
from tests.lost_neighbours.database_server import OwnServer, own_server
from tests.platforms.world import World, running_world
from tests.ports import free_port
from tests.replicas.held_answer import FIRST, REST, HeldAnswer

PHONES = {
    "whatsapp": "1650556{:04}",
    "instagram": "5614879045280{:06}",
    "messenger": "7614879045280{:06}",
    "telegram": "7003{:05}",
    "twilio": "+1650557{:04}",
}
# What each platform tells of a reply in the end.
TICKS = {"whatsapp": "read", "instagram": "read", "messenger": "read", "telegram": "sent", "twilio": "delivered"}
ONCE = {key: [FIRST + REST] for key in PHONES}
BUSY_SECONDS = 60.0  # what a busy machine may take to start a process and answer
_numbers = itertools.count(1)
THEIRS = "JOIN conversations c ON c.id = conversation_id WHERE c.thread_key = ANY(%s)"


@dataclass
class Plugs:
    """A world on a Postgres of its own, and a customer on each of its channels."""

    world: World
    server: OwnServer
    model: HeldAnswer
    customers: dict[str, str]

    def pull(self, name: str) -> None:
        """End a process at once, with all that it has under way, and start it again."""
        if name == "postgres":
            self.server.crash()
            self.server.start()
            return
        (member,) = self._members(name)
        member.kill()
        member.start()

    def _members(self, name: str) -> list[Member]:
        found: list[Member] = getattr(self.world.fleet, name)
        return found

    def everybody_writes(self) -> None:
        """On all channels at once."""

        def write(channel: str) -> str:
            return self.world.write(channel, self.customers[channel], "May I return shoes?")

        with ThreadPoolExecutor(len(PHONES)) as pool:
            list(pool.map(write, PHONES))

    def count(self, what: str) -> int:
        """Rows of theirs."""
        ((count,),) = self.world.fleet.query(f"SELECT count(*) FROM {what}", list(self.customers.values()))
        return int(count)

    def wait_for_answers_under_way(self) -> None:
        eventually(lambda: self.model.begun >= len(PHONES), BUSY_SECONDS)
        assert self.count(f"turns {THEIRS} AND state = 'running'") == len(PHONES)

    def wait_for_sends_under_way(self) -> None:
        """The platforms have taken all of them, and answered none."""
        eventually(lambda: all(self.received().values()), BUSY_SECONDS)

    def wait_in_vain(self) -> None:
        """The time passes in which a sender may answer for what it claimed, and then that for a proof."""
        query = self.world.fleet.query
        query("UPDATE deliveries SET lease_until = now() WHERE state = 'sending'")
        eventually(lambda: self.count(f"deliveries {THEIRS} AND state = 'unknown'") == 1, BUSY_SECONDS)
        query("UPDATE deliveries SET run_at = run_at - interval '11 minutes' WHERE state = 'unknown'")

    def received(self) -> dict[str, list[str]]:
        return {channel: self.world.received(customer) for channel, customer in self.customers.items()}

    def answered(self, expected: dict[str, list[str]] = ONCE) -> None:
        """Everybody has got that and nothing else, nobody is taken for a person, and the ticks have turned."""
        eventually(lambda: all(self.received().values()), BUSY_SECONDS)
        self.world.wait_until_settled(BUSY_SECONDS)
        assert self.received() == expected
        eventually(lambda: self.ticks() == TICKS, BUSY_SECONDS)
        assert self.count(f"turns {THEIRS} AND c.owner = 'assistant'") == len(PHONES)
        Invariants(self.world.fleet.query).check()

    def ticks(self) -> dict[str, str]:
        found = self.world.fleet.query(
            f"SELECT c.channel, deliveries.status FROM deliveries {THEIRS}", list(self.customers.values())
        )
        return dict(found)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[World, OwnServer]]:
    patient = {"LLM_UNAVAILABLE_SECONDS": "45"}  # a busy machine takes longer than usual to start a process
    with own_server() as server, running_world(server.url, webs=1, **patient) as world:
        # As its page says that it is to be configured: what is refused comes again.
        world.simulator.control("PUT", "webhooks/twilio", retry_refused=True)
        yield world, server


@pytest.fixture
def plugs(running: tuple[World, OwnServer]) -> Iterator[Plugs]:
    world, server = running
    world.simulator.behave()
    model = world.fleet.model.behaviour = HeldAnswer()
    number = next(_numbers)
    yield Plugs(world, server, model, {channel: form.format(number) for channel, form in PHONES.items()})
    model.release()


@pytest.mark.parametrize("process", ["webhook", "sender", "conversation", "llm", "web", "postgres"])
def test_while_the_answers_are_being_written(plugs: Plugs, process: str) -> None:
    plugs.everybody_writes()
    plugs.wait_for_answers_under_way()
    plugs.pull(process)
    plugs.model.release()
    plugs.answered()


@pytest.mark.parametrize("process", ["webhook", "conversation", "postgres"])
def test_while_the_platforms_take_the_replies(plugs: Plugs, process: str) -> None:
    plugs.model.release()
    plugs.world.simulator.misbehave("accept_late", seconds=1.5)
    plugs.everybody_writes()
    plugs.wait_for_sends_under_way()
    plugs.pull(process)
    plugs.answered()


def test_a_sender_that_dies_while_the_platforms_take_the_replies_doubles_none_but_where_nothing_is_proven(
    plugs: Plugs,
) -> None:
    plugs.model.release()
    plugs.world.simulator.misbehave("accept_late", seconds=1.5, times=len(PHONES))
    plugs.everybody_writes()
    plugs.wait_for_sends_under_way()
    plugs.pull("sender")
    # Telegram says nothing more of a message that it took: after the longest wait it is sent once more, and counted.
    eventually(lambda: plugs.count(f"deliveries {THEIRS} AND state = 'sent'") == len(PHONES) - 1, BUSY_SECONDS)
    plugs.wait_in_vain()
    plugs.answered(ONCE | {"telegram": [FIRST + REST] * 2})
    assert plugs.count(f"deliveries {THEIRS} AND blind_resends > 0") == 1


@pytest.mark.parametrize("misbehaviour", ["accept_and_close", "accept_and_500", "accept_and_garble"])
def test_an_answer_that_gets_lost_doubles_none_but_where_nothing_is_proven(plugs: Plugs, misbehaviour: str) -> None:
    plugs.model.release()
    plugs.world.simulator.misbehave(misbehaviour, times=len(PHONES))
    plugs.everybody_writes()
    eventually(lambda: plugs.count(f"deliveries {THEIRS} AND state = 'sent'") == len(PHONES) - 1, BUSY_SECONDS)
    plugs.wait_in_vain()
    plugs.answered(ONCE | {"telegram": [FIRST + REST] * 2})
    assert plugs.count(f"deliveries {THEIRS} AND blind_resends > 0") == 1


def test_a_sender_that_is_told_to_end_brings_what_it_sends_to_its_end(plugs: Plugs) -> None:
    plugs.model.release()
    plugs.world.simulator.misbehave("accept_late", seconds=1.5)
    plugs.everybody_writes()
    plugs.wait_for_sends_under_way()
    (sender,) = plugs.world.fleet.sender
    assert sender.terminate() < 10  # what a container has between SIGTERM and SIGKILL
    assert sender.events("stopped")
    # Of Telegram's nobody but the sender could tell.
    assert plugs.count(f"deliveries {THEIRS} AND state = 'sent'") == len(PHONES)
    sender.start()
    plugs.answered()


@contextmanager
def another_sender(sleeper: Member) -> Iterator[None]:
    """Beside one that stands still."""
    environment = {**sleeper.environment, "WEBHOOK_SENDER_METRICS_PORT": str(free_port())}
    log = sleeper.log_path.with_name("another_sender.log")
    another = Member("webhook_sender", environment, lambda: True, log, "webhook_gateway.sender")
    another.start()
    try:
        yield
    finally:
        another.kill()


def test_a_sender_that_stood_still_just_before_its_send_makes_the_one_extra_copy_that_is_counted(plugs: Plugs) -> None:
    """No fence reaches it there: the bytes leave when it wakes up."""
    plugs.model.release()
    fleet, ann = plugs.world.fleet, plugs.customers["whatsapp"]
    (sleeper,) = fleet.sender
    fleet.arm("delivery.claimed", "stop")
    plugs.world.write("whatsapp", ann, "May I return shoes?")
    eventually(lambda: not fleet.armed("delivery.claimed"), BUSY_SECONDS)
    with another_sender(sleeper):
        plugs.wait_in_vain()
        eventually(lambda: plugs.world.received(ann) == ONCE["whatsapp"], BUSY_SECONDS)
        sleeper.signal(signal.SIGCONT)
        eventually(lambda: plugs.world.received(ann) == ONCE["whatsapp"] * 2, BUSY_SECONDS)
    plugs.world.wait_until_settled(BUSY_SECONDS)
    assert plugs.count(f"deliveries {THEIRS} AND state = 'sent' AND blind_resends = 1") == 1
    assert plugs.count(f"turns {THEIRS} AND c.owner = 'assistant'") == 1
    Invariants(fleet.query).check()


@pytest.mark.parametrize("point", ["webhook.received", "webhook.recorded", "receive.committed"])
def test_while_the_messages_come_in(plugs: Plugs, point: str) -> None:
    plugs.model.release()
    fleet = plugs.world.fleet
    fleet.arm(point)
    plugs.everybody_writes()
    eventually(lambda: not fleet.armed(point), BUSY_SECONDS)
    if point.startswith("receive"):  # a worker of the gateway is replaced by itself
        eventually(lambda: not fleet.conversation[0].running(), BUSY_SECONDS)
        fleet.conversation[0].start()
    plugs.answered()


def test_while_postgres_is_away_the_messages_come_again(plugs: Plugs) -> None:
    plugs.model.release()
    plugs.server.crash()
    plugs.everybody_writes()
    plugs.server.start()
    plugs.answered()
