"""`check` of Telegram's bots: the token, the webhook, and what Telegram says about its deliveries."""

import time
from typing import Any

import pytest

from tests.webhook_gateway.checks_stage import Stage


def settings(stage: Stage, **more: str) -> dict[str, str]:
    account = stage.simulator.account("telegram")
    return {
        "TELEGRAM_BOT_TOKEN": account.token,
        "TELEGRAM_SECRET_TOKEN": account.secret,
        "TELEGRAM_API_BASE_URL": stage.simulator.url,
        **more,
    }


def run(stage: Stage, monkeypatch: pytest.MonkeyPatch, *words: str, **more: str) -> tuple[int, str]:
    return stage.run(settings(stage, **more), monkeypatch, "telegram", *words)


def path(stage: Stage, method: str) -> str:
    return f"/bot{stage.simulator.account('telegram').token}/{method}"


def test_all_is_well_with_the_simulators_own_settings(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    status, said = run(stage, monkeypatch)
    assert (status, "MEND" in said) == (0, False), said
    for sentence in (
        "TELEGRAM_BOT_TOKEN opens the bot @shop_bot.",
        f"The bot's webhook is {stage.gateway.url}/webhooks/telegram.",
        "Telegram delivers all updates that are read.",
        "A webhook that is proven with TELEGRAM_SECRET_TOKEN is accepted through PUBLIC_BASE_URL.",
        "A webhook with a wrong proof is refused.",
    ):
        assert sentence in said, said


def test_what_is_left_behind_is_one_update_of_no_customer(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    run(stage, monkeypatch)
    run(stage, monkeypatch)
    events = stage.gateway.recorded
    assert {(event.thread_key, event.WhichOneof("content")) for event in events} == {("", "unsupported")}
    assert len({event.event_key for event in events}) == 1


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"url": ""}, "MEND  The bot has no webhook: register it: python -m webhook_gateway check telegram --register"),
        ({"url": "https://old.example/"}, "MEND  The bot's webhook is https://old.example/, not http://127.0.0.1"),
        (
            {"allowed_updates": ["message"]},
            "MEND  Telegram does not deliver edited_message, callback_query, message_re",
        ),
        ({"allowed_updates": []}, "MEND  Telegram does not deliver message_reaction: register it"),
        ({"pending_update_count": 3}, "note  3 updates wait to be delivered"),
        (
            {"last_error_date": int(time.time()) - 60, "last_error_message": "Wrong response: 403\x1b[2J"},
            "UTC: Wrong response: 403?[2J. Mend what is found below; with 403, register it",
        ),
        ({"last_error_date": int(time.time()) - 90_000, "last_error_message": "timeout"}, "timeout. Nothing failed si"),
    ],
)
def test_the_webhooks_state_is_told(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any], sentence: str
) -> None:
    stage.changes[path(stage, "getWebhookInfo")] = changed
    assert sentence in run(stage, monkeypatch)[1]


def test_a_wrong_token_is_told_and_not_shown(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    status, said = run(stage, monkeypatch, TELEGRAM_BOT_TOKEN="77:not-the-token")
    assert status == 1
    assert "MEND  TELEGRAM_BOT_TOKEN was revoked or is mistyped: copy it from @BotFather" in said


def test_what_telegram_says_is_shown_without_the_token(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    token = stage.simulator.account("telegram").token
    stage.answers[path(stage, "getMe")] = (429, {"ok": False, "description": f"/bot{token}: retry after 5"})
    assert "MEND  getMe failed with HTTP 429: /bot***: retry after 5" in run(stage, monkeypatch)[1]


def test_another_secret_is_told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    variables = settings(stage, TELEGRAM_SECRET_TOKEN="the-new-one-for-telegram")
    said = stage.run(variables, monkeypatch, "telegram", running=settings(stage))[1]
    assert "MEND  A webhook that is proven with TELEGRAM_SECRET_TOKEN is refused: the gateway that runs has" in said


def test_the_webhook_can_be_registered_from_here(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    account = stage.simulator.account("telegram")
    stage.simulator.inside.platforms["telegram"].webhooks[account.id] = ("", "")  # type: ignore[attr-defined]
    try:
        assert "MEND  The bot has no webhook" in run(stage, monkeypatch)[1]
        status, said = run(stage, monkeypatch, "--register")
        assert (status, f"The webhook {stage.gateway.url}/webhooks/telegram is registered." in said) == (0, True), said
        registered = stage.simulator.inside.platforms["telegram"].webhooks[account.id]  # type: ignore[attr-defined]
        assert registered == (f"{stage.gateway.url}/webhooks/telegram", account.secret)
    finally:
        del stage.simulator.inside.platforms["telegram"].webhooks[account.id]  # type: ignore[attr-defined]


def test_without_a_public_address_nothing_is_registered(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.public_url = ""
    assert (
        "MEND  PUBLIC_BASE_URL is not set, so there is nothing to register." in run(stage, monkeypatch, "--register")[1]
    )
