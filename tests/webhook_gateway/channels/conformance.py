"""What holds for every channel: its test inherits `Conformance`, and gives it a channel and bodies to read."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given
from hypothesis import strategies as st

from protos import conversation_pb2 as pb
from tests.webhook_gateway.channels.nonsense import any_json, spoil
from tests.webhook_gateway.channels.sending_conformance import REASONS, SendingConformance, properties
from webhook_gateway.accounts import configured
from webhook_gateway.channels import CHANNELS
from webhook_gateway.channels.channel import Channel, Entry, Unreadable, WebhookRequest

BODIES = Path(__file__).parent / "bodies"


def read(channel: Channel, request: WebhookRequest) -> Iterator[pb.Event | Unreadable]:
    """The events of all entries in order, with the complaint in place of an entry that cannot be read."""
    for entry in channel.entries(request):
        yield from read_entry(channel, entry)


def read_entry(channel: Channel, entry: Entry) -> Iterator[pb.Event | Unreadable]:
    try:
        if entry.problem:
            raise Unreadable(entry.problem)
        yield from list(channel.events(entry))
    except Unreadable as error:
        yield error


def shown(event: pb.Event | Unreadable) -> dict[str, Any]:
    """An event as the files beside the bodies have it: without what is the same in all of them."""
    if isinstance(event, Unreadable):
        return {"unreadable": str(event)}
    found: dict[str, Any] = MessageToDict(event, preserving_proto_field_name=True)
    for same in ("channel", "surface", "reply_window_seconds", "raw"):
        found.pop(same, None)
    return found


class Conformance(SendingConformance):
    """To inherit. In bodies/<channel> stand <name>.json (or another ending), and what it says as <name>.events.json."""

    # Each of these may sign.
    accepted_secrets: ClassVar[tuple[str, ...]]
    # The variables that make the gateway's accounts those of `channel`.
    variables: ClassVar[dict[str, str]]
    # The header that proves where a webhook comes from.
    proof: ClassVar[str]
    # The platform's greeting as it should be, and the key of what has to be answered; None where it has none.
    greeting: ClassVar[dict[str, str] | None] = None
    challenge: ClassVar[str] = ""
    # Whether a body holds more than one item.
    batches: ClassVar[bool] = True

    def signed(self, body: bytes, secret: str) -> WebhookRequest:
        """The request as the platform makes it."""
        raise NotImplementedError

    def batch(self) -> tuple[bytes, list[str]]:
        """A body of twelve items, over several entries and accounts, one of them malformed; the keys of the others."""
        raise NotImplementedError

    def resembling(self, data: st.DataObject) -> bytes:
        """A body of the channel's own with something wrong in it."""
        body = json.loads(data.draw(st.sampled_from([path.read_bytes() for path in self.files()])))
        for _ in range(data.draw(st.integers(1, 3))):
            spoil(data, body)
        return json.dumps(body).encode()

    def reordered(self, body: bytes) -> bytes:
        """The same as the platform might have written it just as well."""
        return json.dumps(_backwards(json.loads(body))).encode()

    @classmethod
    def files(cls) -> list[Path]:
        """The bodies."""
        found = [path for path in (BODIES / cls.channel.name).iterdir() if not path.name.endswith(".events.json")]
        assert found
        return sorted(found)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "path" in metafunc.fixturenames:
            metafunc.parametrize("path", self.files(), ids=lambda path: path.stem)
        if "answered" in metafunc.fixturenames:
            metafunc.parametrize("answered", self.answers.values(), ids=list(self.answers))

    def request_of(self, body: bytes) -> WebhookRequest:
        return self.signed(body, self.accepted_secrets[0])

    # What it is

    def test_its_variables_make_its_accounts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in self.variables.items():
            monkeypatch.setenv(name, value)
        found = configured({self.channel.name: type(self.channel)}, self.channel.public_url)[self.channel.name]
        described = [{key: item.model_dump() for key, item in each.accounts.items()} for each in (found, self.channel)]
        assert described[0] == described[1]

    def test_it_is_registered_by_its_name(self) -> None:
        assert CHANNELS[self.channel.name] is type(self.channel)

    def test_its_capabilities_make_sense(self) -> None:
        found = self.channel.capabilities
        assert 1 <= found.text_limit <= 65_536
        assert found.reply_window_seconds in {0, 86_400}
        assert found.measure("a") == 1
        assert found.measure("") == 0
        assert found.recipient_burst >= 1
        assert min(found.account_per_minute, found.recipient_interval_ms, found.typing_refresh_ms) >= 0
        assert all(len(mark) <= 2 for mark in (found.bold, found.italic, found.strike))

    # The handshake

    def test_the_greeting_is_answered_with_its_challenge_as_it_came(self) -> None:
        if self.greeting is None:
            assert self.channel.handshake({}) is None
            return
        assert self.channel.handshake(self.greeting) == self.greeting[self.challenge]
        hostile = "<script>alert(1)</script>"
        assert self.channel.handshake({**self.greeting, self.challenge: hostile}) == hostile

    def test_a_greeting_that_differs_is_refused(self) -> None:
        greeting = self.greeting or {}
        for key in greeting:
            without = {name: value for name, value in greeting.items() if name != key}
            assert self.channel.handshake(without) is None, key
            if key != self.challenge:
                for value in ("", " ", "x", "grüße", greeting[key] + "x", greeting[key][:-1], greeting[key].upper()):
                    if value != greeting[key]:
                        assert self.channel.handshake({**greeting, key: value}) is None, f"{key}: {value}"
        assert type(self.channel)([]).handshake(greeting) is None

    # Who sent it

    def test_every_secret_of_the_list_counts_and_no_other(self) -> None:
        body = self.files()[0].read_bytes()
        for secret in self.accepted_secrets:
            assert self.channel.proven(self.signed(body, secret))
        for secret in ("", " ", "another", self.accepted_secrets[0] + "x"):
            assert not self.channel.proven(self.signed(body, secret)), secret

    def test_nothing_is_authentic_where_no_account_is_configured(self) -> None:
        body = self.files()[0].read_bytes()
        for secret in ("", *self.accepted_secrets):
            assert not type(self.channel)([]).proven(self.signed(body, secret))

    def test_a_proof_that_is_missing_or_altered_anywhere_is_refused(self) -> None:
        request = self.request_of(self.files()[0].read_bytes())
        proof = request.headers[self.proof]
        swapped = [
            f"{proof[:at]}{chr(ord(proof[at]) ^ bit)}{proof[at + 1 :]}" for at in range(len(proof)) for bit in (1, 32)
        ]
        wrong = ["", " ", proof[:-1], proof + "0", f" {proof}", f"{proof}\n", proof[1:], "grüße", "\udcff", "0" * 5000]
        for altered in (*wrong, *swapped, *{proof.upper(), proof.lower()} - {proof}):
            request_with = WebhookRequest({**request.headers, self.proof: altered}, request.body, request.query)
            assert not self.channel.proven(request_with), altered
        headers = {name: value for name, value in request.headers.items() if name != self.proof}
        assert not self.channel.proven(WebhookRequest(headers, request.body, request.query))

    # What it says

    def test_a_body_says_what_the_file_beside_it_holds(self, path: Path) -> None:
        request = self.request_of(path.read_bytes())
        assert self.channel.proven(request)
        found = [shown(event) for event in read(self.channel, request)]
        expected = json.loads(path.with_name(f"{path.stem}.events.json").read_text())
        for event, wanted in zip(found, expected, strict=True):
            kind, _, rest = wanted.get("event_key", "").partition(":")
            if rest == "*":  # what has no id is named by its content
                assert event["event_key"].startswith(f"{kind}:")
                event["event_key"] = wanted["event_key"]
        assert found == expected

    def test_a_body_keeps_to_the_contract_and_keeps_its_evidence(self, path: Path) -> None:
        for event in read(self.channel, self.request_of(path.read_bytes())):
            if isinstance(event, pb.Event):
                check(self.channel, event)
                assert event.raw

    def test_a_body_that_comes_again_or_in_another_order_of_keys_has_the_same_keys(self, path: Path) -> None:
        body = path.read_bytes()
        again = [self.request_of(written) for written in (body, body, self.reordered(body))]
        first, *others = ([shown(event) for event in read(self.channel, request)] for request in again)
        assert others == [first, first]

    def test_events_of_one_body_have_different_keys(self, path: Path) -> None:
        keys = [shown(event).get("event_key") for event in read(self.channel, self.request_of(path.read_bytes()))]
        assert len(set(keys)) == len(keys)

    def test_one_malformed_item_costs_none_of_the_others_and_not_their_order(self) -> None:
        if not self.batches:
            return
        body, keys = self.batch()
        found = list(read(self.channel, self.request_of(body)))
        assert [event.event_key for event in found if isinstance(event, pb.Event)] == keys
        assert len(keys) == 11
        assert sum(isinstance(event, Unreadable) for event in found) == 1

    # What makes no sense

    @pytest.mark.parametrize(
        "body",
        [b"", b" ", b"null", b"1", b'"text"', b"[]", b"[{}]", b"{}", b"{", b"\xff\xfe", b"\x00", b"NaN",
         b'{"a":Infinity}', b"[" * 200_000, b'{"entry":' * 5000, b"%%%=&&&", b"\xef\xbb\xbf{}", b"1" * 6000],
        ids=lambda body: repr(body[:12]),
    )  # fmt: skip
    def test_a_body_of_another_kind_is_unreadable_or_says_nothing(self, body: bytes) -> None:
        try:
            found = list(read(self.channel, self.request_of(body)))
        except Unreadable as error:
            assert 1 <= len(str(error)) <= 200
        else:
            assert not [event for event in found if isinstance(event, pb.Event) and event.HasField("message")]

    @properties
    @given(data=st.data())
    def test_any_json_is_read_or_unreadable(self, data: st.DataObject) -> None:
        self._survives(json.dumps(data.draw(any_json)).encode())

    @properties
    @given(data=st.data())
    def test_a_body_of_its_own_with_something_wrong_is_read_or_unreadable(self, data: st.DataObject) -> None:
        self._survives(self.resembling(data))

    def _survives(self, body: bytes) -> None:
        request = self.request_of(body)
        assert self.channel.proven(request)
        try:
            entries = list(self.channel.entries(request))
        except Unreadable:
            return
        for entry in entries:
            assert isinstance(entry.account, str)
            for event in read_entry(self.channel, entry):
                if isinstance(event, pb.Event):
                    check(self.channel, event)


def check(channel: Channel, event: pb.Event) -> None:
    """An event keeps to the contract."""
    assert event.channel == channel.name
    assert event.surface == pb.SURFACE_MESSAGING
    # Twilio's is that of WhatsApp for some of its customers.
    assert event.reply_window_seconds in {channel.capabilities.reply_window_seconds, 86_400}
    assert 1 <= len(event.event_key) <= 512
    assert len(event.thread_key) <= 255
    assert len(event.sender.display_name) <= 255
    assert len(event.raw) <= 256 * 1024
    kind = event.WhichOneof("content")
    assert kind not in {None, "poison"}
    if kind in {"message", "edit", "deletion", "reaction", "read_mark", "echo", "alias_change", "preference"}:
        assert event.thread_key
        assert event.sender.external_id
    if kind == "status":
        assert event.status.reason in {"", *REASONS}
    if kind == "message":
        assert event.message.ByteSize()
    event.platform_time.ToDatetime()
    assert pb.Event.FromString(event.SerializeToString()) == event


def _backwards(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _backwards(value[key]) for key in reversed(value)}
    return [_backwards(item) for item in value] if isinstance(value, list) else value
