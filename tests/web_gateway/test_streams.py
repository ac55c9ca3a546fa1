"""Event streams: nothing missing, nothing twice, whatever breaks on the way."""

import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from protos import conversation_pb2 as pb
from tests.web_gateway.event_streams import follow, say
from tests.web_gateway.gateways import Gateway, conversation_of, wait_until
from tests.web_gateway.stand_in import DELTAS, Running


def test_what_happens_in_the_conversation_is_streamed(gateway: Gateway, service: Running) -> None:
    token = gateway.session()
    with follow(gateway, token) as stream:
        headers = stream.response.headers
        wait_until(lambda: conversation_of(token) in service.do(service.service.followed))
        assert gateway.say("hi", token).ok
        events = [stream.next() for _ in range(5)]
    assert [event.name for event in events] == ["message", "delta", "delta", "delta", "message"]
    assert [event.id for event in events] == ["1", "", "", "", "2"]
    assert (events[0].data["author"], events[-1].data["author"]) == ("customer", "assistant")
    assert events[-1].data == gateway.get("/chat/messages", token).json()["messages"][-1]
    assert headers["Content-Type"].startswith("text/event-stream")
    assert (headers["Cache-Control"], headers["X-Accel-Buffering"]) == ("no-store", "no")


def test_typing_ownership_silence_and_reset_are_streamed(gateway: Gateway, service: Running) -> None:
    token = gateway.session()
    name = conversation_of(token)
    with follow(gateway, token) as stream:
        wait_until(lambda: name in service.do(service.service.followed))
        for event in (
            pb.FollowEvent(typing=pb.Typing(author=pb.AUTHOR_HUMAN, active=True)),
            pb.FollowEvent(ownership=pb.OwnershipChange(owner=pb.AUTHOR_HUMAN, rev=9)),
            pb.FollowEvent(delta=pb.PreviewDelta(turn_no=4, text="half", replace=True)),
            pb.FollowEvent(reset=pb.PreviewReset(turn_no=4)),
            pb.FollowEvent(reset=pb.PreviewReset(turn_no=4)),  # nothing is shown any more: not streamed
            pb.FollowEvent(turn_silent=pb.TurnSilent(turn_no=4, reason="opted_out")),
        ):
            service.do(service.service.publish, name, event)
        events = [stream.next() for _ in range(5)]
    assert [(event.name, event.data, event.id) for event in events] == [
        ("typing", {"author": "human", "active": True}, ""),
        ("owner", {"owner": "human", "rev": 9}, "9"),
        ("delta", {"turn": 4, "text": "half"}, ""),
        ("reset", {"turn": 4}, ""),
        ("silent", {"turn": 4, "reason": "opted_out"}, ""),
    ]


def test_a_new_attempt_voids_what_was_shown_of_the_earlier_one(gateway: Gateway, service: Running) -> None:
    token = gateway.session()
    name = conversation_of(token)
    with follow(gateway, token) as stream:
        wait_until(lambda: name in service.do(service.service.followed))
        for text in ("first", "second"):
            service.do(service.service.preview, name, 1, text)
        assert [stream.next().name for _ in range(3)] == ["delta", "reset", "delta"]


@pytest.mark.parametrize("header", [False, True])
def test_a_stream_resumes_after_a_revision(gateway: Gateway, header: bool) -> None:
    token = gateway.session()
    for _ in range(2):
        assert gateway.say("hi", token).ok
    after, headers = (None, {"Last-Event-ID": "3"}) if header else (3, {})
    with follow(gateway, token, after, headers) as stream:
        assert stream.next().data["rev"] == 4


def test_two_streams_of_one_conversation_see_the_same(gateway: Gateway) -> None:
    token = gateway.session()
    with follow(gateway, token) as one, follow(gateway, token) as two:
        assert gateway.say("hi", token).ok
        assert one.messages(2) == two.messages(2)


def test_a_quiet_stream_has_a_heartbeat(impatient: Gateway) -> None:
    with follow(impatient, impatient.session()) as stream:
        started = time.monotonic()
        for _ in range(5):
            stream.await_comment()
        assert 0.5 < time.monotonic() - started < 5


def test_a_client_that_leaves_an_idle_stream_frees_it_at_once(gateway: Gateway, service: Running) -> None:
    token = gateway.session()
    name = conversation_of(token)
    wait_until(lambda: gateway.metric("web_gateway_open_streams") == 0)
    with follow(gateway, token) as stream:
        wait_until(lambda: name in service.do(service.service.followed))
        assert gateway.metric("web_gateway_open_streams") == 1
        stream.response.raw._connection.sock.shutdown(socket.SHUT_RDWR)
        left = time.monotonic()
        wait_until(lambda: gateway.metric("web_gateway_open_streams") == 0)
        wait_until(lambda: name not in service.do(service.service.followed))
        assert time.monotonic() - left < 1


def test_a_client_that_leaves_in_the_middle_of_an_answer_finds_it_stored_once(gateway: Gateway) -> None:
    token, key = gateway.session(), str(uuid.uuid4())
    with say(gateway, "slow", token, key) as stream:
        assert stream.next().name == "accepted"
    wait_until(lambda: len(gateway.get("/chat/messages", token).json()["messages"]) == 2)
    assert gateway.say("slow", token, key=key).json()["reply"] == "".join(DELTAS)


def test_above_the_cap_streams_are_refused_and_posts_are_not(impatient: Gateway, service: Running) -> None:
    token = impatient.session()
    streams = [follow(impatient, impatient.session()) for _ in range(5)]
    for stream in streams:
        stream.__enter__()
    try:
        before = len(service.service.received)
        for answer in (
            impatient.get("/chat/events", token),
            impatient.say("hi", token, headers={"Accept": "text/event-stream"}),
        ):
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "too_many_streams")
            assert int(answer.headers["Retry-After"]) >= 1
        assert len(service.service.received) == before
        answer = impatient.say("hi", token)
        assert answer.status_code == 202
        assert "Preference-Applied" not in answer.headers
    finally:
        for stream in streams:
            stream.__exit__(None, None, None)
    wait_until(lambda: impatient.get("/chat/events", token, stream=True).status_code == 200)


def test_when_the_service_goes_away_the_client_only_notices_a_reset(gateway: Gateway, service: Running) -> None:
    token = gateway.session()
    name = conversation_of(token)
    with follow(gateway, token) as stream:
        gateway.say("partial, once followed", token, headers={"Prefer": "respond-async"})
        assert [stream.next().name for _ in range(3)] == ["message", "delta", "delta"]
        service.stop()
        service.do(service.service.reply, name, 1)  # while nobody listens
        service.start()
        assert [stream.next().name for _ in range(2)] == ["reset", "message"]
        assert gateway.say("hi", token).ok
        assert stream.next().data["seq"] == 3


def test_a_waiting_post_survives_the_loss_of_the_follow_stream(gateway: Gateway, service: Running) -> None:
    wait_until(lambda: gateway.metric("web_gateway_waiting_replies") == 0)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(gateway.say("slow")))
    thread.start()
    wait_until(lambda: gateway.metric("web_gateway_waiting_replies") == 1)
    service.do(service.service.cut_streams)
    thread.join(20)
    assert answers[0].json()["reply"] == "".join(DELTAS)


def test_a_subscription_that_the_service_found_too_slow_is_renewed_unseen(gateway: Gateway, service: Running) -> None:
    token = gateway.session()
    name = conversation_of(token)
    with follow(gateway, token) as stream:
        wait_until(lambda: name in service.do(service.service.followed))
        service.do(service.service.end_subscriptions, name, "slow_consumer")
        wait_until(lambda: name in service.do(service.service.followed))
        assert gateway.say("hi", token).ok
        assert stream.until("message")[-1].data["seq"] == 1


def test_a_subscription_that_the_service_refuses_ends_the_stream(gateway: Gateway, service: Running) -> None:
    token = gateway.session()
    name = conversation_of(token)
    with follow(gateway, token) as stream:
        wait_until(lambda: name in service.do(service.service.followed))
        service.do(service.service.end_subscriptions, name, "refused")
        assert stream.next()[:2] == ("reconnect", {"reason": "refused"})
        assert list(stream) == []


def test_a_slow_reader_is_let_go_without_harm_to_others_and_resumes(impatient: Gateway, service: Running) -> None:
    slow_token, quick_token = impatient.session(), impatient.session()
    slow_name, quick_name = conversation_of(slow_token), conversation_of(quick_token)
    count, text = 1500, "x" * 8000  # more than all buffers on the way hold
    with _standing_still(impatient, slow_token), follow(impatient, quick_token) as quick:
        wait_until(lambda: {slow_name, quick_name} <= service.do(service.service.followed))
        started = time.monotonic()
        service.do(lambda: [service.service.reply(slow_name, 1, text) for _ in range(count)])
        service.do(service.service.reply, quick_name, 1, "for the quick one")
        assert quick.until("message")[-1].data["text"] == "for the quick one"
        assert time.monotonic() - started < 3
        wait_until(lambda: impatient.metric('web_gateway_stream_ends_total{reason="slow"}') == 1, 10)
        wait_until(lambda: slow_name not in service.do(service.service.followed))
    seen: list[int] = []
    while len(seen) < count:  # each attempt brings the client further
        with follow(impatient, slow_token, after=len(seen)) as stream:
            news = [event.data["seq"] for event in stream.messages(count - len(seen))]
        assert news
        seen += news
    assert seen == list(range(1, count + 1))


@contextmanager
def _standing_still(gateway: Gateway, token: str) -> Iterator[None]:
    """A client that follows and does not read."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", gateway.port))
        client.sendall(f"GET /chat/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        yield
