"""What is read of one body, however much stands in it: it costs no more than what a platform sends."""

import json
import time
from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from protos import conversation_pb2 as pb
from tests.webhook_gateway.parrot import Parrot, ParrotAccount
from tests.webhook_gateway.platform import body_of, update
from webhook_gateway import intake
from webhook_gateway.channels.channel import Entry, WebhookRequest
from webhook_gateway.errors import NotRecorded

CHANNEL = Parrot([ParrotAccount(cage_id="polly", seed_secret=SecretStr("seeds"))])


def read(body: bytes, deadline: float | None = None) -> list[pb.Event]:
    return intake.read(CHANNEL, WebhookRequest({}, body), ["polly"], deadline or time.monotonic() + 60)


def reasons(events: list[pb.Event]) -> list[str]:
    return [event.poison.reason for event in events if event.HasField("poison")]


def test_items_beyond_all_that_a_platform_sends_are_kept_with_the_body_and_those_before_count() -> None:
    updates = [update(str(number), "bird") for number in range(intake.MAX_ITEMS + 1)]
    whole = read(body_of(*updates[:-1]))
    assert [event.message.text for event in whole] == [str(number) for number in range(intake.MAX_ITEMS)]
    body = body_of(*updates)
    *before, rest = read(body)
    assert before == whole
    assert rest.poison.reason.startswith("more than 5000 items: only those before are read")
    assert body.startswith(rest.raw[:1000])
    assert [event.event_key for event in read(body)] == [*(event.event_key for event in before), rest.event_key]


def test_items_of_accounts_that_are_not_ours_count_as_well() -> None:
    (rest,) = read(body_of(*[{"cage": "nobody"}] * (intake.MAX_ITEMS + 1)))
    assert rest.poison.reason.startswith("more than 5000 items")


def test_one_item_that_says_very_much_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    said = list(CHANNEL.events(next(CHANNEL.entries(WebhookRequest({}, body_of(update("x", "bird")))))))
    monkeypatch.setattr(CHANNEL, "events", lambda entry: iter(said * (intake.MAX_ITEMS + 1)))
    (rest,) = read(body_of(update("x", "bird")))
    assert rest.poison.reason.startswith("more than 5000 items")


@pytest.mark.parametrize("kind", ["message", "edit"])
def test_a_text_that_no_platform_takes_is_kept_raw_and_would_fill_no_prompt(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    def said(entry: Entry) -> Iterator[pb.Event]:
        event = CHANNEL.event(entry, kind, "1", thread="bird")
        (event.edit.content if kind == "edit" else event.message).text = entry.item["text"]
        yield event

    monkeypatch.setattr(CHANNEL, "events", said)
    found = read(body_of(update("x" * 65_536, "bird"), update("x" * 65_537, "bird")))
    assert [event.WhichOneof("content") for event in found] == [kind, "poison"]


def test_what_would_grow_to_very_much_when_read_is_not_read_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "_MAX_BYTES", 10_000)
    *before, rest = read(body_of(*(update("x" * 1000, "bird") for _ in range(20))))
    assert 1 <= len(before) < 10
    assert rest.poison.reason.startswith("read, it comes to more than 10000 bytes")


def test_what_cannot_be_read_is_kept_once_and_logged_in_one_line() -> None:
    broken = [{"cage": "polly"}] * 200 + [{"cage": "polly", "id": 1}]
    with capture_logs() as logs:
        found = read(body_of(*broken, update("hello", "bird")))
    assert reasons(found) == ["cannot be read: KeyError"] * 2
    assert found[-1].message.text == "hello"
    (line,) = [line for line in logs if line["event"] == "poison"]
    assert (line["count"], line["reasons"]) == (201, ["cannot be read: KeyError"])


def test_what_an_account_gets_that_is_not_configured_is_logged_in_one_line() -> None:
    with capture_logs() as logs:
        found = read(body_of(*(update("hello", "bird", cage=cage) for cage in ["lora", "polly", "lora", "jako"])))
    assert [event.account for event in found] == ["polly"]
    (line,) = [line for line in logs if line["event"] == "unknown account"]
    assert (line["count"], line["accounts"]) == (3, ["lora", "jako"])


def test_reading_ends_when_there_is_no_time_left_and_the_platform_sends_it_again() -> None:
    with pytest.raises(NotRecorded):
        read(json.dumps({"updates": [{"cage": "polly"}]}).encode(), deadline=time.monotonic() - 1)
