"""What holds for every channel that sends, and for its secrets: part of `Conformance`."""

import json
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from protos import conversation_pb2 as pb
from tests.webhook_gateway.channels.nonsense import any_json, odd
from tests.webhook_gateway.sender.platform import answering, platform
from webhook_gateway.channels.channel import Answer, Call, Channel
from webhook_gateway.outcomes import Accepted, NotAccepted, Outcome, Rejected, Unknown
from webhook_gateway.sender.transport import Transport

REASONS = {"window_closed", "opted_out", "recipient", "content", "account"}
# Inherited tests run with the classes of several channels; the examples of one are as good for another.
properties = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow]
)


class SendingConformance:
    """To inherit, by way of `Conformance`."""

    # With at least one account; all its secrets are in `secrets`.
    channel: ClassVar[Channel]
    secrets: ClassVar[tuple[str, ...]]
    # Answers to a send, the delivery's attempt, and what they mean.
    answers: ClassVar[dict[str, tuple[Answer, int, Outcome]]]

    def delivery(self, **changes: Any) -> pb.Delivery:
        """One to an account of the channel."""
        account = next(iter(self.channel.accounts))
        given: dict[str, Any] = {
            "id": "0b0e7a52-1c44-4d0b-8a0e-6d1f2c3b4a59",
            "channel": self.channel.name,
            "account": account,
            "thread_key": "447700900123",
            "text": "Ja, „grüße“ 🚀",
            "attempt": 1,
        }
        return pb.Delivery(**{**given, **changes})

    def composed(self, **changes: Any) -> Call:
        delivery = self.delivery(**changes)
        return self.channel.compose(self.channel.accounts[delivery.account], delivery)

    def test_a_delivery_becomes_one_call_that_carries_its_text(self) -> None:
        call = self.composed()
        assert call.method == "POST"
        assert call.url.startswith("http")
        assert "Ja, „grüße“ 🚀" in json.dumps(call.json or call.form, ensure_ascii=False)
        assert (call.json is None) != (call.form is None)

    def test_an_answer_means_what_the_table_says(self, answered: tuple[Answer, int, Outcome]) -> None:
        answer, attempt, outcome = answered
        assert self.channel.interpret(answer, self.delivery(attempt=attempt)) == outcome

    @properties
    @given(
        status=st.integers(100, 599),
        body=any_json | st.builds(lambda code: {"error": {"code": code}}, odd),
        header=st.text() | st.integers(0, 10**12).map(str),
    )
    def test_any_answer_means_something(self, status: int, body: Any, header: str) -> None:
        found = self.channel.interpret(Answer(status, body, {"retry-after": header}), self.delivery())
        match found:
            case Accepted(provider_id):
                assert provider_id
                assert 200 <= status < 300
            case Rejected(code, reason):
                assert code
                assert reason in REASONS
            case NotAccepted(code, seconds, _):
                assert code
                assert 0 <= seconds <= 3600
            case Unknown(code):
                assert code
        if status >= 500 and not isinstance(body, dict):
            assert isinstance(found, Unknown)

    @pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 408, 413, 429])
    @pytest.mark.parametrize("asked", ["3601", "999999999"])
    def test_no_platform_makes_us_wait_longer_than_an_hour(self, status: int, asked: str) -> None:
        found = self.channel.interpret(Answer(status, None, {"retry-after": asked}), self.delivery())
        if isinstance(found, NotAccepted):
            assert found.retry_after_seconds <= 3600

    def test_an_id_that_no_text_can_hold_can_be_settled_all_the_same(self) -> None:
        taken = [answer.body for answer, _, outcome in self.answers.values() if isinstance(outcome, Accepted)]
        for body in taken:
            garbled = json.dumps(_with_texts(body, "\ud800")).encode()
            with platform(answering("200 OK", garbled)) as running:
                answer = Transport().send(Call("POST", running.url, json={}))
            found = self.channel.interpret(answer, self.delivery())
            if isinstance(found, Accepted):
                accepted = pb.SettleDeliveryRequest.Accepted(provider_id=found.provider_id)
                assert accepted.SerializeToString()

    # Secrets

    def test_a_secret_that_is_only_commas_is_refused_with_words_that_say_so(self) -> None:
        account_type = self.channel.account_type
        assert self._lists()
        for name in self._lists():
            for empty in (",", " , ,", " "):
                with pytest.raises(ValidationError) as raised:
                    account_type(**{name: empty})
                (said,) = [error["msg"] for error in raised.value.errors() if error["loc"] == (name,)]
                assert "holds no secret" in said or "has to be" in said

    def _lists(self) -> list[str]:
        """The fields that hold the secrets of which any may have signed."""
        fields = self.channel.account_type.model_fields
        return [name for name, field in fields.items() if "comma-separated" in (field.description or "")]

    def test_no_secret_is_shown_by_what_may_be_logged(self) -> None:
        call = self.composed()
        leaky = {"error": {"code": 987654, "message": self.secrets, "error_data": {"details": self.secrets}}}
        things = [
            *self.channel.accounts.values(),
            call,
            self.channel.interpret(Answer(400, leaky, {}), self.delivery()),
            self.channel.interpret(Answer(500, leaky, {}), self.delivery()),
        ]
        for thing in things:
            for secret in self.secrets:
                assert secret not in f"{thing!r} {thing}"

    def test_no_secret_is_in_the_complaint_about_an_account(self) -> None:
        account_type = self.channel.account_type
        for name in account_type.model_fields:
            for wrong in ([self.secrets[0]], {"a": self.secrets[0]}, f"{self.secrets[0]}\u0000 \n"):
                try:
                    account_type(**{name: wrong})
                except ValidationError as error:
                    assert self.secrets[0] not in str(error)

    def test_what_the_account_keeps_secret_is_among_the_secrets_looked_for(self) -> None:
        for account in self.channel.accounts.values():
            for name in type(account).model_fields:
                if isinstance(value := getattr(account, name), SecretStr):
                    assert all(part.strip() in self.secrets for part in value.get_secret_value().split(",")), name


def _with_texts(value: Any, text: str) -> Any:
    """`value` with another text in place of each of its texts."""
    if isinstance(value, dict):
        return {key: _with_texts(item, text) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_texts(item, text) for item in value]
    return text if isinstance(value, str) else value
