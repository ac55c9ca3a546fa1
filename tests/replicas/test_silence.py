"""A turn that ends without a reply, because a person answers: whoever waits for it learns so, wherever they follow."""

import uuid
from collections.abc import Iterator

import pytest
import requests

from local_stack.postgres import PostgresServer
from tests.databases import fresh_database
from tests.fleet import Customer, Fleet, running_fleet
from tests.web_gateway.gateways import conversation_of


@pytest.fixture(scope="module")
def pairs(postgres_server: PostgresServer) -> Iterator[Fleet]:
    """Waits for a reply longer than a test may take."""
    with fresh_database(postgres_server) as addresses:
        with running_fleet(
            addresses.service or "", conversations=2, webs=2, paired=True, WEB_GATEWAY_REPLY_SECONDS="100"
        ) as fleet:
            yield fleet


@pytest.fixture
def owned(pairs: Fleet) -> Customer:
    """A customer whose conversation a person took over after the first reply."""
    customer = pairs.customer()
    assert customer.post("hello").status_code == 200
    pairs.query(
        "UPDATE conversations SET owner = 'human', owner_epoch = owner_epoch + 1 WHERE id = %s",
        conversation_of(customer.session),
    )
    return customer


def silent(response: requests.Response) -> bool:
    return response.status_code == 200 and response.json()["silent"] == "human_owner"


def test_a_post_that_is_answered_by_nobody_says_so_at_once_and_so_does_its_repetition_elsewhere(
    pairs: Fleet, owned: Customer
) -> None:
    key = str(uuid.uuid4())
    assert silent(owned.post("Are you human?", key, timeout=20))
    for number in range(2):  # the turn is over before anybody follows it
        assert silent(owned.at(pairs.url(number)).post("Are you human?", key, timeout=20))
    with owned.at(pairs.url(1)).streamed("Are you human?", key) as stream:
        assert stream.until("reply")[-1].data["silent"] == "human_owner"


def test_a_silence_is_told_once_to_each_follower_on_each_replica(pairs: Fleet, owned: Customer) -> None:
    with owned.listening(after=2) as here, owned.at(pairs.url(1)).listening(after=2) as there:
        for text in ("Are you human?", "Hello?"):
            assert silent(owned.post(text, timeout=20))
        for stream in (here, there):
            seen = [event for _ in range(2) for event in stream.until("silent")]
            assert [event.data["turn"] for event in seen if event.name == "silent"] == [2, 3]
            assert [event.data["text"] for event in seen if event.name == "message"] == ["Are you human?", "Hello?"]
        pairs.query(
            "UPDATE conversations SET owner = 'assistant', owner_epoch = owner_epoch + 1 WHERE id = %s",
            conversation_of(owned.session),
        )
        assert owned.post("And now?").json()["reply"]
        for stream in (here, there):
            seen = stream.until("message") + stream.until("message")
            assert seen[-1].data["author"] == "assistant"
            assert "silent" not in {event.name for event in seen}


def test_who_comes_later_is_told_of_the_newest_silence_after_the_messages(pairs: Fleet, owned: Customer) -> None:
    assert silent(owned.post("Are you human?", timeout=20))
    with owned.at(pairs.url(1)).listening() as stream:
        assert [event.name for event in stream.until("silent")] == ["message", "message", "message", "silent"]
