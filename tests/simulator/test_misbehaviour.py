"""Each misbehaviour, as a caller and as the log of accepted sends see it."""

import time

import pytest
import requests

from tests.simulator.running import RunningSimulator
from tests.simulator.shop import CHANNELS, CUSTOMERS, Shop, error_code
from tests.simulator.stub_gateway import StubGateway, wait_until
from tests.simulator.test_sending import items, statuses


@pytest.fixture(autouse=True)
def customers(simulator: RunningSimulator) -> None:
    """Everybody has just written."""
    for channel, customer in CUSTOMERS.items():
        simulator.customer(channel, customer, last_wrote=time.time())


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize(("do", "accepted"), [("accept_and_close", 1), ("close", 0)])
def test_a_connection_is_closed_without_a_byte(
    simulator: RunningSimulator, shop: Shop, channel: str, do: str, accepted: int
) -> None:
    simulator.misbehave(do, times=1)
    with pytest.raises(requests.ConnectionError):
        shop.send(channel, "Hello")
    assert len(simulator.accepted) == accepted
    assert shop.send(channel, "Hello").ok


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize(("do", "accepted"), [("accept_and_500", 1), ("fail", 0)])
def test_a_failure_may_be_one_or_not(
    simulator: RunningSimulator, shop: Shop, channel: str, do: str, accepted: int
) -> None:
    simulator.misbehave(do)
    answer = shop.send(channel, "Hello")
    assert answer.status_code == 500
    assert answer.json()
    assert len(simulator.accepted) == accepted


def test_a_late_answer_comes_after_the_acceptance(simulator: RunningSimulator, shop: Shop) -> None:
    simulator.misbehave("accept_late", seconds=30)
    with pytest.raises(requests.ReadTimeout):
        shop.send("whatsapp", "Hello", timeout=0.3)
    assert len(simulator.accepted) == 1


def test_a_late_platform_has_not_accepted_yet(simulator: RunningSimulator, shop: Shop) -> None:
    simulator.misbehave("answer_late", seconds=30)
    with pytest.raises(requests.ReadTimeout):
        shop.send("whatsapp", "Hello", timeout=0.3)
    assert simulator.accepted == []


def test_a_garbled_answer_is_no_json(simulator: RunningSimulator, shop: Shop) -> None:
    simulator.misbehave("accept_and_garble")
    assert shop.send("messenger", "Hello").text.startswith("<html>")
    assert len(simulator.accepted) == 1


@pytest.mark.parametrize("channel", CHANNELS)
def test_429_says_how_long_to_wait(simulator: RunningSimulator, shop: Shop, channel: str) -> None:
    simulator.misbehave("throttle", seconds=7)
    answer = shop.send(channel, "Hello")
    assert answer.status_code == 429
    if channel == "telegram":
        assert answer.json()["parameters"] == {"retry_after": 7}
    else:
        assert answer.headers["Retry-After"] == "7"
    assert simulator.accepted == []


@pytest.mark.parametrize(
    ("channel", "code", "status"),
    [
        ("whatsapp", "130429", 400),
        ("whatsapp", "131056", 400),
        ("whatsapp", "131047", 400),
        ("whatsapp", "190", 401),
        ("messenger", "1357046", 500),
        ("instagram", "613", 400),
        ("telegram", "403", 403),
        ("twilio", "21610", 400),
    ],
)
def test_every_code_can_be_had(simulator: RunningSimulator, shop: Shop, channel: str, code: str, status: int) -> None:
    simulator.misbehave("refuse", channel=channel, code=code)
    answer = shop.send(channel, "Hello")
    assert answer.status_code == status
    if code == "1357046":
        assert (answer.json()["error"]["code"], answer.json()["error"]["error_subcode"]) == (1, 1357046)
    else:
        assert error_code(channel, answer) == int(code)


def test_a_rule_meets_only_what_it_names_and_only_so_often(simulator: RunningSimulator, shop: Shop) -> None:
    simulator.customer("whatsapp", "16505550999", last_wrote=time.time())
    simulator.misbehave("fail", channel="whatsapp", recipient="16505550999", times=2)
    assert shop.send("whatsapp", "Hello").ok
    assert shop.send("messenger", "Hello").ok
    found = [shop.send("whatsapp", "Hello", recipient="16505550999").status_code for _ in range(3)]
    assert found == [500, 500, 200]


def test_chance_repeats_itself_with_its_seed(simulator: RunningSimulator, shop: Shop) -> None:
    def run() -> list[bool]:
        simulator.behave()
        simulator.misbehave("fail", probability=0.5, seed=4)
        return [shop.send("telegram", "Hello").ok for _ in range(12)]

    first = run()
    assert run() == first
    assert len(set(first)) == 2


def test_statuses_come_before_the_answer(simulator: RunningSimulator, gateway: StubGateway, shop: Shop) -> None:
    accepted: list[int] = []
    gateway.on_webhook = lambda _: accepted.append(len(simulator.calls))
    simulator.misbehave("statuses_early")
    shop.send("whatsapp", "Hello", mark="out-1")
    # At each of them the call was not yet over, which is when it gets into the log.
    assert accepted == [0, 0, 0]
    assert [one["status"] for one in statuses(gateway.webhooks)] == ["sent", "delivered", "read"]


def test_statuses_come_reversed_or_twice_or_never(
    simulator: RunningSimulator, gateway: StubGateway, shop: Shop
) -> None:
    def after(do: str, count: int) -> list[str]:
        gateway.forget()
        simulator.behave()
        simulator.misbehave(do)
        shop.send("whatsapp", "Hello")
        wait_until(lambda: simulator.inside.postman.waiting() == 0)
        assert len(statuses(gateway.webhooks)) == count
        return [one["status"] for one in statuses(gateway.webhooks)]

    assert after("statuses_reversed", 3) == ["read", "delivered", "sent"]
    assert sorted(after("statuses_twice", 6)) == sorted(["sent", "delivered", "read"] * 2)
    assert after("statuses_never", 0) == []


def test_a_later_word_never_leads_back(simulator: RunningSimulator, shop: Shop) -> None:
    simulator.misbehave("statuses_reversed")
    shop.send("whatsapp", "Hello")
    wait_until(lambda: simulator.inside.postman.waiting() == 0)
    sent = simulator.control("GET", "changes?after=0")["messages"]
    assert [message["state"] for message in sent] == ["read"]


def test_statuses_wait(simulator: RunningSimulator, gateway: StubGateway, shop: Shop) -> None:
    simulator.misbehave("statuses_late", seconds=600)
    shop.send("messenger", "Hello")
    assert simulator.inside.postman.waiting() == 3
    assert gateway.webhooks == []


def test_a_message_may_be_taken_and_not_delivered(
    simulator: RunningSimulator, gateway: StubGateway, shop: Shop
) -> None:
    simulator.misbehave("statuses_failed", code="131026")
    shop.send("whatsapp", "Hello")
    (status,) = statuses(gateway.wait_for(1))
    assert (status["status"], status["errors"][0]["code"]) == ("failed", 131026)


def test_an_echo_may_come_before_the_answer(simulator: RunningSimulator, gateway: StubGateway, shop: Shop) -> None:
    simulator.misbehave("statuses_early")
    mid = shop.send("instagram", "Hello").json()["message_id"]
    assert items(gateway.webhooks)[0]["message"]["mid"] == mid


def test_half_of_a_thousand_ambiguous_sends_can_be_counted(simulator: RunningSimulator, shop: Shop) -> None:
    simulator.misbehave("accept_and_close", probability=0.5, seed=1)
    simulator.misbehave("close")
    for number in range(20):
        with pytest.raises(requests.ConnectionError):
            shop.send("whatsapp", "Hello", mark=f"out-{number}")
    marks = [entry["mark"] for entry in simulator.accepted]
    assert 0 < len(marks) < 20
    assert len(set(marks)) == len(marks)
    assert [entry["order"] for entry in simulator.accepted] == list(range(1, len(marks) + 1))


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("POST", "rules", {"do": "explode"}, "statuses_reversed"),
        ("POST", "rules", {"do": "fail", "often": True}, "often: "),
        ("POST", "customers/whatsapp/1/acts", {"kind": "dance"}, "kind: "),
        ("POST", "customers/twilio/+1/acts", {"kind": "reaction", "message_id": "SM1"}, "twilio has no reaction"),
        ("POST", "customers/whatsapp/1/acts", {"kind": "delete"}, "which message?"),
        ("POST", "customers/pigeon/1/acts", {}, "there is no channel pigeon"),
        ("POST", "customers/telegram/ada/acts", {}, "is a number"),
        ("POST", "shops/telegram/1/acts", {"text": "Hello"}, "another device"),
        ("PUT", "customers/whatsapp/1", {"shoe": 44}, "shoe"),
        ("PUT", "customers/whatsapp/1", {"name": 5}, "name: "),
        ("PUT", "customers/whatsapp/1", {"reads": "twice"}, "when_opened"),
        ("POST", "customers/telegram/1/acts", {"kind": "edit", "message_id": "x", "text": "y"}, "is a number"),
        ("PUT", "webhooks/whatsapp", {"copies": 0}, "copies: "),
        ("POST", "load", {"messages": 0}, "messages: "),
        ("POST", "load", {"channel": "pigeon"}, "pigeon"),
        ("PUT", "webhooks/whatsapp", {"retry_pauses": [1e308]}, "retry_pauses"),
        ("POST", "webhooks/telegram", {"items": [{}, {}]}, "at most 1"),
        ("GET", "changes?wait=nan", None, "wait is a number"),
        ("GET", "accepted?after=x", None, "after is a number"),
        ("DELETE", "rules/77", None, "there is no rule 77"),
        ("POST", "media", None, "empty"),
    ],
)
def test_nonsense_is_told_what_would_make_sense(
    simulator: RunningSimulator, method: str, path: str, body: dict | None, words: str
) -> None:
    answer = requests.request(method, f"{simulator.url}/control/{path}", json=body, timeout=5)
    assert answer.status_code == 400, answer.text
    assert words in answer.json()["error"]
