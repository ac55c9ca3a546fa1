"""A customer of a platform writes and is answered there, and what else happens on the phone has its effect."""

import itertools

import pytest

from tests.local_stack.waiting import eventually
from tests.platforms.world import World
from tests.scripted_openai import HELLO, Pace, say

_numbers = itertools.count(16505550300)  # the customers that are named below come before


@pytest.fixture
def ann() -> str:
    """Somebody who never wrote before."""
    return str(next(_numbers))


def test_a_text_is_answered_in_its_own_thread_and_the_ticks_turn(world: World, ann: str) -> None:
    world.write("whatsapp", ann, "Do you ship to Norway?")
    assert world.wait_for_replies(ann) == [HELLO]
    eventually(lambda: ("sent", "read") in set(world.deliveries("state", "status")))


@pytest.mark.parametrize(
    ("channel", "customer", "act", "status"),
    [
        ("whatsapp", "16505550001", {"kind": "text", "text": "Do you ship to Norway?"}, "read"),
        ("instagram", "5614879045270000001", {"kind": "story_reply", "text": "Is it still there?"}, "read"),
        ("messenger", "7614879045270000002", {"kind": "button", "text": "Returns", "payload": "RETURNS"}, "read"),
        ("telegram", "700100200", {"kind": "image", "text": "What is this?"}, "sent"),
        ("twilio", "+16505550112", {"kind": "text", "text": "Do you ship to Norway?"}, "delivered"),
    ],
)
def test_every_channel_answers_in_its_own_thread(
    world: World, channel: str, customer: str, act: dict[str, str], status: str
) -> None:
    world.write(channel, customer, **act)
    assert world.wait_for_replies(customer) == [HELLO]
    delivered = (
        "SELECT d.status FROM deliveries d JOIN conversations c ON c.id = d.conversation_id "
        "WHERE c.channel = %s AND c.thread_key = %s"
    )
    eventually(lambda: world.fleet.query(delivered, channel, customer) == [(status,)])


def test_a_second_thread_is_another_conversation(world: World, ann: str) -> None:
    bob = str(next(_numbers))
    world.write("whatsapp", ann, "one")
    world.write("whatsapp", bob, "two")
    world.wait_for_replies(ann)
    world.wait_for_replies(bob)
    threads = world.fleet.query(
        "SELECT c.thread_key, m.text FROM messages m JOIN conversations c ON c.id = m.conversation_id "
        "WHERE m.author = 'customer' AND c.thread_key IN (%s, %s) ORDER BY 1",
        ann,
        bob,
    )
    assert threads == [(ann, "one"), (bob, "two")]


def test_a_person_who_writes_from_the_business_phone_silences_the_assistant(world: World, ann: str) -> None:
    world.write("whatsapp", ann, "first")
    world.wait_for_replies(ann)
    world.wait_until_settled()
    world.simulator.write_as_person("whatsapp", ann, "This is Mia, I take over.")
    eventually(lambda: world.owner(ann) == ("human", "echo"))
    world.write("whatsapp", ann, "thanks")
    world.wait_until_settled()
    assert len(world.received(ann)) == 1
    reasons = world.fleet.query("SELECT reason FROM turns WHERE state = 'silent' ORDER BY created_at DESC LIMIT 1")
    assert reasons == [("human_owner",)]


def test_a_picture_a_place_and_a_reaction_are_stored_and_only_messages_are_answered(world: World, ann: str) -> None:
    picture = world.write("whatsapp", ann, "look", kind="image")
    world.write("whatsapp", ann, kind="location", name="the shop")
    world.wait_for_replies(ann)
    world.wait_until_settled()
    before = len(world.received(ann))
    world.write("whatsapp", ann, kind="reaction", emoji="👍", message_id=picture)
    world.wait_until_settled()
    kinds = world.fleet.query(
        "SELECT m.kind FROM messages m JOIN conversations c ON c.id = m.conversation_id "
        "WHERE c.thread_key = %s AND m.author = 'customer' ORDER BY m.seq",
        ann,
    )
    assert kinds == [("media",), ("location",)]
    assert len(world.received(ann)) == before


def test_what_is_deleted_on_the_phone_is_deleted_here(world: World, ann: str) -> None:
    message = world.write("whatsapp", ann, "my card is 4111 1111")
    world.wait_for_replies(ann)
    world.write("whatsapp", ann, kind="delete", message_id=message)
    eventually(
        lambda: (
            world.fleet.query(
                "SELECT m.text, m.deleted_at IS NOT NULL FROM messages m "
                "JOIN conversations c ON c.id = m.conversation_id WHERE c.thread_key = %s AND m.author = 'customer'",
                ann,
            )
            == [("", True)]
        )
    )
    assert world.fleet.query("SELECT count(*) FROM inbound_events WHERE encode(raw, 'escape') LIKE '%%4111%%'") == [
        (0,)
    ]


def test_a_changed_number_keeps_the_conversation_and_is_written_to(world: World, ann: str) -> None:
    world.write("whatsapp", ann, "first")
    world.wait_for_replies(ann)
    changed = str(next(_numbers))
    world.write("whatsapp", ann, kind="number_change", new_id=changed)
    world.write("whatsapp", changed, "it is still me")
    world.wait_for_replies(changed)
    found = world.fleet.query("SELECT count(*) FROM conversations WHERE thread_key IN (%s, %s)", ann, changed)
    assert found == [(1,)]


def test_stop_is_obeyed_until_start(world: World, ann: str) -> None:
    world.write("whatsapp", ann, "STOP")
    world.write("whatsapp", ann, "are you there?")
    world.wait_until_settled()
    assert world.received(ann) == []
    world.write("whatsapp", ann, "start")
    world.wait_for_replies(ann)


def test_a_long_answer_comes_in_parts_and_in_order(world: World, ann: str) -> None:
    world.fleet.model.then(say("A sentence of fifty letters, or of nearly so many. " * 150))
    world.write("whatsapp", ann, "tell me everything")
    world.wait_for_replies(ann, 2)
    world.wait_until_settled()
    parts = world.received(ann)
    assert all(0 < len(part) <= 4096 for part in parts)
    rows = world.fleet.query(
        "SELECT d.part, d.text FROM deliveries d JOIN conversations c ON c.id = d.conversation_id "
        "WHERE c.thread_key = %s ORDER BY d.part",
        ann,
    )
    assert [text for _part, text in rows] == parts


def test_two_bots_wired_together_stop_within_ten_turns(world: World, ann: str) -> None:
    world.write("whatsapp", ann, "hello, I am a bot, too")
    for turn in range(1, 30):
        eventually(lambda turn=turn: len(world.received(ann)) >= turn or world.settled())  # type: ignore[misc]
        if len(world.received(ann)) < turn:
            break
        world.write("whatsapp", ann, f"you said: {world.received(ann)[-1]}")
    assert 1 <= len(world.received(ann)) <= 10
    reasons = world.fleet.query(
        "SELECT t.reason FROM turns t JOIN conversations c ON c.id = t.conversation_id WHERE c.thread_key = %s "
        "ORDER BY t.turn_no DESC LIMIT 1",
        ann,
    )
    assert reasons == [("loop_stopped",)]


@pytest.mark.parametrize(
    ("channel", "customer"),
    [
        ("whatsapp", "16505550003"),
        ("instagram", "56148790452700003"),
        ("messenger", "76148790452700003"),
        ("telegram", "700100203"),
    ],
)
def test_who_waits_sees_that_an_answer_is_written(world: World, channel: str, customer: str) -> None:
    world.fleet.model.pace = Pace(delay=2.5)
    try:
        world.write(channel, customer, "Are you there?")
        world.wait_for_replies(customer)
    finally:
        world.fleet.model.pace = Pace()
    calls = [call for call in world.simulator.calls if call["channel"] == channel and call["recipient"] == customer]
    assert "typing" in {call["call"] for call in calls[:-1]}


@pytest.mark.parametrize("order", ["statuses_early", "statuses_reversed", "statuses_twice"])
def test_what_platforms_tell_of_a_reply_in_any_order_turns_its_ticks_and_is_nobodys_word(
    world: World, order: str
) -> None:
    number = next(_numbers)
    told = {"whatsapp": "read", "instagram": "read", "messenger": "read", "telegram": "sent", "twilio": "delivered"}
    customers = {channel: f"+{number}" if channel == "twilio" else str(number) for channel in told}
    world.simulator.misbehave(order)  # early: before the call that sends is answered
    for channel, customer in customers.items():
        world.write(channel, customer, "Do you ship to Norway?")
    for channel, customer in customers.items():
        # One id on all platforms, so that each reply is looked for on its own.
        eventually(lambda channel=channel, customer=customer: received_on(world, channel, customer) == [HELLO], 30)  # type: ignore[misc]
    found = (
        "SELECT c.channel, d.status, c.owner FROM deliveries d JOIN conversations c ON c.id = d.conversation_id "
        "WHERE c.thread_key = ANY(%s)"
    )
    expected = {(channel, status, "assistant") for channel, status in told.items()}
    eventually(lambda: set(world.fleet.query(found, list(customers.values()))) == expected, 30)
    world.wait_until_settled()
    assert [received_on(world, *one) for one in customers.items()] == [[HELLO]] * len(customers)
    assert set(world.fleet.query(found, list(customers.values()))) == expected


def received_on(world: World, channel: str, customer: str) -> list[str]:
    taken = world.simulator.accepted
    return [send["text"] for send in taken if (send["channel"], send["recipient"]) == (channel, customer)]
