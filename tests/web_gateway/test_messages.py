"""Saying something as JSON, and reading the history."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor

from pydantic import TypeAdapter

from tests.web_gateway.event_streams import say
from tests.web_gateway.gateways import Gateway, conversation_of, wait_until
from tests.web_gateway.stand_in import DELTAS, Running
from web_gateway.bodies import MessagesBody, PendingBody, ReplyBody, SilentBody

REPLY = "".join(DELTAS)


def test_a_message_is_answered(gateway: Gateway, service: Running) -> None:
    token = gateway.session()
    answer = gateway.say("How long do I have?", token)
    assert answer.status_code == 200
    body = answer.json()
    TypeAdapter(ReplyBody).validate_python(body, strict=True)
    assert (body["reply"], body["sessionId"], body["seq"], body["rev"], body["replySeq"]) == (REPLY, token, 1, 1, 2)
    assert body["meta"]["citations"] == [{"source": "returns", "title": ""}]


def test_the_event_is_as_the_contract_wants_it(gateway: Gateway, service: Running) -> None:
    token, key = gateway.session(), str(uuid.uuid4())
    assert gateway.say("hi", token, key=key.upper()).ok
    request = service.service.received[-1]
    event, name = request.events[0], conversation_of(token)
    assert (event.channel, event.account, event.event_key) == ("web", "default", f"{name}:{key}")
    assert event.thread_key == event.conversation_id == event.sender.external_id == name
    assert event.received_at.seconds > 0
    assert list(request.rate_limits) == []  # off in these tests


def test_without_a_session_a_new_one_is_made_and_returned(gateway: Gateway) -> None:
    body = gateway.say("hi").json()
    assert [m["author"] for m in gateway.get("/chat/messages", body["sessionId"]).json()["messages"]] == [
        "customer",
        "assistant",
    ]


def test_the_session_may_come_in_the_body(gateway: Gateway) -> None:
    token = gateway.session()
    assert gateway.post("/chat/message", json={"message": "hi", "sessionId": token}).json()["seq"] == 1
    assert gateway.post("/chat/message", json={"message": "hi", "sessionId": token}).json()["seq"] == 3


def test_the_same_message_twenty_times_at_once_is_one_message_with_one_answer(gateway: Gateway) -> None:
    token, key = gateway.session(), str(uuid.uuid4())
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: gateway.say("hi", token, key=key), range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert len(gateway.get("/chat/messages", token).json()["messages"]) == 2


def test_the_same_message_id_with_another_text_is_a_conflict(gateway: Gateway) -> None:
    token, key = gateway.session(), str(uuid.uuid4())
    assert gateway.say("one thing", token, key=key).ok
    answer = gateway.say("another thing", token, key=key)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "message_conflict")


def test_a_message_id_of_another_session_is_no_conflict(gateway: Gateway) -> None:
    key = str(uuid.uuid4())
    assert gateway.say("one thing", gateway.session(), key=key).ok
    assert gateway.say("another thing", gateway.session(), key=key).ok


def test_a_repeated_message_that_was_answered_long_ago_is_answered_at_once(gateway: Gateway) -> None:
    token, key = gateway.session(), str(uuid.uuid4())
    first = gateway.say("hi", token, key=key).json()
    assert gateway.say("something else", token).ok
    assert gateway.say("hi", token, key=key).json() == first


def test_each_of_two_messages_gets_its_own_reply(gateway: Gateway) -> None:
    token = gateway.session()
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(gateway.say, "slow", token)
        quick = pool.submit(gateway.say, "quick", token)
    first, second = slow.result().json(), quick.result().json()
    turns = {message["seq"]: message["turn"] for message in gateway.get("/chat/messages", token).json()["messages"]}
    assert turns[first["seq"]] == turns[first["replySeq"]] != turns[second["seq"]] == turns[second["replySeq"]]


def test_an_answer_that_takes_too_long_is_pending(impatient: Gateway) -> None:
    token = impatient.session()
    answer = impatient.say("slow", token)
    assert answer.status_code == 202
    TypeAdapter(PendingBody).validate_python(answer.json(), strict=True)
    assert answer.json()["pending"] is True


def test_who_prefers_not_to_wait_does_not(gateway: Gateway) -> None:
    answer = gateway.say("never", headers={"Prefer": "respond-async"})
    assert answer.status_code == 202
    assert answer.headers["Preference-Applied"] == "respond-async"
    assert answer.elapsed.total_seconds() < 2


def test_a_turn_that_ends_silent_says_why(gateway: Gateway) -> None:
    answer = gateway.say("silent please", gateway.session())
    assert answer.status_code == 200
    TypeAdapter(SilentBody).validate_python(answer.json(), strict=True)
    assert (answer.json()["reply"], answer.json()["silent"]) == (None, "human_owner")


def test_the_history_is_paged_by_revision(gateway: Gateway) -> None:
    token, key = gateway.session(), str(uuid.uuid4())
    assert gateway.get("/chat/messages", token).json() == {"messages": [], "rev": 0, "more": False}
    assert gateway.say("hi", token, key=key).ok
    page = gateway.get("/chat/messages", token).json()
    TypeAdapter(MessagesBody).validate_json(json.dumps(page), strict=True)
    question, reply = page["messages"]
    assert (page["rev"], page["more"]) == (2, False)
    assert (question["author"], question["clientMessageId"], question["turn"]) == ("customer", key, 1)
    assert (reply["author"], reply["text"], reply["meta"]["provider"]) == ("assistant", REPLY, "offline")
    assert question["createdAt"].endswith("Z")
    later = gateway.get("/chat/messages", token, params={"after": 1}).json()
    assert [message["id"] for message in later["messages"]] == [reply["id"]]


def test_a_session_sees_only_its_own_conversation(gateway: Gateway) -> None:
    mine, other = gateway.session(), gateway.session()
    assert gateway.say("mine", mine).ok
    assert gateway.get("/chat/messages", other).json()["messages"] == []


def test_the_way_to_the_reply_can_be_streamed(gateway: Gateway) -> None:
    token = gateway.session()
    with say(gateway, "followed", token) as stream:
        events = list(stream)
    assert [event.name for event in events] == ["accepted", "delta", "delta", "delta", "reply"]
    accepted, reply = events[0].data, events[-1].data
    TypeAdapter(PendingBody).validate_python(accepted, strict=True)
    TypeAdapter(ReplyBody).validate_python(reply, strict=True)
    assert "".join(event.data["text"] for event in events[1:4]) == REPLY == reply["reply"]
    assert all(accepted[field] == reply[field] for field in ("sessionId", "messageId", "seq", "rev"))


def test_a_streamed_turn_that_ends_silent_says_why(gateway: Gateway) -> None:
    with say(gateway, "silent please") as stream:
        events = list(stream)
    assert [event.name for event in events] == ["accepted", "reply"]
    assert events[-1].data["silent"] == "human_owner"


def test_a_repeated_post_can_be_streamed_too(gateway: Gateway) -> None:
    token, key = gateway.session(), str(uuid.uuid4())
    first = gateway.say("hi", token, key=key).json()
    with say(gateway, "hi", token, key) as stream:
        events = list(stream)
    assert [event.name for event in events] == ["accepted", "reply"]
    assert events[-1].data == first


def test_deltas_of_an_earlier_turn_are_not_shown_to_the_poster_of_a_later_one(
    gateway: Gateway, service: Running
) -> None:
    token = gateway.session()
    gateway.say("never", token, headers={"Prefer": "respond-async"})
    with say(gateway, "never", token) as stream:
        assert stream.next().name == "accepted"
        wait_until(lambda: conversation_of(token) in service.do(service.service.followed))
        service.do(service.service.preview, conversation_of(token), 1, "of the first turn")
        service.do(service.service.preview, conversation_of(token), 2, "of the second turn")
        service.do(service.service.reply, conversation_of(token), 2)
        assert [event.data["text"] for event in stream if event.name == "delta"] == ["of the second turn"]
