"""Twilio, beside what holds for every channel."""

import base64
import hashlib
import hmac
import json
from typing import Any, ClassVar
from urllib.parse import unquote_plus, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from protos import conversation_pb2 as pb
from tests.webhook_gateway.channels.conformance import BODIES, Conformance, read
from tests.webhook_gateway.channels.nonsense import odd, spoil
from webhook_gateway import accounts, intake
from webhook_gateway.channels import CHANNELS
from webhook_gateway.channels.channel import Answer, WebhookRequest
from webhook_gateway.channels.twilio import Twilio, TwilioAccount
from webhook_gateway.outcomes import Accepted, NotAccepted, Outcome, Rejected, Scope, Unknown
from webhook_gateway.reading import Unreadable
from webhook_gateway.text.splitting import split

NUMBER, WHATSAPP, SERVICE = "+15005550122", "whatsapp:+15005550122", "MG" + "c4e1" * 8
CUSTOMER = "+447700900456"
SID = "AC" + "5E7C0A" * 5 + "5E"
KEY = "SK" + "7B" * 16
TOKENS = ("kettle-auth-token-of-yesterday", "kettle-auth-token-of-today")
SECRETS = (*TOKENS, "kettle-api-secret")
PUBLIC = "https://shop.example"
PATH = f"{PUBLIC}/webhooks/twilio"
DELIVERY = "0b0e7a52-1c44-4d0b-8a0e-6d1f2c3b4a59"
SENT = f"{'SM'}{'0d' * 16}"
ACCOUNT = Scope.SCOPE_ACCOUNT


def account(sender: str = NUMBER, **more: str) -> TwilioAccount:
    given: dict[str, Any] = {"sender": sender, "account_sid": SID, "auth_token": " , ".join(TOKENS), **more}
    return TwilioAccount(**given)


CHANNEL = Twilio([account(), account(WHATSAPP), account(SERVICE, api_key=KEY, api_secret=SECRETS[2])], PUBLIC)


def signature(url: str, body: bytes, secret: str) -> str:
    """As the platform computes it of a form."""
    pairs = {tuple(map(unquote_plus, part.partition("=")[::2])) for part in body.decode().split("&") if part}
    signed = url + "".join("".join(pair) for pair in sorted(pairs))
    return base64.b64encode(hmac.new(secret.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def form_of(name: str) -> dict[str, str]:
    body = (BODIES / "twilio" / f"{name}.form").read_text().strip()
    return {key: unquote_plus(value) for key, _, value in (part.partition("=") for part in body.split("&"))}


def request(form: dict[str, str], query: str = "") -> WebhookRequest:
    body = urlencode(form).encode()
    return WebhookRequest({"x-twilio-signature": signature(PATH + query, body, TOKENS[0])}, body, query)


def event(form: dict[str, str], query: str = "", channel: Twilio = CHANNEL) -> pb.Event:
    (found,) = read(channel, request(form, query))
    assert isinstance(found, pb.Event), found
    return found


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


VECTORS = json.loads((BODIES / "twilio_signatures.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_a_signature_is_that_of_the_configured_address_and_all_parameters(vector: dict[str, Any]) -> None:
    channel = Twilio([account(auth_token=vector["secret"])], vector["public_url"])
    headers = {"x-twilio-signature": vector["header"], "x-twilio-webhooks-signature-settings": vector["settings"]}
    request = WebhookRequest(headers, vector["body"].encode(), vector["query"])
    assert channel.authenticate(request) is vector["valid"]


def test_a_form_without_end_is_refused_before_it_costs_much() -> None:
    body = "&".join(f"p{number}=" for number in range(1001))
    proof = signature(PATH, body.encode(), TOKENS[0])
    assert not CHANNEL.authenticate(WebhookRequest({"x-twilio-signature": proof}, body.encode()))


@pytest.mark.parametrize("body", [b"\xff\xfe", b"Body=%", b"MessageSid=\xc3"])
def test_bytes_that_are_no_form_are_refused_quietly(body: bytes) -> None:
    assert not CHANNEL.authenticate(WebhookRequest({"x-twilio-signature": "A" * 27 + "="}, body))


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


# Whose it is


def test_one_number_by_sms_and_by_whatsapp_is_two_customers_of_a_messaging_service() -> None:
    names = [{alias.value for alias in event(form_of(name)).sender.aliases} for name in ("sms", "whatsapp_text")]
    assert names == [{CUSTOMER}, {f"whatsapp:{CUSTOMER}"}]


@pytest.mark.parametrize(
    ("change", "known_as"),
    [
        ({}, NUMBER),
        ({"MessagingServiceSid": SERVICE}, NUMBER),
        ({"MessagingServiceSid": SERVICE, "To": "+15005550199"}, SERVICE),
        ({"To": WHATSAPP}, WHATSAPP),
        ({"To": "+15005550000"}, "+15005550000"),
        ({"To": "", "MessagingServiceSid": "MG0"}, "MG0"),
        ({"MessageStatus": "sent", "From": NUMBER, "To": CUSTOMER}, NUMBER),
        ({"MessageStatus": "received"}, NUMBER),
    ],
)
def test_a_form_is_about_the_sender_of_ours_that_it_names(change: dict[str, str], known_as: str) -> None:
    (entry,) = CHANNEL.entries(request(form_of("sms") | change))
    assert entry.account == known_as


def test_an_auth_token_speaks_for_the_senders_of_its_own_account_only() -> None:
    channel = Twilio([account(), account(WHATSAPP), account(SERVICE, auth_token="of-another-account")], PUBLIC)
    assert set(channel.proven(request(form_of("sms")))) == {NUMBER, WHATSAPP}
    assert [found.account for found in intake.read(channel, request(form_of("sms")))] == [NUMBER]
    assert not intake.read(channel, request(form_of("sms_to_a_messaging_service")))


# What it says


@pytest.mark.parametrize("name", ["sms", "mms", "status_sent", "sms_stop"])
def test_sms_may_be_answered_at_any_time(name: str) -> None:
    query = f"?delivery={DELIVERY}"
    assert {found.reply_window_seconds for found in read(CHANNEL, request(form_of(name), query))} == {0}  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["whatsapp_text", "whatsapp_without_a_number", "status_whatsapp_read"])
def test_whatsapp_may_be_answered_for_a_day(name: str) -> None:
    assert event(form_of(name)).reply_window_seconds == 86_400


@pytest.mark.parametrize(
    ("name", "key", "value", "complaint"),
    [
        ("sms", "MessageSid", "", "MessageSid is missing"),
        ("sms", "From", "", "From is missing"),
        ("sms", "From", "+" * 256, "the customer's id is longer than 255 characters"),
        ("status_sent", "To", "", "To is missing"),
        ("whatsapp_location", "Latitude", "north", "Latitude is no number"),
        ("whatsapp_location", "Longitude", "", "Longitude is no number"),
    ],
)
def test_a_form_that_lacks_what_it_needs_is_unreadable(name: str, key: str, value: str, complaint: str) -> None:
    try:
        (found,) = read(CHANNEL, request(form_of(name) | {key: value}))
    except Unreadable as error:
        found = error
    assert str(found) == complaint


@pytest.mark.parametrize("count", ["", "0", "-1", "many", "99999999999"])
def test_what_is_attached_does_not_depend_on_its_count(count: str) -> None:
    assert len(event(form_of("mms") | {"NumMedia": count}).message.attachments) == 2


def test_another_body_than_a_form_is_kept_as_what_we_cannot_read() -> None:
    body = b'{"MessageSid": "SM1", "From": "+447700900456", "To": "+15005550122", "Body": "hello"}'
    query = f"?bodySHA256={hashlib.sha256(body).hexdigest()}"
    proof = signature(PATH + query, b"", TOKENS[0])
    request = WebhookRequest({"x-twilio-signature": proof, "content-type": "application/json"}, body, query)
    assert CHANNEL.authenticate(request)
    with pytest.raises(Unreadable, match="no form"):
        list(CHANNEL.entries(request))


@pytest.mark.parametrize("query", ["", "?delivery=", "?delivery=1", f"?delivery={DELIVERY.upper()}", "?other=1", "?%"])
def test_a_status_that_brings_no_id_of_ours_back_proves_no_delivery(query: str) -> None:
    found = event(form_of("status_delivered"), query).status
    assert (found.delivery_id, found.state) == ("", pb.DeliveryStatus.STATE_DELIVERED)


@pytest.mark.parametrize(
    ("code", "reason"),
    [("21610", "opted_out"), ("63016", "window_closed"), ("30006", "recipient"), ("30001", "account"), ("x", ""),
     ("", ""), ("1" * 5000, "")],
)  # fmt: skip
def test_a_failed_status_says_why_where_the_code_is_known(code: str, reason: str) -> None:
    assert event(form_of("status_failed") | {"ErrorCode": code}).status.reason == reason


# Sending


def delivery(**changes: Any) -> pb.Delivery:
    given: dict[str, Any] = {"id": DELIVERY, "account": NUMBER, "thread_key": CUSTOMER, "text": "Hi & bye", **changes}
    return pb.Delivery(**given)


def test_a_send_says_to_which_address_its_status_shall_go() -> None:
    call = CHANNEL.compose(account(api_base_url="http://127.0.0.1:1234"), delivery())
    assert call.url == f"http://127.0.0.1:1234/2010-04-01/Accounts/{SID}/Messages.json"
    assert call.form == {
        "To": CUSTOMER,
        "From": NUMBER,
        "Body": "Hi & bye",
        "StatusCallback": f"{PATH}?delivery={DELIVERY}",
    }
    status = event(form_of("status_sent"), f"?delivery={DELIVERY}").status
    assert status.delivery_id == DELIVERY


def test_a_messaging_service_sends_as_itself() -> None:
    form = CHANNEL.compose(account(SERVICE), delivery()).form
    assert form is not None
    assert form["MessagingServiceSid"] == SERVICE
    assert "From" not in form


def test_the_api_key_sends_where_there_is_one_else_the_first_token() -> None:
    assert CHANNEL.compose(account(), delivery()).basic == (SID, TOKENS[0])
    keyed = account(api_key=KEY, api_secret=SECRETS[2])
    assert CHANNEL.compose(keyed, delivery()).basic == (KEY, SECRETS[2])
    assert SECRETS[2] not in f"{keyed!r} {CHANNEL.compose(keyed, delivery())!r}"


@pytest.mark.parametrize("half", [{"api_key": KEY}, {"api_secret": SECRETS[2]}])
def test_half_an_api_key_is_refused(half: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="together with the API key"):
        account(**half)


@pytest.mark.parametrize(
    "sender", ["", "kettles", "whatsapp:kettles", "MG1", "+15005550122,+15005550123", "sms:+1500555"]
)
def test_what_is_no_sender_is_refused(sender: str) -> None:
    with pytest.raises(ValidationError, match="sender"):
        account(sender)


@pytest.mark.parametrize(
    ("thread", "names", "address"),
    [
        (CUSTOMER, [], CUSTOMER),
        (CUSTOMER, [("phone", CUSTOMER)], CUSTOMER),
        (CUSTOMER, [("phone", "+447700900999")], "+447700900999"),
        ("whatsapp:GB.7", [("bsuid", "whatsapp:GB.7"), ("phone", "whatsapp:+447")], "whatsapp:GB.7"),
        ("whatsapp:GB.7", [("bsuid", "whatsapp:GB.8")], "whatsapp:GB.8"),
        ("whatsapp:GB.7", [("bsuid", "whatsapp:GB.8"), ("phone", "whatsapp:+447")], "whatsapp:+447"),
    ],
)
def test_a_customer_is_reached_by_a_name_that_is_valid(thread: str, names: list[Any], address: str) -> None:
    recipient = [pb.Alias(kind=kind, value=value) for kind, value in names]
    form = CHANNEL.compose(account(), delivery(thread_key=thread, recipient=recipient)).form
    assert form is not None
    assert form["To"] == address


def typing(key: str, thread: str = f"whatsapp:{CUSTOMER}", **more: str) -> Any:
    return CHANNEL.compose_typing(account(WHATSAPP, **more), pb.TypingSignal(thread_key=thread, message_key=key))


def test_typing_marks_the_customers_newest_message_as_read() -> None:
    call = typing(f"message:{SENT}")
    assert call.url == "https://messaging.twilio.com/v2/Indicators/Typing.json"
    assert call.form == {"messageId": SENT, "channel": "whatsapp"}
    assert (
        typing(f"message:{SENT}", api_base_url="http://127.0.0.1:9").url
        == "http://127.0.0.1:9/v2/Indicators/Typing.json"
    )


@pytest.mark.parametrize(
    ("key", "thread"), [("", "whatsapp:+1"), ("preference:SM1", "whatsapp:+1"), ("message:SM1", "+1")]
)
def test_there_is_no_typing_by_sms_or_without_a_message(key: str, thread: str) -> None:
    assert typing(key, thread) is None


def test_a_text_is_cut_where_twilio_would_refuse_it() -> None:
    capabilities = CHANNEL.capabilities
    assert [len(part) for part in split("📮" * 801, capabilities.text_limit, capabilities.measure)] == [800, 1]


@settings(max_examples=300, deadline=None)
@given(status=st.integers(100, 599), code=odd | st.sampled_from([21610, 30001, True]), sid=odd)
def test_any_answer_of_its_own_shape_means_something(status: int, code: Any, sid: Any) -> None:
    found = CHANNEL.interpret(Answer(status, {"code": code, "sid": sid}, {}), delivery())
    assert isinstance(found, Accepted) <= (200 <= status < 300)
    assert isinstance(found, Unknown) >= (status >= 500)


def test_every_kind_has_a_body() -> None:
    said: set[str] = set()
    for path in (BODIES / "twilio").glob("*.events.json"):
        around = {"account", "event_key", "thread_key", "sender"}
        said |= {key for found in json.loads(path.read_text()) for key in found if key not in around}
    assert said == {"message", "status", "preference", "unsupported"}
