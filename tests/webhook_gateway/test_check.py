"""`check` says what is right and what to mend, each in a sentence of its own, and never shows a secret."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.ports import free_port
from tests.repository.tree import ROOT
from tests.webhook_gateway.checks_stage import Stage
from tests.webhook_gateway.parrot import Parrot
from webhook_gateway import commands
from webhook_gateway.channels import CHANNELS

Check = Callable[..., tuple[int, str]]

NUMBER, BUSINESS, APP = "100200300400501", "100200300400601", "100200300400801"


@pytest.fixture
def whatsapp(stage: Stage) -> dict[str, str]:
    account = stage.simulator.account("whatsapp")
    return {
        "WHATSAPP_PHONE_NUMBER_ID": account.id,
        "WHATSAPP_BUSINESS_ACCOUNT_ID": account.business_id,
        "WHATSAPP_ACCESS_TOKEN": account.token,
        "WHATSAPP_APP_SECRET": account.secret,
        "WHATSAPP_VERIFY_TOKEN": account.verify_token,
        "GRAPH_API_BASE_URL": stage.simulator.url,
    }


@pytest.fixture
def check(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Check:
    def run(variables: dict[str, str], *words: str, **more: Any) -> tuple[int, str]:
        return stage.run(variables, monkeypatch, *(words or ("whatsapp",)), **more)

    return run


def refusal(code: int, subcode: int = 0) -> tuple[int, dict[str, Any]]:
    """Meta's, whose words may quote what must not be shown."""
    error = {"message": "about the token", "code": code, **({"error_subcode": subcode} if subcode else {})}
    return 400, {"error": error}


def test_all_is_well_with_the_simulators_own_settings(check: Check, whatsapp: dict[str, str]) -> None:
    status, said = check(whatsapp)
    assert (status, "MEND" in said) == (0, False), said
    for sentence in (
        "WHATSAPP_ACCESS_TOKEN opens the number: The example shop, +12025550100.",
        "The number is registered.",
        "WHATSAPP_ACCESS_TOKEN does not expire.",
        "WHATSAPP_ACCESS_TOKEN has the permissions that it needs.",
        f"WHATSAPP_APP_SECRET is the secret of the app Spur ({APP}).",
        "The app's webhook is http://127.0.0.1",
        "The app is subscribed to the fields that are needed: messages.",
        "The WhatsApp account delivers to the app.",
        "PUBLIC_BASE_URL leads to this machine: good for the simulator",
        "PUBLIC_BASE_URL: 127.0.0.1 answers.",
        "The handshake succeeds with WHATSAPP_VERIFY_TOKEN.",
        "A webhook that is proven with WHATSAPP_APP_SECRET is accepted",
        "A webhook with a wrong proof is refused.",
        "All is well.",
    ):
        assert sentence in said, said


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (refusal(190), "WHATSAPP_ACCESS_TOKEN expired, was revoked or is mistyped (error 190): make a new token"),
        (refusal(190, 463), "WHATSAPP_ACCESS_TOKEN has expired (error 190/463): make a new token of a system user"),
        (refusal(100, 33), "WHATSAPP_PHONE_NUMBER_ID: there is no such number, or the token may not see it"),
        (
            refusal(10),
            "WHATSAPP_ACCESS_TOKEN may not do this (error 10): make a new one with whatsapp_business_messagin",
        ),
        (refusal(200), "WHATSAPP_ACCESS_TOKEN may not do this (error 200)"),
        (refusal(4), "Meta limits the calls of this app at present (error 4)"),
        (refusal(131031), "WhatsApp answered error 131031: see docs/channels/whatsapp.md."),
        ((502, "<html>"), "WhatsApp answered HTTP 502, which says nothing: try again later."),
        ((200, ["?"]), "WhatsApp answered HTTP 200, which says nothing"),
    ],
)
def test_what_the_platform_refuses_is_explained(
    stage: Stage, check: Check, whatsapp: dict[str, str], answer: tuple[int, Any], sentence: str
) -> None:
    stage.answers[f"/v26.0/{NUMBER}"] = answer
    status, said = check(whatsapp)
    assert (status, f"MEND  {sentence}" in said) == (1, True), said


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"status": "PENDING"}, "MEND  The number is PENDING, not CONNECTED: register it"),
        ({"code_verification_status": "NOT_VERIFIED"}, "MEND  The number is not verified"),
        ({"quality_rating": "RED"}, "note  The number's quality rating is RED"),
        ({"verified_name": "shop\x1b[2J\u202e"}, "opens the number: shop?[2J?, +12025550100."),
    ],
)
def test_the_numbers_state_is_told(
    stage: Stage, check: Check, whatsapp: dict[str, str], changed: dict[str, Any], sentence: str
) -> None:
    stage.changes[f"/v26.0/{NUMBER}"] = changed
    assert sentence in check(whatsapp)[1]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"expires_at": int(time.time()) + 3600}, "MEND  WHATSAPP_ACCESS_TOKEN expires on "),
        ({"expires_at": int(time.time()) + 40 * 86_400}, "note  WHATSAPP_ACCESS_TOKEN expires on "),
        ({"data_access_expires_at": int(time.time()) + 3600}, "MEND  WHATSAPP_ACCESS_TOKEN expires on "),
        ({"scopes": ["whatsapp_business_management"]}, "MEND  WHATSAPP_ACCESS_TOKEN lacks whatsapp_business_messaging"),
        ({"is_valid": False}, "MEND  WHATSAPP_ACCESS_TOKEN is not valid: make a new token"),
        ({"app_id": "77"}, "MEND  WHATSAPP_APP_SECRET is not the secret of the app Spur (77): copy it"),
        ({"app_id": None}, "note  Meta does not say which app the token belongs to"),
    ],
)
def test_the_token_and_its_app_are_told(
    stage: Stage, check: Check, whatsapp: dict[str, str], changed: dict[str, Any], sentence: str
) -> None:
    stage.changes["/v26.0/debug_token"] = changed
    assert sentence in check(whatsapp)[1]


def test_a_token_that_cannot_be_looked_into_is_no_fault(stage: Stage, check: Check, whatsapp: dict[str, str]) -> None:
    stage.answers["/v26.0/debug_token"] = refusal(100)
    status, said = check(whatsapp)
    assert (status, "note  Meta does not say how long the token lives" in said) == (0, True), said


@pytest.mark.parametrize(
    ("subscriptions", "sentence"),
    [
        ([], "MEND  The app has no active webhook: set it at App dashboard → WhatsApp → Configuration: callback URL"),
        ([{"active": False}], "MEND  The app has no active webhook"),
        ([{"callback_url": "https://old.example/hook"}], "MEND  The app's webhook leads to https://old.example/hook"),
        ([{"fields": [{"name": "calls"}]}], "MEND  The app is not subscribed to messages: subscribe at App dashboard"),
        ([{"fields": ["messages"]}], "note  The app is not subscribed to smb_message_echoes, user_id_update"),
        (["?", None], "MEND  The app has no active webhook"),
    ],
)
def test_the_apps_webhook_is_told(
    stage: Stage, check: Check, whatsapp: dict[str, str], subscriptions: list[Any], sentence: str
) -> None:
    usual = {
        "object": "whatsapp_business_account",
        "callback_url": f"{stage.gateway.url}/webhooks/whatsapp",
        "active": True,
        "fields": [{"name": "messages"}],
    }
    rows = [{**usual, **row} if isinstance(row, dict) else row for row in subscriptions]
    stage.answers[f"/v26.0/{APP}/subscriptions"] = (200, {"data": rows})
    assert sentence in check(whatsapp)[1]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ((200, {"data": []}), "MEND  The WhatsApp account delivers to no app"),
        (
            (200, {"data": [{"override_callback_uri": "https://other/"}]}),
            "MEND  The WhatsApp account delivers to https",
        ),
        (refusal(100, 33), "MEND  WHATSAPP_BUSINESS_ACCOUNT_ID: there is no such WhatsApp account"),
    ],
)
def test_the_business_accounts_subscription_is_told(
    stage: Stage, check: Check, whatsapp: dict[str, str], answer: tuple[int, Any], sentence: str
) -> None:
    stage.answers[f"/v26.0/{BUSINESS}/subscribed_apps"] = answer
    assert sentence in check(whatsapp)[1]


def test_without_the_business_account_it_says_so(check: Check, whatsapp: dict[str, str]) -> None:
    status, said = check({**whatsapp, "WHATSAPP_BUSINESS_ACCOUNT_ID": ""})
    assert (status, "note  WHATSAPP_BUSINESS_ACCOUNT_ID is not set" in said) == (0, True), said


@pytest.mark.parametrize(
    ("pasted", "sentence"),
    [
        ("100200300400999", "MEND  WHATSAPP_APP_SECRET holds digits only, as an id does"),
        ("EAAJZCxqqq0123456789", "MEND  WHATSAPP_APP_SECRET holds an access token"),
        ("8f1d0c0e6a7b4e1f9d2c3b4a5f6e7d8c", "MEND  WHATSAPP_APP_SECRET is not the secret of the app Spur"),
    ],
)
def test_a_wrong_secret_is_recognised(check: Check, whatsapp: dict[str, str], pasted: str, sentence: str) -> None:
    status, said = check({**whatsapp, "WHATSAPP_APP_SECRET": pasted})
    assert (status, sentence in said) == (1, True), said


def test_two_secrets_are_tried_one_by_one(check: Check, whatsapp: dict[str, str]) -> None:
    both = {**whatsapp, "WHATSAPP_APP_SECRET": f"{whatsapp['WHATSAPP_APP_SECRET']},the-secret-of-tomorrow"}
    status, said = check(both, running=whatsapp)
    assert status == 1
    assert "WHATSAPP_APP_SECRET holds 2 secrets, of which 1 is the app's" in said
    assert "proven with WHATSAPP_APP_SECRET (1 of 2) is accepted" in said
    assert "proven with WHATSAPP_APP_SECRET (2 of 2) is refused: the gateway that runs has another one" in said


def test_a_short_verify_token_is_noted(check: Check, whatsapp: dict[str, str]) -> None:
    assert "note  WHATSAPP_VERIFY_TOKEN is short" in check({**whatsapp, "WHATSAPP_VERIFY_TOKEN": "quokka"})[1]


def test_a_gateway_with_other_settings_is_recognised(check: Check, whatsapp: dict[str, str]) -> None:
    said = check(whatsapp, running={**whatsapp, "WHATSAPP_VERIFY_TOKEN": "an-older-word"})[1]
    assert "MEND  The handshake is refused: the gateway that runs has another WHATSAPP_VERIFY_TOKEN" in said


@pytest.mark.parametrize(
    ("statuses", "sentence"),
    [
        ({"/healthz": 301}, "MEND  PUBLIC_BASE_URL: it redirects (301), which platforms do not follow"),
        ({"/healthz": 401}, "MEND  PUBLIC_BASE_URL: it asks for a password (401)"),
        ({"/healthz": 404}, "note  PUBLIC_BASE_URL: /healthz is answered with 404; fine where"),
        ({"/healthz": 502}, "MEND  PUBLIC_BASE_URL: the proxy does not reach the gateway (502)"),
        ({"/healthz": 418}, "MEND  PUBLIC_BASE_URL: HTTP 418 in place of 200"),
        ({"/readyz": 503}, "MEND  The gateway runs, but its conversation service does not serve"),
        ({"/webhooks/whatsapp": 404}, "MEND  The handshake fails: it is not found (404)"),
        ({"GET /webhooks/whatsapp": 200}, "MEND  The handshake is answered by something else than the gateway"),
        ({"GET /webhooks/whatsapp": 200}, "MEND  The handshake succeeds with any word"),
        ({"POST /webhooks/whatsapp": 503}, "MEND  A webhook is not accepted: nobody serves (503)"),
        ({"POST /webhooks/whatsapp": 200}, "MEND  A webhook with a wrong proof is accepted, so it is not the gateway"),
    ],
)
def test_what_stands_between_platform_and_gateway_is_told(
    stage: Stage, check: Check, whatsapp: dict[str, str], statuses: dict[str, int], sentence: str
) -> None:
    stage.gateway.statuses.update(statuses)
    assert sentence in check(whatsapp)[1]


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "MEND  PUBLIC_BASE_URL is not set: say where the platform reaches this gateway"),
        ("http://shop.invalid", "MEND  PUBLIC_BASE_URL has to begin with https://"),
        ("https://shop.invalid", "MEND  PUBLIC_BASE_URL (shop.invalid) cannot be reached: no such host"),
    ],
)
def test_a_public_address_that_cannot_work_is_told(
    stage: Stage, check: Check, whatsapp: dict[str, str], url: str, sentence: str
) -> None:
    stage.public_url = url
    status, said = check(whatsapp)
    assert (status, sentence in said) == (1, True), said


def test_a_real_platform_cannot_deliver_to_this_machine(check: Check, whatsapp: dict[str, str]) -> None:
    said = check({**whatsapp, "GRAPH_API_BASE_URL": "https://graph.invalid"})[1]
    assert "MEND  PUBLIC_BASE_URL leads to this machine, where WhatsApp cannot deliver" in said
    assert "MEND  WhatsApp (graph.invalid) cannot be reached: no such host, or nobody listens" in said


def test_a_platform_that_breaks_off_is_told(stage: Stage, check: Check, whatsapp: dict[str, str]) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    assert "MEND  WhatsApp (127.0.0.1) cannot be reached" in check({**whatsapp, "GRAPH_API_BASE_URL": nobody})[1]


@pytest.mark.parametrize(
    ("pasted", "sentence"),
    [
        ("EAAbcd…and-so-on", "MEND  WHATSAPP_ACCESS_TOKEN holds a letter beyond ASCII"),
        ("EAAbcd\nand-so-on", "or a setting holds a character that HTTP cannot carry"),
    ],
)
def test_a_token_that_http_cannot_carry_is_told(
    check: Check, whatsapp: dict[str, str], pasted: str, sentence: str, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text(pasted)
    variables = {**whatsapp, "WHATSAPP_ACCESS_TOKEN": "", "WHATSAPP_ACCESS_TOKEN_FILE": str(file)}
    status, said = check(variables, running=whatsapp)
    assert (status, sentence in said, "bcd" in said) == (1, True, False), said


def test_each_account_is_tried_and_named_by_the_variables_it_has(check: Check, whatsapp: dict[str, str]) -> None:
    both = {**whatsapp, "WHATSAPP_2_PHONE_NUMBER_ID": "77", "WHATSAPP_2_VERIFY_TOKEN": "the-second-word"}
    status, said = check(both)
    assert status == 1
    assert "WhatsApp, account 77" in said
    assert "MEND  WHATSAPP_2_PHONE_NUMBER_ID: there is no such number" in said
    assert "The handshake succeeds with WHATSAPP_VERIFY_TOKEN." in said
    assert "The handshake succeeds with WHATSAPP_2_VERIFY_TOKEN." in said
    assert "WHATSAPP_2_ACCESS_TOKEN" not in said  # it is the first account's
    assert check(both, "whatsapp", "--account", NUMBER)[0] == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["whatsapp", "--account", "78"], "whatsapp has no account '78'; there is 100200300400501."),
        (["whatsapp", "--register"], "whatsapp cannot be registered from here: do it as docs/channels/whatsapp.md"),
    ],
)
def test_what_there_is_not_is_named(check: Check, whatsapp: dict[str, str], words: list[str], sentence: str) -> None:
    with pytest.raises(commands.CommandError, match=sentence):
        check(whatsapp, *words)


@pytest.mark.parametrize("name", sorted(CHANNELS))
def test_a_channel_that_is_off_says_what_to_set(check: Check, name: str) -> None:
    with pytest.raises(commands.CommandError, match=rf"^{name} is off: set {name.upper()}_.*docs/channels/{name}\.md"):
        check({}, name)


@pytest.mark.parametrize(
    "words", [["check"], ["check", "fax"], ["check", "whatsapp", "--account"], ["parked"], ["fax"]]
)
def test_what_is_mistyped_ends_with_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        commands.parse(CHANNELS, words)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_the_command_itself_ends_with_what_it_found(whatsapp: dict[str, str]) -> None:
    environment = {**os.environ, **whatsapp, "WHATSAPP_ACCESS_TOKEN": "tok-of-another-shop"}
    ended = subprocess.run(
        [sys.executable, "-m", "webhook_gateway", "check", "whatsapp"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (1, "")
    assert "WHATSAPP_ACCESS_TOKEN expired, was revoked or is mistyped (error 190)" in ended.stdout
    assert "tok-of-another-shop" not in ended.stdout


@pytest.mark.parametrize(
    ("statuses", "sentence"),
    [
        ({}, "ok    A webhook with a wrong proof is refused."),
        ({"/webhooks/parrot": 504}, "MEND  A webhook does not reach the gateway: the proxy does not reach the gateway"),
    ],
)
def test_a_channel_without_checks_of_its_own_is_tried_over_its_address(
    stage: Stage, check: Check, monkeypatch: pytest.MonkeyPatch, statuses: dict[str, int], sentence: str
) -> None:
    monkeypatch.setitem(CHANNELS, "parrot", Parrot)
    stage.gateway.statuses.update(statuses)
    variables = {"PARROT_CAGE_ID": "polly", "PARROT_SEED_SECRET": "seeds-for-parrots"}
    status, said = check(variables, "parrot")
    assert (status, sentence in said) == (1 if statuses else 0, True), said
