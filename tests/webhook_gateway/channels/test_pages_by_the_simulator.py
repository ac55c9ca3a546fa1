"""Messenger and Instagram against the simulator, which was written from the platforms' papers, not from them."""

import itertools
import time
from collections.abc import Iterator
from typing import Any

import pytest

from protos import conversation_pb2 as pb
from tests.simulator.running import RunningSimulator, running_simulator
from tests.simulator.stub_gateway import StubGateway, Webhook, running_stub
from tests.webhook_gateway.channels.conformance import read
from webhook_gateway.channels import CHANNELS
from webhook_gateway.channels.channel import WebhookRequest
from webhook_gateway.channels.instagram import InstagramAccount
from webhook_gateway.channels.messenger import MessengerAccount
from webhook_gateway.channels.pages import PagesChannel
from webhook_gateway.outcomes import Accepted, NotAccepted, Outcome, Rejected, Scope, Unknown
from webhook_gateway.sender.transport import Transport

NAMES = ("instagram", "messenger")
# Each line has a customer of its own, so that none takes what comes late for another.
_customers = itertools.count(5614879045270000077)
DELIVERY = "5f0a5a39-6e31-4a3b-9a43-2f1f4f1a9c77"
_COMMON = {
    "text": "message",
    "image": "message",
    "document": "message",
    "button": "message",
    "postback": "message",
    "reaction": "reaction",
    "edit": "edit",
    "delete": "deletion",
    "unsupported": "unsupported",
    "referral": "referral",
}
ACTS = [
    *(("instagram", *act) for act in (_COMMON | {"story_reply": "message", "story_mention": "message"}).items()),
    *(
        ("messenger", *act)
        for act in (_COMMON | {"location": "message", "sticker": "message", "optin": "preference"}).items()
    ),
]


class Line:
    """One of the two channels, set up for the simulator's account."""

    def __init__(self, simulator: RunningSimulator, gateway: StubGateway, name: str) -> None:
        self.simulator, self.gateway, self.name = simulator, gateway, name
        self.customer = str(next(_customers))
        account = simulator.account(name)
        given: Any = {
            "access_token": account.token,
            "app_secret": account.secret,
            "verify_token": account.verify_token,
            "app_id": account.app_id,
            "graph_api_base_url": simulator.url,
        }
        ours = (
            InstagramAccount(account_id=account.id, **given)
            if name == "instagram"
            else MessengerAccount(page_id=account.id, **given)
        )
        channel = CHANNELS[name]([ours])
        assert isinstance(channel, PagesChannel)
        self.channel, self.account = channel, ours
        simulator.behave()
        simulator.customer(name, self.customer, last_wrote=time.time())

    def send(self, text: str = "Hello", recipient: str = "") -> Outcome:
        delivery = pb.Delivery(
            id=DELIVERY, account=self.account.id, thread_key=recipient or self.customer, text=text, attempt=1
        )
        answer = Transport().send(self.channel.compose(self.account, delivery))
        return self.channel.interpret(answer, delivery)

    def told(self, kind: str) -> pb.Event:
        """The event of that kind about the customer, once it is there."""
        for count in itertools.count(1):
            for event in self._events(self.gateway.wait_for(count)[count - 1]):
                if event.WhichOneof("content") == kind and event.thread_key == self.customer:
                    return event
        raise AssertionError

    def _events(self, webhook: Webhook) -> list[pb.Event]:
        if webhook.channel != self.name:
            return []
        request = WebhookRequest({key.lower(): value for key, value in webhook.headers.items()}, webhook.body)
        assert self.channel.proven(request)
        found = list(read(self.channel, request))
        events = [event for event in found if isinstance(event, pb.Event)]
        assert len(events) == len(found)
        assert {event.account for event in events} == {self.account.id}
        return events


@pytest.fixture(scope="module")
def simulated() -> Iterator[tuple[RunningSimulator, StubGateway]]:
    with running_stub() as gateway, running_simulator(gateway.url) as simulator:
        yield simulator, gateway


@pytest.fixture(params=NAMES)
def line(simulated: tuple[RunningSimulator, StubGateway], request: pytest.FixtureRequest) -> Line:
    return Line(*simulated, request.param)


@pytest.mark.parametrize(("name", "act", "kind"), ACTS)
def test_whatever_a_customer_does_arrives_as_what_it_is(
    simulated: tuple[RunningSimulator, StubGateway], name: str, act: str, kind: str
) -> None:
    line = Line(*simulated, name)
    about = {"message_id": "m_before"} if act in {"reaction", "edit", "delete"} else {}
    emoji = {"emoji": "❤️"} if act == "reaction" else {}
    line.simulator.act(name, line.customer, act, text="Which mug?", **about, **emoji)
    event = line.told(kind)
    assert event.sender.external_id == line.customer
    assert time.time() - 60 < event.platform_time.seconds < time.time() + 60


def test_a_reply_is_accepted_and_proven_by_its_echo(line: Line) -> None:
    outcome = line.send("We have it in green. 🫖")
    assert isinstance(outcome, Accepted)
    echo = line.told("echo")
    assert echo.echo.origin == pb.Echo.ORIGIN_OURS
    assert echo.echo.provider_id == outcome.provider_id
    assert echo.echo.content.text == "We have it in green. 🫖"
    assert echo.echo.delivery_id == (DELIVERY if line.name == "messenger" else "")


def test_what_a_person_writes_is_not_ours(line: Line) -> None:
    line.simulator.write_as_person(line.name, line.customer, "Lena here.")
    echo = line.told("echo")
    assert echo.echo.content.text == "Lena here."
    assert echo.echo.origin != pb.Echo.ORIGIN_OURS
    assert echo.echo.delivery_id == ""


def test_a_text_of_the_greatest_length_is_taken_and_one_more_is_not(line: Line) -> None:
    limit = line.channel.capabilities.text_limit
    assert isinstance(line.send("x" * limit), Accepted)
    assert isinstance(line.send("x" * (limit + 1)), Rejected)
    if line.name == "instagram":
        assert isinstance(line.send("🫖" * 250), Accepted)
        assert isinstance(line.send("🫖" * 250 + "x"), Rejected)


def test_a_customer_who_may_not_be_written_to_is_told_apart(line: Line) -> None:
    line.simulator.customer(line.name, line.customer, last_wrote=time.time() - 90_000)
    assert getattr(line.send(), "reason", "") == "window_closed"
    assert getattr(line.send(recipient="404"), "reason", "") == "recipient"


@pytest.mark.parametrize(
    ("code", "expected"),
    [("190", NotAccepted), ("613", NotAccepted), ("1/1357046", Unknown), ("551", Rejected), ("10/2534022", Rejected)],
)
def test_a_refusal_means_what_its_code_says(line: Line, code: str, expected: type) -> None:
    line.simulator.misbehave("refuse", code=code, channel=line.name)
    outcome = line.send()
    assert isinstance(outcome, expected)
    if isinstance(outcome, NotAccepted):
        assert outcome.scope == Scope.SCOPE_ACCOUNT


def test_what_was_written_is_seen_while_somebody_types(line: Line) -> None:
    signal = pb.TypingSignal(account=line.account.id, thread_key=line.customer)
    for call in (line.channel.compose_seen(line.account, signal), line.channel.compose_typing(line.account, signal)):
        assert call is not None
        assert Transport().send(call).status == 200
