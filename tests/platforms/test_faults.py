"""A process dies at every step of a delivery, and platforms answer badly: nothing is lost, and nothing comes twice."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from local_stack.postgres import PostgresServer
from simulator.load import address
from tests.databases import fresh_database
from tests.fleet import Member
from tests.invariants import Invariants
from tests.local_stack.waiting import eventually
from tests.platforms.world import World, running_world
from tests.repetitions import repetitions
from tests.scripted_openai import HELLO, Pace

ANN = "16505550111"


@contextmanager
def fresh_world(server: PostgresServer, **settings: str) -> Iterator[World]:
    with fresh_database(server) as addresses, running_world(addresses.service or addresses.owner, **settings) as world:
        yield world


@pytest.fixture(scope="module")
def lasting(postgres_server: PostgresServer) -> Iterator[World]:
    """Proofs come at once; without them nothing is sent again within the time of a test."""
    with fresh_world(postgres_server) as world:
        yield world


@pytest.fixture
def world(lasting: World) -> Iterator[World]:
    lasting.simulator.behave()
    lasting.fleet.model.pace = Pace(interval=0.02)  # of an answer that comes as a whole nothing is streamed
    yield lasting
    lasting.simulator.behave()


def raise_from_the_dead(world: World, point: str, members: list[Member]) -> None:
    """Wait until a process died at `point`, and start it again; a gateway does so itself with a worker."""
    eventually(lambda: not world.fleet.armed(point), 20)
    if members is not world.fleet.webhook:
        eventually(lambda: not all(member.running() for member in members), 20)
        for member in members:
            if not member.running():
                member.start()


def customer(number: int) -> str:
    return f"165055502{number:02}"


POINTS = ["delivery.claimed", "delivery.sent", "delivery.answered"]
INBOUND_POINTS = ["webhook.received", "webhook.recorded", "receive.committed", "turn.streaming", "reply.committed"]


@pytest.mark.parametrize("point", POINTS)
def test_a_sender_that_dies_on_its_way_sends_nothing_twice_and_loses_nothing(world: World, point: str) -> None:
    ann = customer(POINTS.index(point))
    world.fleet.arm(point)
    world.write("whatsapp", ann, "hello?")
    raise_from_the_dead(world, point, world.fleet.sender)
    if point == "delivery.claimed":
        # Nothing left, which nobody can know: it is unknown, and settled when the time for proofs is over.
        world.fleet.query("UPDATE deliveries SET lease_until = now() WHERE state = 'sending'")
        eventually(lambda: "unknown" in {state for (state,) in world.deliveries("state")}, 60)
        world.fleet.query("UPDATE deliveries SET run_at = run_at - interval '11 minutes' WHERE state = 'unknown'")
    world.wait_until_settled()
    assert world.received(ann) == [HELLO]
    Invariants(world.fleet.query).check()


@pytest.mark.parametrize("point", INBOUND_POINTS)
def test_a_service_that_dies_on_the_way_in_costs_only_time(world: World, point: str) -> None:
    ann = customer(10 + INBOUND_POINTS.index(point))
    members = world.fleet.webhook if point.startswith("webhook") else world.fleet.conversation
    world.fleet.arm(point)
    try:
        world.write("whatsapp", ann, "hello?")
    finally:
        raise_from_the_dead(world, point, members)
    world.wait_for_replies(ann, seconds=60)
    world.wait_until_settled()
    assert world.received(ann) == [HELLO]
    Invariants(world.fleet.query).check()


LOST_ANSWERS = ["accept_and_close", "accept_and_500", "accept_and_garble"]


@pytest.mark.parametrize("misbehaviour", LOST_ANSWERS)
def test_an_answer_that_got_lost_is_settled_by_the_platforms_own_proof(world: World, misbehaviour: str) -> None:
    ann = customer(40 + LOST_ANSWERS.index(misbehaviour))
    world.simulator.misbehave(misbehaviour, recipient=ann, times=1)
    world.write("whatsapp", ann, "hello?")
    world.wait_for_replies(ann)
    world.wait_until_settled()
    assert world.received(ann) == [HELLO]


@pytest.mark.parametrize("misbehaviour", ["throttle", "refuse"])
def test_what_was_surely_not_taken_is_sent_again(world: World, misbehaviour: str) -> None:
    ann = customer(60 + len(misbehaviour) % 7)
    world.simulator.misbehave(misbehaviour, recipient=ann, times=2, seconds=1, code="131056")
    world.write("whatsapp", ann, "hello?")
    assert world.wait_for_replies(ann, seconds=40) == [HELLO]
    world.wait_until_settled()
    assert world.received(ann) == [HELLO]


def test_a_closed_window_ends_a_reply_with_its_reason_and_the_next_one_is_not_stuck(world: World) -> None:
    ann = customer(80)
    world.simulator.misbehave("refuse", recipient=ann, times=1, code="131047")
    world.write("whatsapp", ann, "hello?")
    eventually(lambda: ("dead", "window_closed") in set(world.deliveries("state", "reason")), 20)
    world.write("whatsapp", ann, "still there?")
    assert world.wait_for_replies(ann) == [HELLO]


def test_an_expired_token_pauses_the_account_and_loses_nothing(postgres_server: PostgresServer) -> None:
    with fresh_world(postgres_server) as world:
        rule = world.simulator.misbehave("refuse", code="190")
        world.write("whatsapp", ANN, "hello?")
        paused = "SELECT pause_reason FROM sending_accounts WHERE paused_until > now()"
        eventually(lambda: world.fleet.query(paused) == [("190",)], 20)
        assert world.received(ANN) == []
        world.simulator.inside.script.remove(rule.id)  # as if somebody had made a new token
        world.fleet.query("UPDATE sending_accounts SET paused_until = now()")
        eventually(lambda: world.received(ANN) == [HELLO], 30)


@pytest.fixture
def ambiguous(postgres_server: PostgresServer) -> Iterator[World]:
    """A platform that takes half of what is sent and closes the connection; of a quarter it takes nothing first."""
    with fresh_world(postgres_server, DELIVERY_PROOF_SECONDS="8", DELIVERY_SILENCE_SECONDS="10") as world:
        for number in range(0, CUSTOMERS, 4):
            world.simulator.misbehave("close", recipient=address("whatsapp", number), times=1)
        world.simulator.misbehave("accept_and_close", probability=0.5, seed=1)
        yield world


CUSTOMERS = 2 * repetitions()


def ask_at_once(world: World) -> dict[str, int]:
    """All customers write; how many copies of the answer each has in the end."""
    world.simulator.control("POST", "load", messages=CUSTOMERS, customers=CUSTOMERS, body=100)
    eventually(lambda: world.fleet.query("SELECT count(*) FROM deliveries") == [(CUSTOMERS,)], 120)
    world.wait_until_settled(120)
    return Counter(send["recipient"] for send in world.simulator.accepted)


def test_ambiguous_sends_with_timely_proofs_are_neither_lost_nor_doubled(ambiguous: World) -> None:
    assert set(ask_at_once(ambiguous).values()) == {1}
    rows = ambiguous.deliveries("state", "blind_resends")
    # Only what was not taken at all was sent blindly, and all of it came.
    assert Counter(rows) == {("sent", 0): CUSTOMERS * 3 // 4, ("sent", 1): CUSTOMERS // 4}


def test_ambiguous_sends_without_proofs_come_at_most_once_more_and_are_counted(ambiguous: World) -> None:
    ambiguous.simulator.misbehave("statuses_never")
    copies = ask_at_once(ambiguous)
    assert len(copies) == CUSTOMERS
    resent = dict(
        ambiguous.fleet.query(
            "SELECT c.thread_key, d.blind_resends FROM deliveries d JOIN conversations c ON c.id = d.conversation_id"
        )
    )
    assert max(copies.values()) == 2
    assert all(copies[recipient] <= 1 + resent[recipient] for recipient in copies)
    counted = ambiguous.fleet.conversation[0].metric("deliveries_resent_total", channel="whatsapp")
    assert counted == sum(resent.values())
    assert {state for (state,) in ambiguous.deliveries("state")} == {"sent", "parked"}
