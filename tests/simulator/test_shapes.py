"""The structure of every body is the one that was recorded at the platforms: no key more, none less, the same types."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.platforms import registry
from tests.simulator.running import RunningSimulator, running_simulator
from tests.simulator.shop import CHANNELS, CUSTOMERS, Shop
from tests.simulator.structure import differences
from tests.simulator.stub_gateway import StubGateway, Webhook, running_stub, wait_until

FOLDER = Path(__file__).with_name("shapes")
SHAPES = {channel: json.loads((FOLDER / f"{channel}.json").read_text()) for channel in CHANNELS}
ACTS = [(channel, kind) for channel, platform in registry.create().items() for kind in sorted(platform.acts)]
# What an act needs beside its kind.
MORE: dict[str, dict[str, Any]] = {
    "reaction": {"emoji": "👍"},
    "image": {"text": "Look"},
    "document": {"text": "The bill"},
    "number_change": {"new_id": "16505550199"},
    "id_change": {"new_id": "US.123"},
    "story_reply": {"text": "Still there?"},
    "postback": {"text": "Get started"},
    "location": {"name": "A place", "address": "A street"},
}


# One for all tests of this module: there are many, and none minds what the others left.
@pytest.fixture(scope="module")
def running() -> Iterator[tuple[StubGateway, RunningSimulator]]:
    with running_stub() as gateway, running_simulator(gateway.url) as simulator:
        yield gateway, simulator


@pytest.fixture
def gateway(running: tuple[StubGateway, RunningSimulator]) -> StubGateway:
    gateway, simulator = running
    wait_until(lambda: simulator.inside.postman.waiting() == 0)
    gateway.forget()
    return gateway


@pytest.fixture
def simulator(running: tuple[StubGateway, RunningSimulator]) -> RunningSimulator:
    return running[1]


def said(webhook: Webhook) -> Any:
    return webhook.form if webhook.channel == "twilio" else webhook.json


def target(simulator: RunningSimulator, gateway: StubGateway, channel: str) -> str:
    """A message of the customer's that an act can refer to."""
    told = simulator.act(channel, CUSTOMERS[channel], text="Hello")
    gateway.forget()
    return str(told["id"])


@pytest.mark.parametrize(("channel", "kind"), ACTS)
def test_an_act_is_told_in_the_recorded_form(
    simulator: RunningSimulator, gateway: StubGateway, channel: str, kind: str
) -> None:
    simulator.customer(channel, CUSTOMERS[channel], name="Mia Keller", username="mia", user_id="US.77")
    more = {"text": "Hello"} if kind in {"text", "button", "list", "edit"} else {}
    if kind in {"reaction", "edit", "delete", "button", "list"}:
        more["message_id"] = target(simulator, gateway, channel)
    simulator.act(channel, CUSTOMERS[channel], kind=kind, **(more | MORE.get(kind, {})))
    (webhook,) = gateway.webhooks
    assert differences(said(webhook), SHAPES[channel][kind]) == []


@pytest.mark.parametrize("channel", ["whatsapp", "instagram", "messenger"])
def test_what_a_person_of_the_shop_writes_has_the_form_of_an_echo(
    simulator: RunningSimulator, gateway: StubGateway, channel: str
) -> None:
    simulator.customer(channel, CUSTOMERS[channel])
    simulator.write_as_person(channel, CUSTOMERS[channel], "I'll look into it")
    (webhook,) = gateway.webhooks
    assert differences(said(webhook), SHAPES[channel]["echo"]) == []
    assert "app_id" not in webhook.body.decode()


@pytest.mark.parametrize(
    ("channel", "names"),
    [
        ("whatsapp", ["status"] * 3),
        ("instagram", ["echo", "read"]),
        ("messenger", ["echo", "delivery", "read"]),
        ("twilio", ["status"] * 2),
    ],
)
def test_what_is_told_about_a_send_has_the_recorded_form(
    simulator: RunningSimulator, gateway: StubGateway, shop: Shop, channel: str, names: list[str]
) -> None:
    simulator.customer(channel, CUSTOMERS[channel], last_wrote=time.time(), blocked=False)
    answer = shop.send(channel, "Hello", mark="out-1")
    assert differences(answer.json(), SHAPES[channel]["accepted"]) == []
    wait_until(lambda: simulator.inside.postman.waiting() == 0)
    assert len(gateway.webhooks) == len(names)
    for webhook, name in zip(gateway.webhooks, names, strict=True):
        assert differences(said(webhook), SHAPES[channel][name]) == []


def test_a_failed_status_has_the_recorded_form(simulator: RunningSimulator, gateway: StubGateway, shop: Shop) -> None:
    shop.send("whatsapp", "To somebody who never wrote", mark="out-1", recipient="16505550188")
    (webhook,) = gateway.wait_for(1)
    assert differences(webhook.json, SHAPES["whatsapp"]["failed"]) == []


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("code", ["190", "500"])
def test_a_refusal_has_the_form_of_the_platform(channel: str, code: str) -> None:
    refused = registry.create()[channel].refusal(code)
    assert differences(refused.body, SHAPES[channel]["error"]) == []


def test_telegrams_answer_to_a_send_has_the_recorded_form(simulator: RunningSimulator, shop: Shop) -> None:
    simulator.customer("telegram", CUSTOMERS["telegram"], last_wrote=time.time(), blocked=False)
    assert differences(shop.send("telegram", "Hello").json(), SHAPES["telegram"]["accepted"]) == []


def test_a_customer_with_a_hidden_number_is_known_by_the_user_id_alone(
    simulator: RunningSimulator, gateway: StubGateway, shop: Shop
) -> None:
    simulator.customer("whatsapp", "16505550133", user_id="US.1349", hides_number=True, name="Mia")
    simulator.act("whatsapp", "16505550133", text="Hello")
    body = gateway.webhooks[-1].body.decode()
    assert "16505550133" not in body
    assert '"from_user_id":"US.1349"' in body
    assert shop.send("whatsapp", "Hello", recipient="US.1349").ok
    assert simulator.accepted[-1]["recipient"] == "16505550133"


def test_every_recorded_form_is_tried() -> None:
    others = {"accepted", "error", "echo", "status", "failed", "delivery", "read"}
    for channel, platform in registry.create().items():
        assert set(SHAPES[channel]) - others == set(platform.acts)


def test_a_body_that_differs_is_noticed() -> None:
    shape = {"needs": {"a": "string", "b[].c": "number"}, "may": {"d": "boolean"}}
    assert differences({"a": "x", "b": [{"c": 1}, {"c": 2.5}], "d": True}, shape) == []
    found = differences({"b": [{"c": "1"}], "d": True, "e": None}, shape)
    assert found == ["a is missing", "b[].c is a string, not a number", "e is not in the recorded form"]
