"""Telegram, beside what holds for every channel: whose an update is."""

import json
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from tests.webhook_gateway.channels.conformance import BODIES, Conformance
from tests.webhook_gateway.channels.telegram import (
    CHANNEL,
    CHAT,
    FIRST,
    PROOF,
    SECOND,
    SECRETS,
    account,
    body_of,
    event,
    request,
)
from webhook_gateway import accounts
from webhook_gateway.channels import CHANNELS
from webhook_gateway.channels.channel import Answer, WebhookRequest
from webhook_gateway.outcomes import Accepted, NotAccepted, Outcome, Rejected, Scope, Unknown

ACCOUNT = Scope.SCOPE_ACCOUNT


def taken(message_id: object) -> Answer:
    result = {"message_id": message_id, "chat": {"id": int(CHAT), "type": "private"}, "date": 1790000600, "text": "Ja"}
    return Answer(200, {"ok": True, "result": result}, {})


def refused(status: int, description: str = "", **parameters: object) -> Answer:
    body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    return Answer(status, body | ({"parameters": parameters} if parameters else {}), {})


class TestTelegram(Conformance):
    channel = CHANNEL
    secrets = SECRETS
    accepted_secrets = SECRETS[:2]
    variables: ClassVar = {
        "TELEGRAM_BOT_TOKEN": SECRETS[2],
        "TELEGRAM_SECRET_TOKEN": f" {SECRETS[0]} , {SECRETS[1]} ",
        "TELEGRAM_2_BOT_TOKEN": SECRETS[4],
        "TELEGRAM_2_SECRET_TOKEN": SECRETS[3],
    }
    proof = PROOF
    batches = False
    answers: ClassVar[dict[str, tuple[Answer, int, Outcome]]] = {
        "taken": (taken(812), 1, Accepted("447700900123:812")),
        "taken, without an id": (Answer(200, {"ok": True, "result": True}, {}), 1, Unknown("no_id")),
        "taken, with a nonsensical id": (taken(-1), 1, Unknown("no_id")),
        "taken, without JSON": (Answer(200, None, {}), 1, Unknown("no_id")),
        "refused with 200": (Answer(200, {"ok": False, "error_code": 400}, {}), 1, Unknown("no_id")),
        "too fast": (refused(429, "Too Many Requests: retry", retry_after=7), 1, NotAccepted("429", 7, ACCOUNT)),
        "too fast, by the header": (Answer(429, None, {"retry-after": "9"}), 1, NotAccepted("429", 9, ACCOUNT)),
        "too fast, how long?": (refused(429, retry_after="soon"), 1, NotAccepted("429", 0, ACCOUNT)),
        "too fast, for ever": (refused(429, retry_after=10**30), 1, NotAccepted("429", 3600, ACCOUNT)),
        "too fast, before now": (refused(429, retry_after=-5), 1, NotAccepted("429", 0, ACCOUNT)),
        "token revoked": (refused(401, "Unauthorized"), 1, NotAccepted("401", 300, ACCOUNT)),
        "token wrong": (refused(404, "Not Found"), 1, NotAccepted("404", 300, ACCOUNT)),
        "used elsewhere": (
            refused(409, "Conflict: terminated by other getUpdates request"), 1, NotAccepted("409", 300, ACCOUNT)
        ),
        "blocked": (refused(403, "Forbidden: bot was blocked by the user"), 1, Rejected("403", "opted_out")),
        "deactivated": (refused(403, "Forbidden: user is deactivated"), 1, Rejected("403", "recipient")),
        "never started": (
            refused(403, "Forbidden: bot can't initiate conversation with a user"), 1, Rejected("403", "recipient")
        ),
        "kicked": (refused(403, "Forbidden: bot was kicked from the group chat"), 1, Rejected("403", "recipient")),
        "forbidden for a new reason": (refused(403, "Forbidden: the moon is full"), 1, Rejected("403", "recipient")),
        "forbidden without a word": (Answer(403, None, {}), 1, Rejected("403", "recipient")),
        "no such chat": (refused(400, "Bad Request: chat not found"), 1, Rejected("400", "recipient")),
        "no such person": (refused(400, "Bad Request: PEER_ID_INVALID"), 1, Rejected("400", "recipient")),
        "moved": (
            refused(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-1001),
            1,
            Rejected("400", "recipient"),
        ),
        "too long": (refused(400, "Bad Request: message is too long"), 1, Rejected("400", "content")),
        "empty": (refused(400, "Bad Request: message text is empty"), 1, Rejected("400", "content")),
        "markup": (refused(400, "Bad Request: can't parse entities: byte 4"), 1, Rejected("400", "content")),
        "new": (refused(400, "Bad Request: BOT_SLEEPS"), 1, NotAccepted("400")),
        "no word": (Answer(400, {"description": ["chat not found"]}, {}), 1, NotAccepted("400")),
        "too large": (refused(413, "Request Entity Too Large: chat not found"), 1, NotAccepted("413")),
        "elsewhere": (Answer(302, None, {}), 1, NotAccepted("302")),
        "server error": (refused(500, "Internal Server Error"), 1, Unknown("500")),
        "server error with other words": (refused(502, "Bad Gateway: chat not found"), 1, Unknown("502")),
        "gateway error": (Answer(504, None, {}), 1, Unknown("504")),
    }  # fmt: skip

    def signed(self, body: bytes, secret: str) -> WebhookRequest:
        return WebhookRequest({PROOF: secret}, body)


def test_every_kind_has_a_body_and_every_body_a_kind() -> None:
    said = {
        kind for path in (BODIES / "telegram").glob("*.events.json") for kind in kinds(json.loads(path.read_text()))
    }
    assert said == {"message", "edit", "reaction", "preference", "unsupported"}


def kinds(events: list[dict[str, Any]]) -> set[str]:
    around = {"account", "event_key", "thread_key", "sender", "platform_time"}
    return {key for found in events for key in found if key not in around}


def test_the_secret_says_which_bot_an_update_is_for() -> None:
    update = body_of("text")
    assert event(update, SECRETS[1]).account == FIRST
    assert event(update, SECRETS[3]).account == SECOND
    assert not list(CHANNEL.entries(request(update, "another")))


def test_the_same_update_id_of_two_bots_is_two_events() -> None:
    update = body_of("blocked")
    first, second = event(update, SECRETS[0]), event(update, SECRETS[3])
    assert first.event_key == second.event_key
    assert first.account != second.account


@pytest.mark.parametrize(
    "secret", ["", " ", "wrong", "kettle", "kettle_bot_of_yesterday,kettle-bot-of-today", "x" * 300]
)
def test_an_update_with_another_secret_or_none_is_refused(secret: str) -> None:
    body = json.dumps(body_of("text")).encode()
    assert not CHANNEL.proven(WebhookRequest({PROOF: secret}, body))
    assert not CHANNEL.proven(WebhookRequest({}, body))


def test_a_bots_secret_speaks_for_that_bot_only() -> None:
    assert CHANNEL.proven(request(body_of("text"), SECRETS[1])) == [FIRST]
    assert CHANNEL.proven(request(body_of("text"), SECRETS[3])) == [SECOND]
    assert not CHANNEL.proven(request(body_of("text"), "another"))


def configure(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Any:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return accounts.configured(CHANNELS, "https://shop.example").get("telegram")


def test_all_bots_are_reached_at_one_address(monkeypatch: pytest.MonkeyPatch) -> None:
    found = configure(monkeypatch, **TestTelegram.variables, TELEGRAM_API_BASE_URL="http://127.0.0.1:1234")
    assert list(found.accounts) == [FIRST, SECOND]
    assert {bot.api_base_url for bot in found.accounts.values()} == {"http://127.0.0.1:1234"}


def test_where_the_api_is_makes_no_bot(monkeypatch: pytest.MonkeyPatch) -> None:
    assert configure(monkeypatch, TELEGRAM_API_BASE_URL="http://127.0.0.1:1234") is None


@pytest.mark.parametrize("second", [SECRETS[0], f"{SECRETS[3]},{SECRETS[0]}"])
def test_two_bots_with_one_secret_are_refused_at_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], second: str
) -> None:
    with pytest.raises(SystemExit):
        configure(monkeypatch, **{**TestTelegram.variables, "TELEGRAM_2_SECRET_TOKEN": second})
    said = capsys.readouterr().err
    assert "TELEGRAM_SECRET_TOKEN" in said
    assert "give each its own" in said
    assert not [secret for secret in SECRETS if secret in said]


@pytest.mark.parametrize(
    "token", ["", "kettle", "7421180655", ":kettle", "x:kettle", "7421180655:ket tle", "7:a/b", "٣:a"]
)
def test_what_is_no_token_is_refused_without_being_quoted(token: str) -> None:
    with pytest.raises(ValidationError, match="BotFather") as refusal:
        account(token)
    assert len(token) < 2 or token not in str(refusal.value)


@pytest.mark.parametrize("secret", ["", " , ", "grüße", "ket tle", "x" * 257])
def test_what_telegram_takes_for_no_secret_is_refused(secret: str) -> None:
    with pytest.raises(ValidationError, match="letters, digits"):
        account(secret=secret)
