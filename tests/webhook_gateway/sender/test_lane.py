"""A lane: what it claims it sends once, in pieces that fit, and says what became of it."""

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import SimpleNamespace

import grpc
import pytest
from structlog.testing import capture_logs

from protos import conversation_pb2 as pb
from tests.local_stack.waiting import eventually
from tests.ports import free_port
from tests.webhook_gateway.sender.platform import Behaviour, Platform, answering, closing, platform
from tests.webhook_gateway.sender.stand_in import PostcardAccount, Postcards, StandIn, running_stand_in
from webhook_gateway.outcomes import Accepted
from webhook_gateway.sender import delivering, lane, outbox
from webhook_gateway.sender.delivering import Delivering
from webhook_gateway.sender.lane import Lane, run_all
from webhook_gateway.sender.outbox import Unavailable
from webhook_gateway.sender.transport import Transport

TAKEN = answering("200 OK", b'{"id": "card-1"}')


class Sending:
    """One lane at work."""

    def __init__(self, service: StandIn, server: Platform) -> None:
        self.service = service
        self.server = server

    def settle(self, **fields: object) -> pb.SettleDeliveryRequest:
        """Queue a delivery and wait for its outcome."""
        delivery = pb.Delivery(
            **{"id": "d1", "fence": 3, "account": "main", "thread_key": "ann", "text": "hi", **fields}
        )  # type: ignore[arg-type]
        self.service.queued.append(delivery)
        eventually(lambda: delivery.id in self.service.settled, 10)
        return self.service.settled[delivery.id]

    def sent(self) -> list[dict[str, str]]:
        return [json.loads(request.partition(b"\r\n\r\n")[2]) for request in self.server.requests]


Start = Callable[..., Sending]


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as stack:

        def start(behaviour: Behaviour = TAKEN, concurrency: int = 4, address: str = "") -> Sending:
            service, claims = stack.enter_context(running_stand_in())
            server = stack.enter_context(platform(behaviour))
            channel = Postcards([PostcardAccount(office="main", address=address or server.url)])
            own = Lane(Delivering(channel, claims, Transport()), claims, concurrency)
            stopped = threading.Event()
            thread = threading.Thread(target=run_all, args=([own], stopped.wait, 5))
            thread.start()
            stack.callback(thread.join)
            stack.callback(stopped.set)
            return Sending(service, server)

        yield start


def test_a_delivery_is_sent_with_the_platforms_marks_and_settled_with_its_id(start: Start) -> None:
    sending = start()
    settled = sending.settle(text="**now**")
    assert (settled.fence, settled.http_status, settled.accepted.provider_id) == (3, 200, "card-1")
    assert sending.sent() == [{"to": "ann", "text": "*now*", "id": "d1"}]


def test_a_claim_says_the_channels_terms_and_asks_for_as_many_as_there_are_threads(start: Start) -> None:
    sending = start(concurrency=3)
    eventually(lambda: bool(sending.service.claims))
    claim = sending.service.claims[0]
    assert (claim.limit, list(claim.channels), claim.worker) == (3, ["postcards"], "tests")
    assert (claim.terms[0].channel, claim.terms[0].typing_refresh_ms) == ("postcards", 1000)


def test_a_long_text_is_cut_before_it_is_sent_and_the_rest_waits_behind_it(start: Start) -> None:
    sending = start()
    sending.settle(text="The first sentence is here. The second one is there.")
    (split,) = sending.service.splits
    assert (split.delivery_id, split.fence) == ("d1", 3)
    assert list(split.texts) == ["The first sentence is here.", "The second one is there."]
    assert [sent["text"] for sent in sending.sent()] == ["The first sentence is here."]


@pytest.mark.parametrize("code", [grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.NOT_FOUND])
def test_what_could_not_be_cut_is_not_sent(start: Start, code: grpc.StatusCode) -> None:
    sending = start()
    sending.service.refusals.append(code)
    assert sending.settle(text="word " * 30).not_accepted.error_code == "split_takenover"
    assert sending.sent() == []


@pytest.mark.parametrize(
    ("behaviour", "outcome", "code"),
    [
        (answering("400 Bad", b"{}"), "rejected", "400"),
        (answering("500 Oops", b"{}"), "unknown", "500"),
        (answering("200 OK", b"no json"), "unknown", "unreadable_typeerror"),
        (closing, "unknown", "connection_lost"),
    ],
)
def test_an_outcome_is_what_the_platform_said(start: Start, behaviour: Behaviour, outcome: str, code: str) -> None:
    settled = start(behaviour).settle()
    assert settled.WhichOneof("outcome") == outcome
    assert getattr(settled, outcome).error_code == code


def test_a_platform_out_of_reach_has_surely_not_taken_it(start: Start) -> None:
    settled = start(address=f"http://127.0.0.1:{free_port()}/").settle()
    assert settled.not_accepted.error_code == "unreachable"


def test_an_account_that_is_not_configured_waits_as_a_whole(start: Start) -> None:
    settled = start().settle(account="closed")
    assert settled.not_accepted.error_code == "account_not_configured"
    assert settled.not_accepted.scope == pb.SettleDeliveryRequest.NotAccepted.SCOPE_ACCOUNT


def test_a_reply_that_cannot_be_composed_is_not_lost(start: Start) -> None:
    sending = start()
    assert sending.settle(thread_key="nowhere").not_accepted.error_code == "not_composed_lookuperror"
    assert sending.settle(id="d2").accepted.provider_id == "card-1"


def test_a_reply_that_cannot_be_rendered_is_not_taken_for_one_that_may_have_been_sent(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "render", lambda text, capabilities: text[99])
    sending = start()
    assert sending.settle().not_accepted.error_code == "not_composed_indexerror"
    assert sending.sent() == []


def test_a_claim_that_has_become_old_is_not_sent(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "LEASE_SECONDS", 0.0)
    sending = start()
    assert sending.settle().not_accepted.error_code == "claimed_too_long_ago"
    assert sending.sent() == []


def test_an_outcome_is_recorded_through_an_outage(start: Start) -> None:
    sending = start()
    sending.service.refusals.extend([grpc.StatusCode.UNAVAILABLE] * 7)
    assert sending.settle().accepted.provider_id == "card-1"
    assert len(sending.sent()) == 1


def test_an_outcome_is_told_for_as_long_as_it_counts_which_is_longer_than_its_lease(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = itertools.count()  # a second at each look
    monkeypatch.setattr(outbox, "time", SimpleNamespace(monotonic=now.__next__))
    monkeypatch.setattr(outbox, "random", SimpleNamespace(uniform=lambda *_bounds: 0))
    with running_stand_in() as (service, own):
        service.refusals.extend([grpc.StatusCode.DEADLINE_EXCEEDED] * 90)
        own.settle(pb.Delivery(id="d1", fence=1), Accepted("card-1"), 200)
        assert service.settled["d1"].accepted.provider_id == "card-1"
        service.refusals.extend([grpc.StatusCode.DEADLINE_EXCEEDED] * 120)
        own.settle(pb.Delivery(id="d2", fence=1), Accepted("card-2"), 200)
        assert "d2" not in service.settled, "somebody who waits for ever does nothing else"


def test_a_sender_that_ends_does_not_wait_for_an_outbox_that_is_away() -> None:
    with running_stand_in() as (service, own):
        service.refusals.extend([grpc.StatusCode.DEADLINE_EXCEEDED] * 500)
        telling = threading.Thread(target=own.settle, args=(pb.Delivery(id="d1", fence=1), Accepted("card-1"), 200))
        telling.start()
        eventually(lambda: len(service.refusals) < 500)
        own.close()
        telling.join(5)
        assert not telling.is_alive()
        service.refusals.clear()
        own.settle(pb.Delivery(id="d2", fence=1), Accepted("card-2"), 200)
        assert "d2" in service.settled, "one call is always made"


def test_an_outbox_that_was_never_there_is_complained_about_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane, "_POLL_SECONDS", 0.01)
    asked = []

    class Nobody:
        def claim(self, *terms: object) -> pb.ClaimDeliveriesResponse:
            asked.append(terms)
            raise Unavailable("UNAUTHENTICATED")

    stopped = threading.Event()
    own = Lane(Delivering(Postcards([]), Nobody(), Transport()), Nobody(), 1)  # type: ignore[arg-type]
    thread = threading.Thread(target=run_all, args=([own], stopped.wait, 5))
    with capture_logs() as logs:
        thread.start()
        eventually(lambda: len(asked) > 3)
        stopped.set()
        thread.join()
    assert [entry["reason"] for entry in logs] == ["UNAUTHENTICATED"]


def test_somebody_who_waits_is_shown_that_an_answer_is_written(start: Start) -> None:
    sending = start(answering("500 Oops", b""))  # which harms nothing
    sending.service.typing.append(pb.TypingSignal(channel="postcards", account="main", thread_key="ann"))
    eventually(lambda: sending.sent() == [{"seen": "ann"}, {"typing": "ann"}])


def test_a_slow_platform_is_asked_for_no_more_than_there_are_threads(start: Start) -> None:
    gate = threading.Event()
    slow: Behaviour = lambda connection: (gate.wait(10), TAKEN(connection))[1]  # noqa: E731
    sending = start(slow, concurrency=2)
    for number in range(5):
        sending.service.queued.append(pb.Delivery(id=f"d{number}", account="main", thread_key=f"t{number}", text="hi"))
    eventually(lambda: len(sending.server.requests) == 2)
    assert len(sending.service.queued) == 3
    gate.set()
    eventually(lambda: len(sending.service.settled) == 5)


def test_a_text_of_more_parts_than_there_may_be_is_given_up_at_once(start: Start) -> None:
    sending = start()
    sending.service.refusals.append(grpc.StatusCode.INVALID_ARGUMENT)
    assert sending.settle(text="word " * 30).rejected.error_code == "too_long"
    assert sending.sent() == []


def test_more_threads_than_a_claim_may_give_are_filled_by_several(start: Start) -> None:
    sending = start(concurrency=250)
    assert sending.settle().accepted.provider_id == "card-1"
    assert {claim.limit for claim in sending.service.claims} == {100}


def test_a_claim_that_fails_in_an_unforeseen_way_is_not_the_last(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, failures = Lane._begin, [RuntimeError("can't start new thread")]

    def begin(self: Lane, delivery: pb.Delivery, began: float) -> None:
        if failures:
            raise failures.pop()
        whole(self, delivery, began)

    monkeypatch.setattr(Lane, "_begin", begin)
    sending = start()
    sending.service.queued.append(pb.Delivery(id="lost", account="main", thread_key="ann", text="hi"))
    eventually(lambda: not sending.service.queued)
    assert sending.settle().accepted.provider_id == "card-1"


def test_signs_that_would_come_too_late_are_left_out(start: Start) -> None:
    gate = threading.Event()
    slow: Behaviour = lambda connection: (gate.wait(10), TAKEN(connection))[1]  # noqa: E731
    sending = start(slow)
    for number in range(100):
        sending.service.typing.append(pb.TypingSignal(channel="postcards", account="main", thread_key=f"t{number}"))
    eventually(lambda: not sending.service.typing)
    gate.set()
    shown = lambda: sum("typing" in sent for sent in sending.sent())  # noqa: E731
    eventually(lambda: shown() >= 16)
    sending.settle()  # a round later
    assert shown() == 16
