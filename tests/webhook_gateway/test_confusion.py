"""One account's secret says nothing about another account."""

import hashlib
import hmac

import pytest
from pydantic import SecretStr

from webhook_gateway import intake
from webhook_gateway.channels.channel import WebhookRequest
from webhook_gateway.channels.whatsapp import WhatsApp, WhatsAppAccount

BODY = (
    '{"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": '
    '{"metadata": {"phone_number_id": "%s"}, "messages": [{"from": "49170", "id": "wamid.1", "timestamp": "1", '
    '"type": "text", "text": {"body": "hi"}}]}}]}]}'
)


@pytest.mark.parametrize(
    ("account", "key", "events"), [("1", b"one", 1), ("2", b"two", 1), ("1", b"two", 0), ("2", b"one", 0)]
)
def test_a_body_speaks_for_the_accounts_of_the_app_that_signed_it(account: str, key: bytes, events: int) -> None:
    secrets = {"1": "one, older", "2": "two"}
    channel = WhatsApp(
        [
            WhatsAppAccount(
                phone_number_id=number,
                access_token=SecretStr("token"),
                app_secret=SecretStr(secret),
                verify_token=SecretStr("word"),
            )
            for number, secret in secrets.items()
        ]
    )
    body = (BODY % account).encode()
    signature = f"sha256={hmac.new(key, body, hashlib.sha256).hexdigest()}"
    request = WebhookRequest({"x-hub-signature-256": signature}, body)
    assert channel.authenticate(request)
    assert [event.account for event in intake.read(channel, request)] == [account] * events
