"""`check` of Twilio's senders: account and keys, where the sender delivers, and that Twilio tries again."""

from typing import Any

import pytest

from tests.webhook_gateway.checks_stage import Stage

SERVICE = f"MG{'a' * 32}"


def settings(stage: Stage, **more: str) -> dict[str, str]:
    account = stage.simulator.account("twilio")
    return {
        "TWILIO_SENDER": account.id,
        "TWILIO_ACCOUNT_SID": account.business_id,
        "TWILIO_AUTH_TOKEN": account.token,
        "TWILIO_API_BASE_URL": stage.simulator.url,
        **more,
    }


def run(stage: Stage, monkeypatch: pytest.MonkeyPatch, **more: str) -> tuple[int, str]:
    return stage.run(settings(stage, **more), monkeypatch, "twilio")


def path(stage: Stage, name: str) -> str:
    return f"/2010-04-01/Accounts/{stage.simulator.account('twilio').business_id}{name}"


def test_all_is_well_with_the_simulators_own_settings(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    status, said = run(stage, monkeypatch)
    assert (status, "MEND" in said) == (0, False), said
    for sentence in (
        "TWILIO_AUTH_TOKEN opens the account The example shop.",
        f"It delivers to {stage.gateway.url}/webhooks/twilio, and tries again.",
        "A webhook that is proven with TWILIO_AUTH_TOKEN is accepted through PUBLIC_BASE_URL.",
        "A webhook with a wrong proof is refused.",
    ):
        assert sentence in said, said


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"status": "suspended"}, "MEND  The account is suspended: settle it with Twilio."),
        ({"type": "Trial"}, "note  It is a trial account"),
    ],
)
def test_the_accounts_state_is_told(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any], sentence: str
) -> None:
    stage.changes[path(stage, ".json")] = changed
    assert sentence in run(stage, monkeypatch)[1]


def test_a_wrong_token_is_told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    variables = settings(stage, TWILIO_AUTH_TOKEN="the-token-of-another-account")
    status, said = stage.run(variables, monkeypatch, "twilio", running=settings(stage))
    assert status == 1
    assert "MEND  TWILIO_AUTH_TOKEN is not the token of TWILIO_ACCOUNT_SID: copy both" in said
    assert "MEND  A webhook that is proven with TWILIO_AUTH_TOKEN is refused" in said


def test_of_two_tokens_the_old_one_is_told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    token = stage.simulator.account("twilio").token
    said = run(stage, monkeypatch, TWILIO_AUTH_TOKEN=f"{token},the-token-of-yesterday")[1]
    assert "note  TWILIO_AUTH_TOKEN holds 2 tokens, of which 1 is valid" in said


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (200, "ok    TWILIO_API_KEY opens the account's messages."),
        (401, "MEND  TWILIO_API_KEY and TWILIO_API_SECRET are refused: make a new key"),
        (500, "MEND  Twilio answered HTTP 500, which says nothing"),
    ],
)
def test_the_key_that_sends_is_tried(stage: Stage, monkeypatch: pytest.MonkeyPatch, status: int, sentence: str) -> None:
    stage.answers[path(stage, "/Messages.json")] = (status, {"messages": []})
    key = {"TWILIO_API_KEY": f"SK{'b' * 32}", "TWILIO_API_SECRET": "the-keys-own-secret"}
    assert sentence in run(stage, monkeypatch, **key)[1]


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        ({"sms_url": "https://demo.twilio.com/reply"}, "MEND  It delivers to https://demo.twilio.com/reply: set Phone"),
        ({"sms_url": ""}, "MEND  It delivers to nothing: set Phone Numbers → Active numbers → Messaging → A message"),
        ({"sms_url": "{ours}"}, "MEND  What we cannot take at once is lost, because Twilio does not repeat it: set "),
        ({"sms_url": "{ours}#rc=3"}, "MEND  What we cannot take at once is lost"),
        ({"sms_url": "{ours}#rp=all"}, "MEND  What we cannot take at once is lost"),
        ({"sms_url": "{ours}#rc=0&rp=all"}, "MEND  What we cannot take at once is lost"),
        ({"sms_url": "{ours}#rp=all&rc=5&ct=2000"}, "ok    It delivers to {ours}, and tries again."),
        ({"sms_method": "GET"}, "MEND  It delivers by GET: set Phone Numbers"),
        ({"capabilities": {"sms": False}}, "MEND  The number cannot do SMS"),
        ({"sms_application_sid": "AP1"}, "note  A TwiML app handles the number's messages"),
        ({}, "note  There is no fallback address, which is the last try: it may be {ours}#rc=3&rp=all too."),
        ({"sms_fallback_url": "https://other.example/"}, "note  The fallback is https://other.example/: what goes"),
        (None, "MEND  TWILIO_SENDER is no number of this account"),
    ],
)
def test_where_the_number_delivers_is_told(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, number: dict[str, Any] | None, sentence: str
) -> None:
    ours = f"{stage.gateway.url}/webhooks/twilio"
    usual = {"sms_url": "{ours}#rc=3&rp=all", "sms_method": "POST", "capabilities": {"sms": True}}
    row = {**usual, **number} if number is not None else None
    if row:
        row["sms_url"] = row["sms_url"].replace("{ours}", ours)
    stage.answers[path(stage, "/IncomingPhoneNumbers.json")] = (200, {"incoming_phone_numbers": [row] if row else []})
    assert sentence.replace("{ours}", ours) in run(stage, monkeypatch)[1]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ((404, {"code": 20404}), "MEND  TWILIO_SENDER is no messaging service of this account."),
        ((200, {"use_inbound_webhook_on_number": True}), "note  The service leaves its webhook to its numbers"),
        ((200, {"inbound_request_url": None}), "MEND  It delivers to nothing: set Messaging → Services → Integration"),
    ],
)
def test_where_a_messaging_service_delivers_is_told(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, answer: tuple[int, Any], sentence: str
) -> None:
    stage.answers[f"/v1/Services/{SERVICE}"] = answer
    assert sentence in run(stage, monkeypatch, TWILIO_SENDER=SERVICE)[1]


def test_of_a_whatsapp_sender_it_says_where_to_look(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    status, said = run(stage, monkeypatch, TWILIO_SENDER="whatsapp:+12025550123")
    assert (status, "note  See yourself that Messaging → Senders → WhatsApp senders says http" in said) == (0, True), (
        said
    )


def test_an_address_that_is_not_the_signed_one_is_told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.public_url = stage.gateway.url.replace("127.0.0.1", "localhost")
    said = stage.run(settings(stage), monkeypatch, "twilio", running_url=stage.gateway.url)[1]
    assert "refused: the gateway that runs has another one, or another PUBLIC_BASE_URL" in said
