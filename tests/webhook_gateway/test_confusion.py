"""One account's secret says nothing about another account."""

import hashlib
import hmac

import pytest
from pydantic import SecretStr

from protos import conversation_pb2 as pb
from webhook_gateway import intake
from webhook_gateway.channels.channel import WebhookRequest
from webhook_gateway.channels.whatsapp import WhatsApp, WhatsAppAccount

BODY = (
    '{"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": '
    '{"metadata": {"phone_number_id": "%s"}, "messages": [{"from": "49170", "id": "wamid.1", "timestamp": "1", '
    '"type": "text", "text": {"body": "hi"}}]}}]}]}'
)


SECRETS = {"1": "one, older", "2": "two"}
CHANNEL = WhatsApp(
    [
        WhatsAppAccount(
            phone_number_id=number,
            access_token=SecretStr("token"),
            app_secret=SecretStr(secret),
            verify_token=SecretStr("word"),
        )
        for number, secret in SECRETS.items()
    ]
)


def told(body: bytes, key: bytes) -> list[pb.Event]:
    """What a body says that was signed with `key`."""
    digest = hmac.new(key, body, hashlib.sha256).hexdigest()
    request = WebhookRequest({"x-hub-signature-256": f"sha256={digest}"}, body)
    return intake.read(CHANNEL, request, CHANNEL.proven(request))


@pytest.mark.parametrize(
    ("account", "key", "events"), [("1", b"one", 1), ("2", b"two", 1), ("1", b"two", 0), ("2", b"one", 0)]
)
def test_a_body_speaks_for_the_accounts_of_the_app_that_signed_it(account: str, key: bytes, events: int) -> None:
    assert [event.account for event in told((BODY % account).encode(), key)] == [account] * events


@pytest.mark.parametrize(("key", "account"), [(b"older", "1"), (b"two", "2")])
def test_what_cannot_be_read_is_kept_under_an_account_of_the_app_that_signed_it(key: bytes, account: str) -> None:
    for body in (b"[]", b"{", b"\xff"):
        assert [(event.account, event.WhichOneof("content")) for event in told(body, key)] == [(account, "poison")]


def test_a_message_that_names_no_account_is_kept_and_is_nobodys() -> None:
    (event,) = told(BODY.replace('"metadata": {"phone_number_id": "%s"}, ', "").encode(), b"one")
    assert event.poison.reason == "metadata names no phone_number_id"
    assert b"wamid.1" in event.raw
