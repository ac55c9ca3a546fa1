"""WhatsApp is a channel like the others, and reads every kind of body that is known."""

import hashlib
import hmac
import json
from typing import Any, ClassVar

import pytest
from pydantic import SecretStr

from tests.webhook_gateway.channels.conformance import BODIES, Conformance
from tests.webhook_gateway.channels.whatsapp import (
    APP_SECRETS,
    BUSINESS,
    CHANNEL,
    FIRST,
    PHONE,
    SECOND,
    SECRETS,
    account,
    signed,
)
from webhook_gateway.channels.channel import Answer, WebhookRequest
from webhook_gateway.channels.whatsapp import WhatsApp
from webhook_gateway.outcomes import Accepted, NotAccepted, Outcome, Rejected, Scope, Unknown


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
        "no more marketing": (failed(131050), 1, Rejected("131050", "recipient")),
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
group_lifecycle_update group_participants_removed group_settings_update call_with_a_session call_status
user_preferences_signup forwarded_audio forwarded_video forwarded_location referral_with_a_video
status_with_contacts_and_bsuid echo_edit_with_contacts
"""


def test_every_kind_has_a_body_and_every_body_a_kind() -> None:
    bodies = {path.stem for path in (BODIES / "whatsapp").glob("*.json") if not path.name.endswith(".events.json")}
    assert bodies == set(KINDS.split())


VECTORS = json.loads((BODIES / "meta_signatures.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_a_signature_is_that_of_the_bytes_as_they_came(vector: dict[str, Any]) -> None:
    channel = WhatsApp([account(app_secret=vector["secret"])])
    request = WebhookRequest({"x-hub-signature-256": vector["header"]}, vector["body"].encode())
    assert bool(channel.proven(request)) is vector["valid"]


def test_the_older_signature_does_not_count() -> None:
    digest = hmac.new(APP_SECRETS[0].encode(), b"{}", hashlib.sha1).hexdigest()
    headers = {"x-hub-signature": f"sha1={digest}", "x-hub-signature-256": f"sha1={digest}"}
    assert not CHANNEL.proven(WebhookRequest(headers, b"{}"))


def test_a_list_of_secrets_without_any_secret_believes_nobody() -> None:
    channel = WhatsApp([account().model_copy(update={"app_secret": SecretStr(" , ")})])
    assert not any(channel.proven(signed(b"{}", secret)) for secret in ("", " ", ",", *APP_SECRETS))


def test_each_account_may_have_a_verify_token_and_a_secret_of_its_own() -> None:
    channel = WhatsApp([account(), account(SECOND, app_secret="other-secret", verify_token="other-word")])
    greeting = {"hub.mode": "subscribe", "hub.challenge": "77"}
    assert [channel.handshake({**greeting, "hub.verify_token": word}) for word in (SECRETS[3], "other-word", "")] == [
        "77",
        "77",
        None,
    ]
    assert channel.proven(signed(b"{}", "other-secret"))


def test_an_account_without_a_verify_token_greets_nobody() -> None:
    channel = WhatsApp([account().model_copy(update={"verify_token": SecretStr("")})])
    assert channel.handshake({"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": ""}) is None
    assert channel.handshake({"hub.mode": "subscribe", "hub.challenge": "1"}) is None
