"""Two conversation services: who follows one of them sees what the other one receives, writes and commits."""

import signal
import uuid
from collections.abc import Iterator

import pytest

from tests.fleet import Customer, Fleet
from tests.local_stack.waiting import eventually
from tests.replicas.held_answer import FIRST, REST, HeldAnswer
from tests.web_gateway.event_streams import Event, EventStream
from tests.web_gateway.gateways import conversation_of

HERE, THERE = 0, 1


@pytest.fixture
def held(pairs: Fleet) -> Iterator[HeldAnswer]:
    """What the model answers until the test is over."""
    answer = HeldAnswer()
    before, pairs.model.behaviour = pairs.model.behaviour, answer
    yield answer
    answer.release()
    pairs.model.behaviour = before


@pytest.fixture(autouse=True)
def _all_run(pairs: Fleet) -> Iterator[None]:
    yield
    for member in pairs.conversation:
        if not member.running():
            member.start()
    for gateway in pairs.web:
        gateway.wait_ready()


def ask(customer: Customer, text: str = "May I return shoes?") -> str:
    """Post without waiting; the message's own key."""
    key = str(uuid.uuid4())
    assert customer.post(text, key, headers={"Prefer": "respond-async"}).status_code == 202
    return key


def answering(fleet: Fleet, customer: Customer) -> str:
    """The address of the replica that answers the customer; empty where none does."""
    running = "SELECT worker FROM turns WHERE conversation_id = %s AND state = 'running'"
    return "".join(worker for (worker,) in fleet.query(running, conversation_of(customer.session)))


def address(fleet: Fleet, number: int) -> str:
    return f"127.0.0.1:{fleet.conversation[number].port}"


def answered_here(fleet: Fleet, held: HeldAnswer, text: str = "May I return shoes?") -> Customer:
    """A customer of gateway 0 whose message is being answered by conversation service 0."""
    customer = fleet.customer(HERE)
    fleet.conversation[THERE].signal(signal.SIGSTOP)  # it cannot be faster
    try:
        ask(customer, text)
        eventually(lambda: held.begun > 0)
        assert answering(fleet, customer) == address(fleet, HERE)
    finally:
        fleet.conversation[THERE].signal(signal.SIGCONT)
    return customer


def shown(events: list[Event]) -> list[str]:
    return [f"{event.name}: {event.data.get('text', '')}".strip() for event in events]


def rest_of(stream: EventStream) -> list[str]:
    """What comes up to the reply."""
    seen: list[Event] = []
    for event in stream:
        seen.append(event)
        if event.name == "message" and event.data["author"] == "assistant":
            return shown(seen)
    raise AssertionError(f"the stream ended without a reply: {seen}")


def test_an_answer_written_on_one_replica_is_previewed_on_the_other(pairs: Fleet, held: HeldAnswer) -> None:
    customer = answered_here(pairs, held)
    with customer.at(pairs.url(THERE)).listening(after=1) as stream:
        assert shown([stream.next()]) == [f"delta: {FIRST}"]
        held.release()
        assert rest_of(stream) == [f"message: {FIRST}{REST}"]


def test_what_is_received_on_one_replica_and_answered_on_the_other_is_previewed_on_both(
    pairs: Fleet, held: HeldAnswer
) -> None:
    customer = pairs.customer(HERE)
    with customer.listening() as here, customer.at(pairs.url(THERE)).listening() as there:
        pairs.arm("receive.committed", "stop")  # before it wakes its own worker
        try:
            assert customer.post("May I return shoes?").status_code == 503  # stored, though nobody could say so
            eventually(lambda: held.begun == 1)
            assert answering(pairs, customer) == address(pairs, THERE)
        finally:
            pairs.conversation[HERE].signal(signal.SIGCONT)
        # A preview has no place in the order of revisions: it may come before the message that is being answered.
        begins = [f"delta: {FIRST}", "message: May I return shoes?"]
        assert sorted(shown([here.next(), here.next()])) == sorted(shown([there.next(), there.next()])) == begins
        held.release()
        assert rest_of(here) == rest_of(there) == [f"message: {FIRST}{REST}"]


def test_a_killed_replica_gives_its_followers_elsewhere_a_reset_and_then_the_reply_once(
    pairs: Fleet, held: HeldAnswer
) -> None:
    customer = answered_here(pairs, held)
    with customer.at(pairs.url(THERE)).listening(after=1) as stream:
        assert shown([stream.next()]) == [f"delta: {FIRST}"]
        pairs.conversation[HERE].kill()
        assert shown([stream.next()]) == ["reset:"]
        held.release()
        assert rest_of(stream)[-1] == f"message: {FIRST}{REST}"
        rows = pairs.query(
            "SELECT count(*) FROM messages WHERE conversation_id = %s", conversation_of(customer.session)
        )
        assert rows == [(2,)]


def test_a_replica_that_stands_still_is_taken_over_and_its_late_words_are_seen_by_nobody(
    pairs: Fleet, held: HeldAnswer
) -> None:
    customer = answered_here(pairs, held)
    with customer.at(pairs.url(THERE)).listening(after=1) as stream:
        assert shown([stream.next()]) == [f"delta: {FIRST}"]
        pairs.conversation[HERE].signal(signal.SIGSTOP)
        try:
            assert shown(stream.until("reset")) == ["reset:"]
            assert shown([stream.next()]) == [f"delta: {FIRST}"]  # by the other one
            held.release()
            assert rest_of(stream) == [f"message: {FIRST}{REST}"]
        finally:
            pairs.conversation[HERE].signal(signal.SIGCONT)
        eventually(lambda: pairs.conversation[HERE].metric("turns_in_flight") == 0)
        assert [message["author"] for message in customer.history()] == ["customer", "assistant"]
