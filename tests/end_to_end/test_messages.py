"""What customers do to the whole: twice, at once, too much, and leaving in the middle."""

import json
import socket
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.end_to_end.shop import Shop, running_stack
from tests.local_stack.waiting import eventually
from tests.scripted_openai import Pace


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with running_stack() as stack:
        yield stack


def test_one_message_sent_twenty_times_at_once_is_one_message_with_one_answer(shop: Shop) -> None:
    session, key = shop.session(), str(uuid.uuid4())
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: shop.post("hello", session, key), range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({(answer.json()["messageId"], answer.json()["reply"]) for answer in answers}) == 1
    assert [message["author"] for message in shop.history(session)] == ["customer", "assistant"]


def test_the_same_id_with_another_text_is_a_conflict_and_changes_nothing(shop: Shop) -> None:
    session, key = shop.session(), str(uuid.uuid4())
    shop.post("hello", session, key)
    before = shop.history(session)
    answer = shop.post("something else", session, key)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "message_conflict")
    assert shop.history(session) == before


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_a_client_that_leaves_in_the_middle_gets_its_answer_stored_once(shop: Shop, accept: str) -> None:
    session = shop.session()
    shop.model.pace = Pace("First sentence. Second sentence. Third sentence.", interval=0.15)
    try:
        body = json.dumps({"message": "hello", "sessionId": session}).encode()
        host, port = shop.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as client:
            client.sendall(
                b"POST /chat/message HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                + f"Accept: {accept}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            time.sleep(0.3)
        eventually(lambda: len(shop.history(session)) == 2, 20)
    finally:
        shop.model.pace = Pace()
    history = shop.history(session)
    assert [message["text"] for message in history] == ["hello", "First sentence. Second sentence. Third sentence."]
    time.sleep(0.5)
    assert shop.history(session) == history


@pytest.mark.parametrize("message", ["", "   ", "\u200b\u2060", "x" * 4001, None, 7, ["hello"], "nul \0 inside"])
def test_bad_input_is_refused_and_leaves_no_trace(shop: Shop, message: object) -> None:
    before = shop.counts()
    body = json.dumps({"message": message})
    answer = requests.post(
        f"{shop.url}/chat/message", data=body, headers={"Content-Type": "application/json"}, timeout=10
    )
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["message"]
    assert error["requestId"] == answer.headers["X-Request-ID"]
    assert shop.counts() == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"hello", 400),
        (b'{"message": "' + b"\xff" + b'"}', 400),
        (b'{"message": "\\ud800"}', 400),
        (b"[" * 60_000 + b"]" * 1000, 400),
        (b'{"message": ' + b"[" * 100_000, 413),
        (b'{"message": "' + b"x" * 70_000 + b'"}', 413),
    ],
)
def test_what_is_no_readable_message_is_refused_and_leaves_no_trace(shop: Shop, body: bytes, status: int) -> None:
    before = shop.counts()
    answer = requests.post(
        f"{shop.url}/chat/message", data=body, headers={"Content-Type": "application/json"}, timeout=10
    )
    assert answer.status_code == status
    assert answer.json()["error"]["message"]
    assert shop.counts() == before


@pytest.mark.parametrize("text", ["‮abc‬ שלום", "👩‍👩‍👧‍👦 🇪🇸", "a\u200bb", "日本語で", "<b>&amp;</b>", "x" * 4000])
def test_any_other_text_comes_back_as_it_was_written(shop: Shop, text: str) -> None:
    answer = shop.post(text)
    assert answer.status_code == 200
    assert shop.history(answer.json()["sessionId"])[0]["text"] == text


def test_a_foreign_session_sees_nothing(shop: Shop) -> None:
    mine = shop.post("my secret").json()["sessionId"]
    other = shop.session()
    assert shop.history(other) == []
    forged = mine[:-1] + ("A" if mine[-1] != "A" else "B")
    answer = requests.get(f"{shop.url}/chat/messages", headers={"Authorization": f"Bearer {forged}"}, timeout=10)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "session_not_found")


def test_a_session_may_send_its_burst_and_is_then_told_how_long_to_wait(shop: Shop) -> None:
    session = shop.session()
    answers = [shop.post("again", session, headers={"Prefer": "respond-async"}) for _ in range(35)]
    assert [answer.status_code for answer in answers[:30]] == [202] * 30
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert all(1 <= int(answer.headers["Retry-After"]) <= 60 for answer in refused)
    assert refused[0].json()["error"]["code"] == "rate_limited"


def test_events_are_streamed_from_any_revision(shop: Shop) -> None:
    session = shop.post("one").json()["sessionId"]
    shop.post("two", session)
    headers = {"Authorization": f"Bearer {session}"}
    with requests.get(f"{shop.url}/chat/events?after=2", headers=headers, stream=True, timeout=10) as events:
        assert events.headers["Content-Type"].startswith("text/event-stream")
        seen = [line for line in take_lines(events, 2) if line.startswith("id: ")]
    assert seen == ["id: 3", "id: 4"]


def take_lines(events: requests.Response, messages: int) -> list[str]:
    lines: list[str] = []
    for line in events.iter_lines(decode_unicode=True):
        lines.append(line)
        if sum(line.startswith("data: ") for line in lines) == messages:
            break
    return lines
