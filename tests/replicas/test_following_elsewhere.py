"""Who leaves one gateway and comes back at the other one: everything once, and at once."""

import threading

from tests.fleet import Fleet
from tests.local_stack.waiting import eventually
from tests.web_gateway.event_streams import Event


def told(events: list[Event]) -> list[int]:
    return [event.data["rev"] for event in events if event.name == "message"]


def test_a_client_that_changes_gateways_in_the_middle_gets_the_rest_exactly_once(pairs: Fleet) -> None:
    customer = pairs.customer(0)
    heard: list[int] = []
    for number in range(6):
        with customer.at(pairs.url(number % 2)).listening(after=max(heard, default=0)) as stream:
            posting = threading.Thread(target=customer.at(pairs.url(number // 2 % 2)).post, args=(f"message {number}",))
            posting.start()
            heard += told(stream.until("message"))  # and leaves before the reply
            posting.join()
    last = 2 * 6
    with customer.at(pairs.url(1)).listening(after=max(heard)) as stream:
        while max(heard) < last:
            heard += told(stream.until("message"))
    assert heard == list(range(1, last + 1))


def test_a_reply_committed_on_one_replica_is_seen_on_the_other_without_anybody_asking(pairs: Fleet) -> None:
    customer = pairs.customer(0)
    with customer.at(pairs.url(1)).listening() as there:
        assert customer.post("hello").status_code == 200
        there.until("message")
        reply = there.until("message")[-1]
    stored = pairs.query("SELECT seq FROM messages WHERE id = %s", reply.data["id"])
    assert reply.data["author"] == "assistant"
    assert stored == [(2,)]


def test_a_gateway_whose_only_replica_died_follows_on_once_it_is_back(pairs: Fleet) -> None:
    customer = pairs.customer(0)
    with customer.listening() as stream:
        pairs.conversation[0].kill()
        assert customer.at(pairs.url(1)).post("hello").status_code == 200
        pairs.conversation[0].start()
        assert told(stream.until("message") + stream.until("message")) == [1, 2]
    eventually(lambda: customer.post("and now?").status_code == 200)
