"""One of each service, as docker compose runs them, restarted in place: the gap is told, and nothing is lost in it."""

import threading
import uuid
from collections.abc import Iterator

import pytest
import requests

from local_stack.postgres import PostgresServer
from tests.databases import fresh_database
from tests.fleet import Customer, Fleet, running_fleet
from tests.local_stack.waiting import eventually
from tests.replicas.held_answer import FIRST, REST, HeldAnswer
from tests.replicas.quiescence import quiet
from tests.scripted_openai import HELLO


@pytest.fixture(scope="module")
def single(postgres_server: PostgresServer) -> Iterator[Fleet]:
    with fresh_database(postgres_server) as addresses:
        # Ten seconds without an LLM service mean the safe text; a busy machine may take longer to start one.
        with running_fleet(addresses.service or "", LLM_UNAVAILABLE_SECONDS="50") as fleet:
            yield fleet
            quiet(fleet)


def begun(fleet: Fleet) -> tuple[Customer, HeldAnswer]:
    """A customer whose answer is half written."""
    held = HeldAnswer()
    fleet.model.then(held)
    customer = fleet.customer()
    assert customer.post("May I return shoes?", headers={"Prefer": "respond-async"}).status_code == 202
    eventually(lambda: held.begun == 1)
    return customer, held


def post_until_taken(customer: Customer, text: str) -> tuple[requests.Response, list[requests.Response]]:
    """Send the same message again as each refusal says; the answer, and the refusals."""
    key, refusals = str(uuid.uuid4()), []
    while (answer := customer.post(text, key)).status_code == 503:
        refusals.append(answer)
        threading.Event().wait(min(float(answer.headers["Retry-After"]), 0.5))
    return answer, refusals


def test_while_the_conversation_service_is_away_posts_are_refused_and_told_when_to_come_back(single: Fleet) -> None:
    customer = single.customer()
    (service,) = single.conversation
    assert service.terminate() < 10
    refused = customer.post("hello")
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "unavailable")
    assert int(refused.headers["Retry-After"]) >= 1
    service.start()
    answer, refusals = post_until_taken(customer, "hello")
    assert answer.json()["reply"] == HELLO
    assert all(int(refusal.headers["Retry-After"]) >= 1 for refusal in refusals)
    assert [message["author"] for message in customer.history()] == ["customer", "assistant"]


def test_an_answer_that_was_half_written_when_the_conversation_service_went_is_given_once_when_it_is_back(
    single: Fleet,
) -> None:
    customer, held = begun(single)
    with customer.listening(after=1) as stream:
        assert stream.next().data["text"] == FIRST
        assert single.conversation[0].terminate() < 10
        assert stream.next().name == "reset"  # the browser's own stream stays open all the while
        held.release()
        single.conversation[0].start()
        assert stream.until("message")[-1].data["text"] == HELLO
    assert [message["author"] for message in customer.history()] == ["customer", "assistant"]


def test_a_message_written_while_the_llm_service_is_away_is_answered_by_the_model_once_it_is_back(
    single: Fleet,
) -> None:
    customer = single.customer()
    assert single.llm[0].terminate() < 10
    assert customer.post("hello", headers={"Prefer": "respond-async"}).status_code == 202
    single.llm[0].start()
    with customer.listening(after=1) as stream:
        reply = stream.until("message")[-1].data
    assert (reply["text"], reply["meta"]["provider"]) == (HELLO, "openai")


def test_an_answer_under_way_is_finished_before_the_llm_service_goes(single: Fleet) -> None:
    customer, held = begun(single)
    stopping = threading.Thread(target=single.llm[0].terminate)
    stopping.start()
    eventually(lambda: bool(single.llm[0].events("draining")))
    held.release()
    with customer.listening(after=1) as stream:
        assert stream.until("message")[-1].data["text"] == f"{FIRST}{REST}"
    stopping.join()
    single.llm[0].start()


def test_a_gateway_that_restarts_sends_its_streams_away_and_they_lose_nothing(single: Fleet) -> None:
    customer, held = begun(single)
    with customer.listening(after=1) as stream:
        assert stream.next().data["text"] == FIRST
        stopping = threading.Thread(target=single.web[0].terminate)
        stopping.start()
        assert stream.until("reconnect")[-1].data == {"reason": "draining"}
    stopping.join()
    held.release()
    single.web[0].start()
    with customer.listening(after=1) as stream:
        assert stream.until("message")[-1].data["text"] == f"{FIRST}{REST}"
