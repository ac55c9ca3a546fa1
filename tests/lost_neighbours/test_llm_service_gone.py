"""The LLM service or the model behind it dies, hangs, crashes again and again or is slow: never silence."""

import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from conversation_service.writer import SAFE_TEXT
from local_stack.postgres import PostgresServer
from tests.databases import fresh_database
from tests.fleet import Fleet
from tests.local_stack.waiting import eventually
from tests.lost_neighbours.crowd import Answer, Crowd, statuses
from tests.lost_neighbours.looking import Piles, all_is_well
from tests.lost_neighbours.wired import Links, wired_fleet
from tests.scripted_openai import HELLO

MODEL_SECONDS, UNAVAILABLE_SECONDS = 2.0, 5.0  # shorter than by default, as are the tests
# What the conversation service gives the LLM service for one attempt: three seconds more than that has for the model.
ATTEMPT_SECONDS = MODEL_SECONDS + 3
BUSY_SECONDS = 10.0  # what a busy test machine may take besides


@dataclass
class Shop:
    fleet: Fleet
    links: Links

    def kill(self) -> None:
        self.fleet.llm[0].kill()

    def start(self) -> None:
        self.fleet.llm[0].start()

    def freeze(self) -> None:
        self.fleet.llm[0].signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.fleet.llm[0].signal(signal.SIGCONT)

    def swallow(self) -> None:
        self.links.llm.swallow()

    def heal_and_reset(self) -> None:
        self.links.heal()
        self.links.llm.reset()


@pytest.fixture(scope="module")
def shop(postgres_server: PostgresServer) -> Iterator[Shop]:
    settings = {
        "LLM_TIMEOUT_MS": str(int(MODEL_SECONDS * 1000)),
        "LLM_UNAVAILABLE_SECONDS": str(UNAVAILABLE_SECONDS),
    }
    with (
        fresh_database(postgres_server) as addresses,
        wired_fleet(addresses.service or "", **settings) as (
            fleet,
            links,
        ),
    ):
        Crowd(fleet, 50).post()  # until every thread is there that there will be
        yield Shop(fleet, links)


def codes(answers: list[Answer]) -> set[str]:
    return {answer.body["meta"]["errorCode"] for answer in answers}


def the_models_answer_again(shop: Shop) -> bool:
    answer = shop.fleet.customer().post("And now?").json()
    return bool(answer["reply"] == HELLO and answer["meta"]["errorCode"] == "")


@pytest.mark.parametrize(
    ("fault", "end", "answered_within"),
    [
        (Shop.kill, Shop.start, UNAVAILABLE_SECONDS),
        (Shop.freeze, Shop.thaw, UNAVAILABLE_SECONDS + ATTEMPT_SECONDS),
        (Shop.swallow, Shop.heal_and_reset, UNAVAILABLE_SECONDS + ATTEMPT_SECONDS),
    ],
)
def test_without_the_llm_service_everybody_gets_the_safe_text_in_time(
    shop: Shop, fault: Callable[[Shop], None], end: Callable[[Shop], None], answered_within: float
) -> None:
    crowd, piles = Crowd(shop.fleet, 100), Piles(shop.fleet)
    fault(shop)
    try:
        answers = crowd.post()
        piles.check_conversation()
    finally:
        end(shop)
    assert statuses(answers) == {200: 100}
    assert codes(answers) == {"llm_unavailable"}
    assert {answer.body["reply"] for answer in answers} == {SAFE_TEXT}
    assert max(answer.seconds for answer in answers) < answered_within + BUSY_SECONDS
    eventually(lambda: the_models_answer_again(shop), 20)
    all_is_well(shop.fleet)


def test_a_slow_way_to_the_llm_service_costs_time_and_no_answer(shop: Shop) -> None:
    shop.links.llm.up.latency = shop.links.llm.down.latency = 0.5
    try:
        answers = Crowd(shop.fleet, 20).post()
    finally:
        shop.heal_and_reset()
    assert statuses(answers) == {200: 20}
    assert codes(answers) == {""}
    assert min(answer.seconds for answer in answers) > 1
    all_is_well(shop.fleet)


def test_an_llm_service_that_crashes_again_and_again_leaves_nobody_without_an_answer(shop: Shop) -> None:
    crowd = Crowd(shop.fleet, 20)
    with ThreadPoolExecutor(1) as pool:
        talking = pool.submit(crowd.talk, 8, 60)
        for _ in range(3):
            time.sleep(0.3)
            shop.kill()
            shop.start()
        answers = talking.result(90)
    assert statuses(answers) == {200: 20 * 8}
    assert codes(answers) <= {"", "llm_unavailable"}
    eventually(lambda: the_models_answer_again(shop), 20)
    all_is_well(shop.fleet)


def test_a_model_that_cannot_be_heard_is_replaced_by_a_quote_from_the_knowledge_in_time(shop: Shop) -> None:
    shop.links.model.swallow()
    try:
        crowd = Crowd(shop.fleet, 50)
        answers = crowd.post("How long do I have to return shoes?")
    finally:
        shop.links.model.heal()
    assert statuses(answers) == {200: 50}
    assert codes(answers) <= {"timeout", "breaker_open"}
    assert all("30 days" in answer.body["reply"] for answer in answers)
    assert max(answer.seconds for answer in answers) < MODEL_SECONDS + BUSY_SECONDS
    eventually(lambda: the_models_answer_again(shop), 20)
    all_is_well(shop.fleet)
