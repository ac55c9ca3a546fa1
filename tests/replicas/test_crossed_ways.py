"""200 conversations over two gateways, two conversation services and two LLM services, each message sent twice."""

import random
import re
import uuid
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from local_stack.postgres import PostgresServer
from tests.databases import fresh_database
from tests.fleet import Customer, Fleet, running_fleet
from tests.replicas.quiescence import quiet
from tests.scripted_openai import Exchange

CONVERSATIONS, MESSAGES, COPIES, CALLERS = 200, 3, 2, 12
SEED = 20261122
_CANARY = re.compile(r"c-[0-9a-f]{8}-\d")


@pytest.fixture(scope="module")
def fleet(postgres_server: PostgresServer) -> Iterator[Fleet]:
    """Each call goes to the next replica in turn."""
    with fresh_database(postgres_server) as addresses:
        with running_fleet(addresses.service or "", conversations=2, llms=2, webs=2) as fleet:
            fleet.model.behaviour = echo
            yield fleet


async def echo(exchange: Exchange) -> None:
    """Answers with the canaries of the newest message."""
    await exchange.say(f"You said {_CANARY.findall(exchange.prompt[-1]['content'])[-1]}.")


def test_shuffled_and_repeated_messages_of_many_conversations_are_stored_once_and_answered_in_order(
    fleet: Fleet,
) -> None:
    draw = random.Random(SEED)
    customers = [fleet.customer(number % 2) for number in range(CONVERSATIONS)]
    posts = [
        (customer, f"c-{uuid.uuid5(uuid.NAMESPACE_URL, customer.session).hex[:8]}-{number}", gateway % 2)
        for customer in customers
        for number in range(MESSAGES)
        for gateway in range(COPIES)
    ]
    draw.shuffle(posts)
    with ThreadPoolExecutor(CALLERS) as pool:
        answers = list(pool.map(lambda post: say(fleet, *post), posts))
    quiet(fleet)
    assert {answer.status_code for answer in answers} <= {200, 202}
    receipts: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for (_customer, text, _gateway), answer in zip(posts, answers, strict=True):
        receipts[text].add((answer.json()["messageId"], answer.json()["seq"]))
    assert {len(both) for both in receipts.values()} == {1}
    with ThreadPoolExecutor(CALLERS) as pool:
        for customer, events in zip(customers, pool.map(lambda each: heard(fleet, each), customers), strict=True):
            as_promised(customer, events, receipts)
    prompts_keep_to_their_conversation(fleet)


def say(fleet: Fleet, customer: Customer, text: str, gateway: int) -> requests.Response:
    """Under a key that both copies share."""
    key = str(uuid.uuid5(uuid.NAMESPACE_URL, text))
    wait = {} if random.Random(text).random() < 0.5 else {"Prefer": "respond-async"}
    return customer.at(fleet.url(gateway)).post(text, key, headers=wait)


def heard(fleet: Fleet, customer: Customer) -> list[dict[str, Any]]:
    """What an event stream at the other gateway than the session's tells of the conversation."""
    other = fleet.url(1) if customer.url == fleet.url(0) else fleet.url(0)
    count = len(customer.history())
    with customer.at(other).listening() as stream:
        return [event.data for event in stream.messages(count)]


def as_promised(customer: Customer, events: list[dict[str, Any]], receipts: dict[str, set[tuple[str, int]]]) -> None:
    """Numbers without gaps, each message once, each turn answered once, after its last message and with its words."""
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    asked = [event for event in events if event["author"] == "customer"]
    own = uuid.uuid5(uuid.NAMESPACE_URL, customer.session).hex[:8]
    assert sorted(event["text"] for event in asked) == [f"c-{own}-{number}" for number in range(MESSAGES)]
    assert {(event["id"], event["seq"]) for event in asked} == set().union(*(receipts[e["text"]] for e in asked))
    last = {event["turn"]: event for event in asked}  # the last of each turn
    replies = [event for event in events if event["author"] == "assistant"]
    assert [reply["turn"] for reply in replies] == sorted(last)
    for reply in replies:
        assert reply["seq"] > last[reply["turn"]]["seq"]
        assert reply["text"] == f"You said {last[reply['turn']]['text']}."


def prompts_keep_to_their_conversation(fleet: Fleet) -> None:
    """No prompt holds another conversation's words, and the model was asked once for each turn."""
    for prompt in fleet.model.prompts:
        named = {canary[:10] for message in prompt for canary in _CANARY.findall(message["content"])}
        assert len(named) == 1
    (turns,) = fleet.query("SELECT count(*) FROM turns")[0]
    assert len(fleet.model.prompts) == turns
    answered = [member.metric("turns_ended_total", outcome="replied") for member in fleet.conversation]
    assert sum(answered) == turns
    assert min(answered) > 0, "one replica did nothing"
