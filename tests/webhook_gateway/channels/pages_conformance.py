"""What holds for Messenger and Instagram alike: their tests inherit `PagesConformance`."""

import json
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from structlog.testing import capture_logs

from protos import conversation_pb2 as pb
from tests.webhook_gateway.channels.conformance import BODIES, Conformance, read, shown
from tests.webhook_gateway.channels.nonsense import NO_TEXTS
from tests.webhook_gateway.channels.pages import APP, APP_SECRETS, OTHER_APP, SECRETS, TIME, account, signed
from webhook_gateway.channels.channel import Unreadable, WebhookRequest
from webhook_gateway.channels.pages import PagesAccount, PagesChannel


class PagesConformance(Conformance):
    """To inherit by the two channels."""

    channel: ClassVar[PagesChannel]
    secrets = SECRETS
    accepted_secrets = APP_SECRETS
    proof = "x-hub-signature-256"
    greeting: ClassVar = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": SECRETS[3]}
    challenge = "hub.challenge"
    # In the bodies.
    customer: ClassVar[str]

    def account_of(self, **changes: str) -> PagesAccount:
        """The first account, but for the changes."""
        kind: type[PagesAccount] = type(self.channel.accounts[self.first])
        return account(kind, self.first, **changes)

    @property
    def first(self) -> str:
        return next(iter(self.channel.accounts))

    def signed(self, body: bytes, secret: str) -> WebhookRequest:
        return signed(body, secret)

    def body(self, name: str) -> Any:
        return json.loads((BODIES / self.channel.name / f"{name}.json").read_text())

    def events(self, body: Any, channel: PagesChannel | None = None) -> list[pb.Event | Unreadable]:
        return list(read(channel or self.channel, WebhookRequest({}, json.dumps(body).encode())))

    def event(self, body: Any, channel: PagesChannel | None = None) -> pb.Event:
        (found,) = self.events(body, channel)
        assert isinstance(found, pb.Event), found
        return found

    def of_customer(self, **content: Any) -> dict[str, Any]:
        return {
            "sender": {"id": self.customer}, "recipient": {"id": self.first}, "timestamp": TIME, **content
        }  # fmt: skip

    def wrapped(self, *messaging: Any, **more: Any) -> dict[str, Any]:
        entry = {"id": self.first, "time": TIME, "messaging": list(messaging), **more}
        return {"object": self.channel.object_name, "entry": [entry]}

    def batch(self) -> tuple[bytes, list[str]]:
        """Two entries of two accounts each with six messages, one of which has no sender."""
        keys: list[str] = []
        entries: list[Any] = []
        for owner in self.channel.accounts:
            events = []
            for place in range(6):
                mid = f"m_{owner}_{place}"
                is_broken = (owner, place) == (self.first, 3)
                sender = {} if is_broken else {"sender": {"id": self.customer}}
                message = {"mid": mid, "text": f"number {place}"}
                events.append({**sender, "recipient": {"id": owner}, "timestamp": TIME, "message": message})
                keys += [] if is_broken else [f"message:{mid}"]
            entries.append({"id": owner, "time": TIME, "messaging": events})
        return json.dumps({"object": self.channel.object_name, "entry": entries}).encode(), keys

    # Who wrote it

    def test_what_the_business_did_is_never_a_customers(self) -> None:
        """Each body with the account as the sender of everything: else the assistant would answer itself for ever."""
        for path in self.files():
            body = json.loads(path.read_text())
            for holder in _senders(body):
                holder["sender"] = {"id": self.first}
            for found in self.events(body):
                if isinstance(found, pb.Event) and found.account == self.first:
                    assert found.WhichOneof("content") in {"echo", "unsupported"}, path.stem
                    assert self.first not in {found.thread_key, found.sender.external_id}, path.stem

    def test_an_echo_is_ours_only_where_the_configured_app_sent_it(self) -> None:
        origins = pb.Echo.Origin
        for configured, expected in {
            "": [origins.ORIGIN_UNSPECIFIED, origins.ORIGIN_UNSPECIFIED, origins.ORIGIN_UNSPECIFIED],
            str(APP): [origins.ORIGIN_OURS, origins.ORIGIN_OTHER, origins.ORIGIN_UNSPECIFIED],
            f"{APP}, {OTHER_APP}": [origins.ORIGIN_OURS, origins.ORIGIN_OURS, origins.ORIGIN_UNSPECIFIED],
            "1": [origins.ORIGIN_OTHER, origins.ORIGIN_OTHER, origins.ORIGIN_UNSPECIFIED],
        }.items():
            channel = type(self.channel)([self.account_of(app_id=configured)])
            names = ("echo_of_our_app", "echo_of_another_app", "echo_without_an_app")
            found = [self.event(self.body(name), channel) for name in names]
            assert [event.echo.origin for event in found] == expected
            assert {event.thread_key for event in found} == {self.customer}

    @pytest.mark.parametrize("mark", ["", "campaign-7", "5F0A5A39-6E31-4A3B-9A43-2F1F4F1A9C77", "5f0a5a39", "x" * 1000])
    def test_a_mark_that_is_no_delivery_of_ours_proves_nothing(self, mark: str) -> None:
        body = self.body("echo_of_our_app")
        body["entry"][0]["messaging"][0]["message"]["metadata"] = mark
        assert self.event(body).echo.delivery_id == ""

    # What names it

    def test_a_message_its_edits_and_its_deletion_have_one_id_and_different_keys(self) -> None:
        said = self.of_customer(message={"mid": "m_1", "text": "a"})
        edits = [
            self.of_customer(message_edit={"mid": "m_1", "text": "b", "num_edit": count}) for count in (1, "1", 2, "3")
        ]
        gone = self.of_customer(message={"mid": "m_1", "is_deleted": True})
        keys = [shown(found)["event_key"] for found in self.events(self.wrapped(said, *edits, gone))]
        assert keys == ["message:m_1", "edit:m_1:1", "edit:m_1:1", "edit:m_1:2", "edit:m_1:3", "deletion:m_1"]

    def test_a_reaction_that_is_taken_back_and_given_again_counts_every_time(self) -> None:
        def reaction(seconds: int, action: str) -> Any:
            found = self.of_customer(reaction={"mid": "m_1", "action": action, "emoji": "🔥"})
            return {**found, "timestamp": TIME + seconds * 1000}

        body = self.wrapped(*(reaction(at, action) for at, action in enumerate(("react", "unreact", "react"))))
        found = [event for event in self.events(body) if isinstance(event, pb.Event)]
        assert len({event.event_key for event in found}) == 3
        assert [event.reaction.emoji for event in found] == ["🔥", "", "🔥"]

    def test_an_id_above_what_a_float_can_hold_keeps_its_digits(self) -> None:
        body = self.body("text")
        body["entry"][0]["messaging"][0]["sender"]["id"] = 9007199254740993001
        assert self.event(body).thread_key == "9007199254740993001"

    @pytest.mark.parametrize("wrong", NO_TEXTS)
    def test_an_origin_of_another_shape_costs_no_message(self, wrong: object) -> None:
        part = dict.fromkeys(("source", "ad_id", "ref", "ads_context_data", "product"), wrong)
        for referral in (wrong, part, {**part, "ads_context_data": {"ad_title": wrong}, "product": {"id": wrong}}):
            said = self.of_customer(message={"mid": "m_1", "text": "a", "referral": referral})
            pressed = self.of_customer(postback={"mid": "m_2", "title": "b", "referral": referral})
            found = [event for event in self.events(self.wrapped(said, pressed)) if isinstance(event, pb.Event)]
            assert [event.message.text for event in found] == ["a", "b"]

    # When

    @pytest.mark.parametrize("time", [TIME, str(TIME), TIME // 1000, str(TIME // 1000), TIME / 1000])
    def test_seconds_and_milliseconds_are_told_apart(self, time: object) -> None:
        body = self.body("text")
        body["entry"][0]["messaging"][0]["timestamp"] = time
        assert self.event(body).platform_time.ToMilliseconds() == TIME

    @pytest.mark.parametrize("time", ["soon", -5, 0, "9" * 30, None, [], 1e308])
    def test_a_nonsensical_time_is_no_time(self, time: object) -> None:
        body = self.body("text")
        body["entry"][0]["messaging"][0]["timestamp"] = time
        assert not self.event(body).HasField("platform_time")

    # Whose it is

    def test_what_is_kept_of_an_event_can_be_read_again_by_itself(self) -> None:
        for path in self.files():
            for found in self.events(json.loads(path.read_text())):
                assert isinstance(found, pb.Event), path.stem
                alone = {"object": self.channel.object_name, "entry": [json.loads(found.raw)]}
                assert shown(found) in [shown(event) for event in self.events(alone)], path.stem

    def test_an_entry_of_an_account_that_is_not_ours_is_not_ours(self) -> None:
        body = self.body("text")
        body["entry"][0]["id"] = body["entry"][0]["messaging"][0]["recipient"]["id"] = "555"
        assert self.event(body).account == "555"

    def test_an_entry_that_names_another_account_than_its_event_goes_by_the_one_that_is_ours(self) -> None:
        body = self.body("text")
        body["entry"][0]["id"] = "555"
        assert self.event(body).account == self.first

    @pytest.mark.parametrize(
        ("messaging", "complaint"),
        [
            (7, "event is no object"),
            ([[]], "event is no object"),
            ([{"message": 7}], "message is no object"),
            ([{"sender": 7, "message": {"mid": "m"}}], "sender is no object"),
            ([{"sender": {"id": "7"}, "message": {"text": "a"}}], "mid is missing"),
            ([{"sender": {"id": "7"}, "message": {"mid": "m", "attachments": {}}}], "attachments is no array"),
            ([{"sender": {"id": "7"}, "message": {"mid": "m", "attachments": [7]}}], "attachment is no object"),
            ([{"sender": {"id": "7" * 256}, "message": {"mid": "m", "text": "a"}}],
             "the customer's id is longer than 255 characters"),
            ([{"recipient": {"id": "7"}, "message": {"mid": "m", "text": "a"}}], "the message names no customer"),
            ([{"recipient": {"id": "7"}, "postback": {"title": "A"}}], "the message names no customer"),
            ([{"sender": {"id": "7"}, "postback": {"mid": "m"}}], "a postback without title or payload"),
            ([{"sender": {"id": "7"}, "message_edit": {"mid": "m", "num_edit": 1}}], "text is missing"),
            ([{"sender": {"id": "7"}, "reaction": {"action": "react"}}], "mid is missing"),
            ([{"sender": {"id": "7"}, "read": {}}], "a read mark without mid or watermark"),
            ([{"sender": {"id": "7"}, "delivery": {"mids": [[]]}}], "mid is no text"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_read_says_why_and_costs_only_itself(self, messaging: Any, complaint: str) -> None:
        neighbour = self.of_customer(message={"mid": "m_n", "text": "beside"})
        events = messaging if isinstance(messaging, list) else [messaging]
        found = self.events(self.wrapped(neighbour, *events, neighbour))
        assert [str(event) for event in found if isinstance(event, Unreadable)] == [complaint]
        assert len(found) == 3

    @pytest.mark.parametrize("entry", [7, None, [], {}, {"id": "1", "time": 1}, {"changes": [{}]}, {"changes": 7}])
    def test_an_entry_that_makes_no_sense_is_unreadable_and_costs_only_itself(self, entry: Any) -> None:
        body = self.body("text")
        body["entry"] = [body["entry"][0], entry, body["entry"][0]]
        found = self.events(body)
        assert [isinstance(event, Unreadable) for event in found] == [False, True, False]

    # What it warns about

    def test_an_edit_without_its_message_says_what_to_subscribe(self) -> None:
        with capture_logs() as logs:
            self.events(self.body("edit_without_sender"))
        assert [(line["log_level"], line["account"]) for line in logs] == [("warning", self.first)]
        assert "subscribe the app to the field messages" in logs[0]["event"]

    def test_the_platforms_enforcement_is_told_to_the_operator(self) -> None:
        with capture_logs() as logs:
            self.events(self.body("policy_enforcement"))
        assert [(line["log_level"], line["action"]) for line in logs] == [("warning", "warning")]

    # Sending

    def test_a_person_may_not_use_the_weeks_window_either(self) -> None:
        for author in (pb.AUTHOR_ASSISTANT, pb.AUTHOR_HUMAN):
            assert "HUMAN_AGENT" not in json.dumps(self.composed(author=author).json)

    def test_the_customer_is_reached_by_a_name_that_is_valid(self) -> None:
        kind = self.channel.alias_kind
        for names, expected in {
            (): "1001",
            ((kind, "1001"),): "1001",
            ((kind, "1002"), (kind, "1001")): "1001",
            ((kind, "1002"),): "1002",
            (("phone", "49170"),): "1001",
        }.items():
            recipient = [pb.Alias(kind=name, value=value) for name, value in names]
            assert self.composed(thread_key="1001", recipient=recipient).json["recipient"] == {"id": expected}

    def test_seen_and_typing_are_actions_and_nothing_else(self) -> None:
        signal = pb.TypingSignal(account=self.first, thread_key="1001", message_key="message:m_1")
        account = self.channel.accounts[self.first]
        for call, action in (
            (self.channel.compose_seen(account, signal), "mark_seen"),
            (self.channel.compose_typing(account, signal), "typing_on"),
        ):
            assert call is not None
            assert call.url == self.composed().url
            assert call.json == {"recipient": {"id": "1001"}, "sender_action": action}

    def test_the_ids_of_an_app_are_a_list_of_digits(self) -> None:
        assert self.account_of(app_id="12 , 34").app_ids == {"12", "34"}
        for wrong in ("12;34", "app", ",12", "12,"):
            with pytest.raises(ValueError, match="app_id"):
                self.account_of(app_id=wrong)


def _senders(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a body that is an event."""
    if isinstance(value, dict) and ("sender" in value or "recipient" in value):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _senders(inner)
