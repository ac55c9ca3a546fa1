"""Twilio, beside what holds for every channel: what is signed."""

import json
from typing import Any, ClassVar
from urllib.parse import urlencode

import pytest
from hypothesis import strategies as st

from tests.webhook_gateway.channels.conformance import BODIES, Conformance
from tests.webhook_gateway.channels.nonsense import spoil
from tests.webhook_gateway.channels.twilio import (
    CHANNEL,
    DELIVERY,
    KEY,
    NUMBER,
    PATH,
    PUBLIC,
    SECRETS,
    SERVICE,
    SID,
    TOKENS,
    WHATSAPP,
    account,
    form_of,
    signature,
)
from webhook_gateway import accounts
from webhook_gateway.channels import CHANNELS
from webhook_gateway.channels.channel import Answer, WebhookRequest
from webhook_gateway.channels.twilio import Twilio
from webhook_gateway.outcomes import Accepted, NotAccepted, Outcome, Rejected, Scope, Unknown

SENT = f"{'SM'}{'0d' * 16}"


ACCOUNT = Scope.SCOPE_ACCOUNT


def refused(code: object, status: int = 400) -> Answer:
    body = {"code": code, "message": "words", "more_info": "https://docs.example", "status": status}
    return Answer(status, body, {})


def waits(code: str, seconds: float = 0, scope: Any = Scope.SCOPE_UNSPECIFIED) -> NotAccepted:
    return NotAccepted(code, seconds, scope)


class TestTwilio(Conformance):
    channel = CHANNEL
    secrets = SECRETS
    accepted_secrets = TOKENS
    proof = "x-twilio-signature"
    batches = False
    variables: ClassVar = {
        "PUBLIC_BASE_URL": PUBLIC,
        "TWILIO_SENDER": NUMBER,
        "TWILIO_ACCOUNT_SID": SID,
        "TWILIO_AUTH_TOKEN": " , ".join(TOKENS),
        "TWILIO_2_SENDER": WHATSAPP,
        "TWILIO_3_SENDER": SERVICE,
        "TWILIO_3_API_KEY": KEY,
        "TWILIO_3_API_SECRET": SECRETS[2],
    }
    answers: ClassVar[dict[str, tuple[Answer, int, Outcome]]] = {
        "taken": (Answer(201, {"sid": SENT, "status": "queued", "error_code": None}, {}), 1, Accepted(SENT)),
        "taken, without an id": (Answer(201, {"status": "queued"}, {}), 1, Unknown("no_id")),
        "taken, with a nonsensical id": (Answer(201, {"sid": "x" * 65}, {}), 1, Unknown("no_id")),
        "taken, without JSON": (Answer(201, None, {}), 1, Unknown("no_id")),
        "calls at once": (refused(20429, 429), 1, waits("20429", 1, ACCOUNT)),
        "calls at once, by the header": (Answer(429, None, {"retry-after": "8"}), 1, waits("http_429", 8, ACCOUNT)),
        "calls at once, how long?": (Answer(429, None, {}), 1, waits("http_429", 0, ACCOUNT)),
        "messages a second": (refused(63018), 1, waits("63018", 5, ACCOUNT)),
        "throttled for longer": (
            Answer(429, {"code": 63018}, {"retry-after": "90"}), 1, waits("63018", 90, ACCOUNT)
        ),
        "too many queued": (refused(30001), 1, waits("30001", 60, ACCOUNT)),
        "carriers": (refused(30022), 1, waits("30022", 60, ACCOUNT)),
        "channel": (refused(63017), 1, waits("63017", 60, ACCOUNT)),
        "rich messages": (refused(63119), 1, waits("63119", 60, ACCOUNT)),
        "messages a day": (refused(63038, 429), 1, waits("63038", 3600, ACCOUNT)),
        "token wrong": (refused(20003, 401), 1, waits("20003", 300, ACCOUNT)),
        "no such account": (refused(20404, 404), 1, waits("20404", 300, ACCOUNT)),
        "sender wrong": (refused(21606), 1, waits("21606", 300, ACCOUNT)),
        "address for statuses wrong": (refused(21609), 1, waits("21609", 300, ACCOUNT)),
        "forbidden": (Answer(403, None, {}), 1, waits("http_403", 300, ACCOUNT)),
        "not found": (Answer(404, None, {}), 1, waits("http_404", 300, ACCOUNT)),
        "stopped": (refused(21610), 1, Rejected("21610", "opted_out")),
        "window": (refused(63016), 1, Rejected("63016", "window_closed")),
        "no number": (refused(21211), 1, Rejected("21211", "recipient")),
        "no mobile number": (refused(21614), 1, Rejected("21614", "recipient")),
        "a closed country": (refused(21408, 403), 1, Rejected("21408", "recipient")),
        "not on the channel": (refused(63003), 1, Rejected("63003", "recipient")),
        "not in the sandbox": (refused(63015), 1, Rejected("63015", "recipient")),
        "not reachable": (refused(63024), 1, Rejected("63024", "recipient")),
        "too long": (refused(21617), 1, Rejected("21617", "content")),
        "filtered": (refused(30007), 1, Rejected("30007", "content")),
        "new": (refused(29999), 1, waits("29999")),
        "no code": (refused("21610"), 1, waits("http_400")),
        "a huge code": (refused(10**400), 1, waits("http_400")),
        "elsewhere": (Answer(302, None, {}), 1, waits("http_302")),
        "server error": (refused(20500, 500), 1, Unknown("20500")),
        "server error with another code": (refused(21610, 503), 1, Unknown("21610")),
        "gateway error": (Answer(502, None, {}), 1, Unknown("http_502")),
    }  # fmt: skip

    def signed(self, body: bytes, secret: str) -> WebhookRequest:
        body = body.removesuffix(b"\n")
        query = f"?delivery={DELIVERY}" if b"MessageStatus=" in body else ""
        try:
            proof = signature(PATH + query, body, secret)
        except UnicodeDecodeError:
            proof = ""
        form = {"content-type": "application/x-www-form-urlencoded"}
        return WebhookRequest({**form, "x-twilio-signature": proof}, body, query)

    def resembling(self, data: st.DataObject) -> bytes:
        form: dict[str, Any] = dict(form_of(data.draw(st.sampled_from([path.stem for path in self.files()]))))
        for _ in range(data.draw(st.integers(1, 3))):
            spoil(data, form)
        written = {key: value if isinstance(value, str) else json.dumps(value) for key, value in form.items()}
        return urlencode(written, errors="replace").encode()

    def reordered(self, body: bytes) -> bytes:
        """Of a name that comes twice the first counts, so their order stays."""
        return b"&".join(sorted(body.strip().split(b"&"), key=lambda part: part.partition(b"=")[0], reverse=True))


def test_every_kind_has_a_body() -> None:
    said: set[str] = set()
    for path in (BODIES / "twilio").glob("*.events.json"):
        around = {"account", "event_key", "thread_key", "sender"}
        said |= {key for found in json.loads(path.read_text()) for key in found if key not in around}
    assert said == {"message", "status", "preference", "unsupported"}


VECTORS = json.loads((BODIES / "twilio_signatures.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_a_signature_is_that_of_the_configured_address_and_all_parameters(vector: dict[str, Any]) -> None:
    channel = Twilio([account(auth_token=vector["secret"])], vector["public_url"])
    headers = {"x-twilio-signature": vector["header"], "x-twilio-webhooks-signature-settings": vector["settings"]}
    request = WebhookRequest(headers, vector["body"].encode(), vector["query"])
    assert bool(channel.proven(request)) is vector["valid"]


def test_a_form_without_end_is_refused_before_it_costs_much() -> None:
    body = "&".join(f"p{number}=" for number in range(1001))
    proof = signature(PATH, body.encode(), TOKENS[0])
    assert not CHANNEL.proven(WebhookRequest({"x-twilio-signature": proof}, body.encode()))


@pytest.mark.parametrize("body", [b"\xff\xfe", b"Body=%", b"MessageSid=\xc3"])
def test_bytes_that_are_no_form_are_refused_quietly(body: bytes) -> None:
    assert not CHANNEL.proven(WebhookRequest({"x-twilio-signature": "A" * 27 + "="}, body))


def test_where_the_gateway_is_has_to_be_configured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in TestTwilio.variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        accounts.configured(CHANNELS, "")
    said = capsys.readouterr().err
    assert said.startswith("PUBLIC_BASE_URL")
    assert not [secret for secret in TOKENS if secret in said]
