"""WhatsApp, beside what holds for every channel."""

import copy
import hashlib
import hmac
import json
from typing import Any, ClassVar

import pytest

from protos import conversation_pb2 as pb
from tests.webhook_gateway.channels.conformance import BODIES, Conformance, read, shown
from webhook_gateway.channels.channel import Answer, Unreadable, WebhookRequest
from webhook_gateway.channels.whatsapp import WhatsApp, WhatsAppAccount
from webhook_gateway.outcomes import Accepted, NotAccepted, Outcome, Rejected, Scope, Unknown

FIRST, SECOND = "318273645546372", "318273645546399"
BUSINESS = "204081632640128"
PHONE, BSUID = "447700900123", "GB.70318264915530827746"
SECRETS = (
    "kettle-secret-of-yesterday",
    "kettle-secret-of-today",
    "EAAG-kettle-token",
    "kettle-verify-word",
    "EAAG-second",
)
APP_SECRETS = SECRETS[:2]


def account(number: str = FIRST, **changes: str) -> WhatsAppAccount:
    given = {
        "phone_number_id": number,
        "access_token": SECRETS[2],
        "app_secret": " , ".join(APP_SECRETS),
        "verify_token": SECRETS[3],
    }
    return WhatsAppAccount(**{**given, **changes})  # type: ignore[arg-type]  # pydantic makes secrets of them


CHANNEL = WhatsApp([account(), account(SECOND, access_token=SECRETS[4])])


def signed(body: bytes, secret: str = APP_SECRETS[0]) -> WebhookRequest:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return WebhookRequest({"x-hub-signature-256": f"sha256={digest}"}, body)


def body_of(name: str) -> Any:
    return json.loads((BODIES / "whatsapp" / f"{name}.json").read_text())


def events(body: Any, channel: WhatsApp = CHANNEL) -> list[pb.Event | Unreadable]:
    return list(read(channel, WebhookRequest({}, json.dumps(body).encode())))


def event(body: Any, channel: WhatsApp = CHANNEL) -> pb.Event:
    (found,) = events(body, channel)
    assert isinstance(found, pb.Event), found
    return found


def failed(code: int, status: int = 400, **more: object) -> Answer:
    error = {"message": "(#x) words", "type": "OAuthException", "code": code, "fbtrace_id": "Az1", **more}
    return Answer(status, {"error": error}, {})


def waits(code: str, seconds: float = 0, scope: Any = Scope.SCOPE_UNSPECIFIED) -> NotAccepted:
    return NotAccepted(code, seconds, scope)


ACCOUNT, RECIPIENT = Scope.SCOPE_ACCOUNT, Scope.SCOPE_RECIPIENT
OK = {
    "messaging_product": "whatsapp",
    "contacts": [{"input": PHONE, "wa_id": PHONE}],
    "messages": [{"id": "wamid.HBgMNDQ", "message_status": "accepted"}],
}


class TestWhatsApp(Conformance):
    channel = CHANNEL
    secrets = SECRETS
    accepted_secrets = APP_SECRETS
    variables: ClassVar = {
        "WHATSAPP_PHONE_NUMBER_ID": FIRST,
        "WHATSAPP_ACCESS_TOKEN": SECRETS[2],
        "WHATSAPP_APP_SECRET": " , ".join(APP_SECRETS),
        "WHATSAPP_VERIFY_TOKEN": SECRETS[3],
        "WHATSAPP_2_PHONE_NUMBER_ID": SECOND,
        "WHATSAPP_2_ACCESS_TOKEN": SECRETS[4],
    }
    proof = "x-hub-signature-256"
    greeting: ClassVar = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": SECRETS[3]}
    challenge = "hub.challenge"
    answers: ClassVar[dict[str, tuple[Answer, int, Outcome]]] = {
        "taken": (Answer(200, OK, {}), 1, Accepted("wamid.HBgMNDQ")),
        "taken, by BSUID": (Answer(200, {"messages": [{"id": "wamid.B"}]}, {}), 1, Accepted("wamid.B")),
        "taken, without an id": (Answer(200, {"messages": []}, {}), 1, Unknown("no_id")),
        "taken, with an empty id": (Answer(200, {"messages": [{"id": ""}]}, {}), 1, Unknown("no_id")),
        "taken, without JSON": (Answer(200, None, {}), 1, Unknown("no_id")),
        "an error with 200": (failed(131047, 200), 1, Rejected("131047", "window_closed")),
        "one recipient too often": (failed(131056), 1, waits("131056", 1, RECIPIENT)),
        "one recipient too often, again": (failed(131056), 2, waits("131056", 4, RECIPIENT)),
        "one recipient too often, a fourth time": (failed(131056, 429), 4, waits("131056", 64, RECIPIENT)),
        "one recipient too often, for ever": (failed(131056), 1000, waits("131056", 3600, RECIPIENT)),
        "too many a second": (failed(130429), 1, waits("130429", 5, ACCOUNT)),
        "too many an hour": (failed(80007), 1, waits("80007", 60, ACCOUNT)),
        "too many of the app": (failed(4), 1, waits("4", 60, ACCOUNT)),
        "reported as spam": (failed(131048), 1, waits("131048", 3600, ACCOUNT)),
        "throttled with a server's status": (failed(130429, 503), 1, waits("130429", 5, ACCOUNT)),
        "token dead": (failed(190, 401, error_subcode=463), 1, waits("190/463", 300, ACCOUNT)),
        "not authenticated": (failed(0, 401), 1, waits("0", 300, ACCOUNT)),
        "capability missing": (failed(3, 403), 1, waits("3", 300, ACCOUNT)),
        "permission missing": (failed(10, 403), 1, waits("10", 300, ACCOUNT)),
        "first of the permissions": (failed(200, 403), 1, waits("200", 300, ACCOUNT)),
        "last of the permissions": (failed(299, 403), 1, waits("299", 300, ACCOUNT)),
        "access denied": (failed(131005, 403), 1, waits("131005", 300, ACCOUNT)),
        "number not there": (failed(100, 400, error_subcode=33), 1, waits("100/33", 300, ACCOUNT)),
        "policy": (failed(368), 1, waits("368", 3600, ACCOUNT)),
        "locked": (failed(131031), 1, waits("131031", 300, ACCOUNT)),
        "unpaid": (failed(131042), 1, waits("131042", 300, ACCOUNT)),
        "window": (failed(131047), 1, Rejected("131047", "window_closed")),
        "opted out": (failed(131050), 1, Rejected("131050", "opted_out")),
        "undeliverable": (failed(131026), 1, Rejected("131026", "recipient")),
        "undeliverable, whatever the status": (failed(131026, 500), 1, Rejected("131026", "recipient")),
        "not in the test list": (failed(131030), 1, Rejected("131030", "recipient")),
        "a closed country": (failed(130497), 1, Rejected("130497", "recipient")),
        "a BSUID where it is not taken": (failed(131062), 1, Rejected("131062", "recipient")),
        "parameter": (failed(100), 1, Rejected("100", "content")),
        "parameter missing": (failed(131008), 1, Rejected("131008", "content")),
        "template": (failed(132001), 1, Rejected("132001", "content")),
        "internal, refused": (failed(131000, 400), 1, waits("131000")),
        "internal, perhaps taken": (failed(131000, 500), 1, Unknown("131000")),
        "down": (failed(2, 503, is_transient=True), 1, Unknown("2")),
        "maintenance": (failed(131057, 503), 1, waits("131057", 60, ACCOUNT)),
        "new and transient": (failed(139999, 400, is_transient=True), 1, waits("139999")),
        "new": (failed(139999, 400), 1, waits("139999")),
        "new, perhaps taken": (failed(139999, 500), 1, Unknown("139999")),
        "server error": (Answer(500, None, {}), 1, Unknown("http_500")),
        "gateway error": (Answer(502, None, {}), 1, Unknown("http_502")),
        "too many requests": (Answer(429, None, {"retry-after": "17"}), 1, waits("http_429", 17, ACCOUNT)),
        "too many requests, how long?": (Answer(429, None, {"retry-after": "soon"}), 1, waits("http_429", 0, ACCOUNT)),
        "throttled for longer": (
            Answer(429, {"error": {"code": 130429}}, {"retry-after": "90"}), 1, waits("130429", 90, ACCOUNT)
        ),
        "unauthorized": (Answer(401, None, {}), 1, waits("http_401", 300, ACCOUNT)),
        "not found": (Answer(404, None, {}), 1, waits("http_404")),
        "elsewhere": (Answer(302, None, {}), 1, waits("http_302")),
    }  # fmt: skip

    def signed(self, body: bytes, secret: str) -> WebhookRequest:
        return signed(body, secret)

    def batch(self) -> tuple[bytes, list[str]]:
        """Two entries of two numbers each with two changes of three messages, one of which is a text without a body."""
        keys: list[str] = []
        entries: list[Any] = []
        for number in (FIRST, SECOND):
            changes = []
            for change in range(2):
                messages = []
                for place in range(3):
                    wamid = f"wamid.{number}.{change}.{place}"
                    is_broken = (number, change, place) == (FIRST, 1, 1)
                    text = {} if is_broken else {"body": f"number {place}"}
                    messages.append(
                        {"from": PHONE, "id": wamid, "timestamp": "1789984800", "type": "text", "text": text}
                    )
                    keys += [] if is_broken else [f"message:{wamid}"]
                value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": number}, "messages": messages}
                changes.append({"field": "messages", "value": value})
            entries.append({"id": BUSINESS, "changes": changes})
        return json.dumps({"object": "whatsapp_business_account", "entry": entries}).encode(), keys


# What the platform's documentation, and the field, know of; each has a body.
KINDS = """
text image audio voice video document sticker location contacts button reaction order edit revoke unsupported
interactive_button_reply interactive_list_reply interactive_nfm_reply interactive_call_permission_reply
interactive_without_object reaction_removed reaction_removed_without_emoji voice_older unknown_older unknown_future_type
request_welcome reply forwarded frequently_forwarded referred_product referral_from_ad referral_without_click_id
group_message location_zero image_with_url text_with_milliseconds dashboard_test edit_of_a_caption
system_number_changed system_number_changed_older system_number_and_bsuid_changed system_bsuid_changed
system_bsuid_changed_in_words system_identity_changed
text_with_bsuid text_without_from text_bsuid_in_from text_username_without_at
status_sent status_delivered status_read status_played status_failed status_failed_without_contacts status_unknown
status_of_another_application status_without_recipient status_by_bsuid_1 status_by_bsuid_2 status_by_bsuid_3
statuses_of_a_group messages_statuses_and_errors contacts_in_another_order a_contact_of_somebody_else errors_only
echo_text echo_image echo_edit echo_revoke echo_unknown_type user_preferences_stop user_preferences_resume
user_id_update business_username_update account_update phone_number_quality_update message_template_status_update
group_participants_update calls messaging_handovers standby history smb_app_state_sync
"""


def test_every_kind_has_a_body_and_every_body_a_kind() -> None:
    bodies = {path.stem for path in (BODIES / "whatsapp").glob("*.json") if not path.name.endswith(".events.json")}
    assert bodies == set(KINDS.split())


VECTORS = json.loads((BODIES / "meta_signatures.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_a_signature_is_that_of_the_bytes_as_they_came(vector: dict[str, Any]) -> None:
    channel = WhatsApp([account(app_secret=vector["secret"])])
    request = WebhookRequest({"x-hub-signature-256": vector["header"]}, vector["body"].encode())
    assert channel.authenticate(request) is vector["valid"]


def test_the_older_signature_does_not_count() -> None:
    digest = hmac.new(APP_SECRETS[0].encode(), b"{}", hashlib.sha1).hexdigest()
    headers = {"x-hub-signature": f"sha1={digest}", "x-hub-signature-256": f"sha1={digest}"}
    assert not CHANNEL.authenticate(WebhookRequest(headers, b"{}"))


def test_a_list_of_secrets_without_any_secret_believes_nobody() -> None:
    channel = WhatsApp([account(app_secret=" , ")])
    assert not any(channel.authenticate(signed(b"{}", secret)) for secret in ("", " ", ",", *APP_SECRETS))


def test_each_account_may_have_a_verify_token_and_a_secret_of_its_own() -> None:
    channel = WhatsApp([account(), account(SECOND, app_secret="other-secret", verify_token="other-word")])
    greeting = {"hub.mode": "subscribe", "hub.challenge": "77"}
    assert [channel.handshake({**greeting, "hub.verify_token": word}) for word in (SECRETS[3], "other-word", "")] == [
        "77",
        "77",
        None,
    ]
    assert channel.authenticate(signed(b"{}", "other-secret"))


# Large bodies


def many(count: int, size: int = 20) -> Any:
    body = body_of("text")
    (message,) = body["entry"][0]["changes"][0]["value"]["messages"]
    copies = [copy.deepcopy(message) | {"id": f"wamid.{number}"} for number in range(count)]
    for number, found in enumerate(copies):
        found["text"] = {"body": f"{number} " + "ü" * size}
    body["entry"][0]["changes"][0]["value"]["messages"] = copies
    return body


def test_a_thousand_messages_of_three_megabytes_are_a_thousand_events_in_order() -> None:
    body = many(1000, 470)
    assert 2_900_000 < len(json.dumps(body)) < 4 * 1024 * 1024
    found = [shown(event)["event_key"] for event in events(body)]
    assert found == [f"message:wamid.{number}" for number in range(1000)]


def test_the_evidence_of_one_huge_item_is_cut_to_what_the_contract_carries() -> None:
    body = many(1, 300_000)
    found = event(body)
    assert len(found.raw) == 256 * 1024


def test_an_item_that_is_nested_without_end_costs_no_other() -> None:
    body = many(3)
    messages = body["entry"][0]["changes"][0]["value"]["messages"]
    deep = "[" * 900 + "]" * 900
    messages[1]["text"]["more"] = "HERE"
    written = json.dumps(body).replace('"HERE"', deep).encode()
    found = list(read(CHANNEL, WebhookRequest({}, written)))
    assert isinstance(found[0], pb.Event)
    assert isinstance(found[2], pb.Event)


def test_what_is_kept_of_an_item_can_be_read_again_by_itself() -> None:
    for name in sorted(set(KINDS.split())):
        for found in events(body_of(name)):
            assert isinstance(found, pb.Event)
            entry = {"id": BUSINESS, "changes": [json.loads(found.raw)]}
            again = (
                event({"object": "whatsapp_business_account", "entry": [entry]})
                if "alias" not in found.event_key
                else found
            )
            assert shown(again) == shown(found), name


# Whose it is


def test_what_names_no_number_goes_to_the_first_number_of_its_business_account() -> None:
    body = body_of("account_update")
    other = WhatsApp([account(), account(SECOND, business_account_id=BUSINESS)])
    assert event(body, other).account == SECOND
    assert event(body, WhatsApp([account(business_account_id="1"), account(SECOND)])).account == SECOND
    assert event(body, WhatsApp([account(business_account_id="1")])).account == BUSINESS
    assert event(body).account == FIRST


@pytest.mark.parametrize("name", ["text", "status_sent", "echo_text", "user_preferences_stop", "errors_only"])
def test_an_item_of_no_number_is_unreadable_because_it_could_be_anybodys(name: str) -> None:
    body = body_of(name)
    del body["entry"][0]["changes"][0]["value"]["metadata"]
    (found,) = events(body)
    assert str(found) == "metadata names no phone_number_id"


@pytest.mark.parametrize("key", ["from", "timestamp", "type", "id", "text"])
def test_a_message_without_what_it_needs_is_unreadable_and_without_a_time_it_is_not(key: str) -> None:
    body = body_of("text")
    value = body["entry"][0]["changes"][0]["value"]
    del value["messages"][0][key]
    if key == "from":
        value["contacts"] = []
    (found,) = events(body)
    if key == "timestamp":
        assert isinstance(found, pb.Event)
        assert not found.HasField("platform_time")
    elif key == "type":
        assert isinstance(found, pb.Event)
        assert found.unsupported.kind == "untyped"
    else:
        assert isinstance(found, Unreadable)


@pytest.mark.parametrize("time", ["soon", -5, 0, "9" * 30, None, [], 1e308])
def test_a_nonsensical_time_is_no_time(time: object) -> None:
    body = body_of("text")
    body["entry"][0]["changes"][0]["value"]["messages"][0]["timestamp"] = time
    assert not event(body).HasField("platform_time")


def test_half_a_character_is_replaced_and_loses_nothing_else() -> None:
    body = body_of("text")
    body["entry"][0]["changes"][0]["value"]["messages"][0]["text"]["body"] = "a\ud83db\U0001f680"
    assert event(body).message.text == "a\ufffdb🚀"


def test_a_status_of_an_unknown_code_has_no_reason() -> None:
    body = body_of("status_failed")
    (status,) = body["entry"][0]["changes"][0]["value"]["statuses"]
    for code, reason in ((139999, ""), (131000, ""), (131042, "account"), (131056, "recipient"), (131050, "opted_out")):
        status["errors"][0]["code"] = code
        assert (event(body).status.error_code, event(body).status.reason) == (str(code), reason)


# Sending


def sent(**changes: Any) -> Any:
    delivery = TestWhatsApp().delivery(**changes)
    return CHANNEL.compose(CHANNEL.accounts[FIRST], delivery).json


def test_a_send_goes_to_the_number_of_its_account_and_carries_our_id() -> None:
    delivery = TestWhatsApp().delivery()
    call = CHANNEL.compose(CHANNEL.accounts[FIRST], delivery)
    assert call.url == f"https://graph.facebook.com/v26.0/{FIRST}/messages"
    assert call.headers == {"authorization": f"Bearer {SECRETS[2]}"}
    assert call.json == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": PHONE,
        "type": "text",
        "text": {"body": delivery.text, "preview_url": False},
        "biz_opaque_callback_data": delivery.id,
    }


def test_address_and_version_of_the_graph_api_are_settings() -> None:
    simulated = account(graph_api_base_url="http://127.0.0.1:8090", graph_api_version="v27.0")
    call = CHANNEL.compose(simulated, TestWhatsApp().delivery())
    assert call.url == f"http://127.0.0.1:8090/v27.0/{FIRST}/messages"


@pytest.mark.parametrize(
    ("thread", "names", "address"),
    [
        (PHONE, [], {"to": PHONE}),
        (BSUID, [], {"recipient": BSUID}),
        (BSUID, [("bsuid", BSUID), ("phone", PHONE)], {"to": PHONE}),
        (
            BSUID,
            [("username", "mara"), ("bsuid", "GB.2")],
            {"recipient": "GB.2"},
        ),  # the thread's name is no longer hers
        (PHONE, [("phone", "447700900456")], {"to": "447700900456"}),  # likewise
        (PHONE, [("phone", "447700900456"), ("phone", PHONE)], {"to": PHONE}),
        (PHONE, [("username", "mara")], {"to": PHONE}),
    ],
)
def test_a_customer_is_reached_by_a_name_that_is_valid(thread: str, names: list[Any], address: dict[str, str]) -> None:
    recipient = [pb.Alias(kind=kind, value=value) for kind, value in names]
    found = sent(thread_key=thread, recipient=recipient)
    assert {key: found[key] for key in ("to", "recipient") if key in found} == address


def test_a_reply_quotes_nothing() -> None:
    assert "context" not in sent(reply_to_key="message:wamid.A")


def test_typing_marks_the_customers_newest_message_as_read() -> None:
    signal = pb.TypingSignal(account=FIRST, thread_key=PHONE, message_key="message:wamid.HBg=")
    call = CHANNEL.compose_typing(CHANNEL.accounts[FIRST], signal)
    assert call is not None
    assert call.url.endswith(f"/{FIRST}/messages")
    assert call.json == {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": "wamid.HBg=",
        "typing_indicator": {"type": "text"},
    }


@pytest.mark.parametrize("key", ["", "message:", "edit:wamid.A", "message:sha256:" + "0" * 64])
def test_there_is_no_typing_without_a_message_of_the_customers(key: str) -> None:
    signal = pb.TypingSignal(account=FIRST, thread_key=PHONE, message_key=key)
    assert CHANNEL.compose_typing(CHANNEL.accounts[FIRST], signal) is None
