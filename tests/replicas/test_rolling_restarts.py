"""Every service restarted, one replica after the other, while visitors write, listen and read: they notice nothing."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from local_stack.postgres import PostgresServer
from tests.databases import fresh_database
from tests.fleet import Fleet, Member, running_fleet
from tests.replicas.balancer import balancing
from tests.replicas.quiescence import quiet
from tests.replicas.visitors import Visitor, visiting
from tests.scripted_openai import Pace

# What a container has between SIGTERM and SIGKILL.
_DRAIN_SECONDS = 10.0


@contextmanager
def two_of_everything(postgres_server: PostgresServer) -> Iterator[Fleet]:
    with fresh_database(postgres_server) as addresses:
        with running_fleet(addresses.service or "", conversations=2, llms=2, webs=2) as fleet:
            fleet.model.pace = Pace(delay=0.2, interval=0.02)
            yield fleet


@pytest.mark.parametrize("rounds", [1, pytest.param(10, marks=pytest.mark.long)])
def test_rolling_restarts_under_load_fail_no_request_and_lose_no_reply(
    postgres_server: PostgresServer, rounds: int
) -> None:
    with two_of_everything(postgres_server) as fleet:
        drains: dict[str, list[float]] = defaultdict(list)
        with balancing([fleet.url(number) for number in range(2)]) as balancer:
            with visiting(balancer, posts=4, streams=4, listeners=3) as (seen, visitors):
                for _ in range(rounds):
                    for member in in_turn(fleet):
                        drains[member.service].append(member.restart())
            quiet(fleet)
            print({service: max(seconds) for service, seconds in drains.items()}, seen)
            assert seen.failures == []
            for visitor in visitors:
                answered_once_and_in_order(visitor)
        assert max(max(seconds) for seconds in drains.values()) < _DRAIN_SECONDS
        assert seen.reconnects > 0
        providers = fleet.query("SELECT meta->>'provider', count(*) FROM messages WHERE meta IS NOT NULL GROUP BY 1")
        assert [name for name, _count in providers] == ["openai"], providers


def in_turn(fleet: Fleet) -> list[Member]:
    return [*fleet.web, *fleet.conversation, *fleet.llm]


def answered_once_and_in_order(visitor: Visitor) -> None:
    """What the visitor wrote is stored once and in order; what the visitor was told, and heard, is what is stored."""
    history = visitor.history()
    assert [message["text"] for message in history if message["author"] == "customer"] == visitor.asked
    replies = {message["turn"]: message["text"] for message in history if message["author"] == "assistant"}
    assert {message["turn"] for message in history} == replies.keys()
    turns = {message["id"]: message["turn"] for message in history}
    assert visitor.replies == {question: replies[turns[question]] for question in visitor.replies}
    if visitor.heard:
        heard = [event.data for event in visitor.heard if event.name == "message"]
        assert [(message["rev"], message["text"]) for message in heard] == [
            (message["rev"], message["text"]) for message in history
        ]
