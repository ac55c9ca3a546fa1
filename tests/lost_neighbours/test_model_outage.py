"""The model refuses or stalls for a while, 200 conversations at once: everyone is answered, and it is not pestered."""

import time
from collections import deque
from collections.abc import Iterator

import pytest

from local_stack.postgres import PostgresServer
from tests.databases import fresh_database
from tests.fleet import Fleet, running_fleet
from tests.local_stack.waiting import eventually
from tests.lost_neighbours.crowd import Crowd
from tests.lost_neighbours.looking import Piles, all_is_well
from tests.scripted_openai import HELLO

CUSTOMERS = 200
MODEL_SECONDS = 3.0
BUSY_SECONDS = 15.0  # what a busy test machine may take besides for two hundred at once
QUESTION = "How long do I have to return shoes?"


@pytest.fixture(scope="module")
def fleet(postgres_server: PostgresServer) -> Iterator[Fleet]:
    settings = {"LLM_TIMEOUT_MS": str(int(MODEL_SECONDS * 1000))}
    with fresh_database(postgres_server) as addresses, running_fleet(addresses.service or "", **settings) as fleet:
        Crowd(fleet, CUSTOMERS).post()  # until every thread is there that there will be
        yield fleet


def turns(fleet: Fleet) -> int:
    ((count,),) = fleet.query("SELECT count(*) FROM turns")
    return int(count)


def the_model_answers(fleet: Fleet) -> bool:
    return bool(fleet.customer().post(QUESTION).json()["reply"] == HELLO)


@pytest.mark.parametrize(
    ("behaviour", "error_code", "seconds"),
    [
        ("limited_for_ages", "rate_limited", 5),
        ("stall", "timeout", 5),
        pytest.param("limited_for_ages", "rate_limited", 60, marks=pytest.mark.long),
        pytest.param("unavailable", "upstream_error", 60, marks=pytest.mark.long),
        pytest.param("stall", "timeout", 60, marks=pytest.mark.long),
    ],
)
def test_while_the_model_is_out_everybody_is_answered_by_the_knowledge_and_afterwards_by_the_model(
    fleet: Fleet, behaviour: str, error_code: str, seconds: float
) -> None:
    crowd, piles, before = Crowd(fleet, CUSTOMERS), Piles(fleet), turns(fleet)
    fleet.model.requests = deque()  # all of them, not the last thousand only
    fleet.model.behaviour = behaviour
    try:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            answers = crowd.talk(1, text=QUESTION)
            assert {answer.status for answer in answers} == {200}
            assert {answer.body["meta"]["errorCode"] for answer in answers} <= {error_code, "breaker_open"}
            assert all("30 days" in answer.body["reply"] and answer.body["reply"] != HELLO for answer in answers)
            assert max(answer.seconds for answer in answers) < MODEL_SECONDS + BUSY_SECONDS
        piles.check()
        assert len(fleet.model.requests) <= 1.1 * (turns(fleet) - before)
    finally:
        fleet.model.behaviour = "normal"
    eventually(lambda: the_model_answers(fleet), 10)
    assert {answer.body["reply"] for answer in crowd.talk(1, text=QUESTION)} == {HELLO}
    all_is_well(fleet)
