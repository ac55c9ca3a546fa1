"""`check` of Messenger's pages and Instagram's accounts: whom the token speaks for, the app, and what is delivered."""

from typing import Any

import pytest

from tests.webhook_gateway.checks_stage import Stage

CHANNELS = {"messenger": ("MESSENGER_PAGE_ID", "page"), "instagram": ("INSTAGRAM_ACCOUNT_ID", "Instagram account")}
APP = "100200300400801"


def settings(stage: Stage, channel: str, **more: str) -> dict[str, str]:
    account, prefix = stage.simulator.account(channel), channel.upper()
    address = "INSTAGRAM_API_BASE_URL" if channel == "instagram" else "GRAPH_API_BASE_URL"
    return {
        CHANNELS[channel][0]: account.id,
        f"{prefix}_ACCESS_TOKEN": account.token,
        f"{prefix}_APP_SECRET": account.secret,
        f"{prefix}_VERIFY_TOKEN": account.verify_token,
        f"{prefix}_APP_ID": account.app_id,
        address: stage.simulator.url,
        **more,
    }


@pytest.mark.parametrize("channel", CHANNELS)
def test_all_is_well_with_the_simulators_own_settings(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, channel: str
) -> None:
    status, said = stage.run(settings(stage, channel), monkeypatch, channel)
    variable, what = CHANNELS[channel]
    assert (status, "MEND" in said, "is not subscribed" in said) == (0, False, False), said
    for sentence in (
        f"as {variable} says.",
        f"{channel.upper()}_APP_SECRET is the secret of the app Spur",
        f"The {what} is subscribed to the fields that are needed: messages, messaging_postbacks",
        f"The handshake succeeds with {channel.upper()}_VERIFY_TOKEN.",
        f"A webhook that is proven with {channel.upper()}_APP_SECRET is accepted",
        "A webhook with a wrong proof is refused.",
    ):
        assert sentence in said, said


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_token_of_another_account_is_told(stage: Stage, monkeypatch: pytest.MonkeyPatch, channel: str) -> None:
    stage.answers["/v26.0/me"] = (200, {"id": "9", "name": "Others", "username": "others"})
    said = stage.run(settings(stage, channel), monkeypatch, channel)[1]
    prefix = channel.upper()
    assert f"MEND  {prefix}_ACCESS_TOKEN is that of " in said
    assert f"thers (9), not of {CHANNELS[channel][0]}: correct one of the two." in said


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            {"error": {"code": 190}},
            "ACCESS_TOKEN expired, was revoked or is mistyped (error 190): make a new one at App",
        ),
        ({"error": {"code": 100}}, "ACCESS_TOKEN is none for this API, or lacks a permission"),
    ],
)
def test_a_token_that_opens_nothing_is_told(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, channel: str, answer: Any, sentence: str
) -> None:
    stage.answers["/v26.0/me"] = (400, answer)
    assert f"MEND  {channel.upper()}_{sentence}" in stage.run(settings(stage, channel), monkeypatch, channel)[1]


@pytest.mark.parametrize(
    ("apps", "sentence"),
    [
        ([], "MEND  The page delivers to no app: subscribe it at App dashboard"),
        (
            [{"id": APP, "subscribed_fields": ["messages"]}],
            "MEND  The page is not subscribed to messaging_postbacks, m",
        ),
        ([{"id": APP}], "MEND  The page is not subscribed to messages, messaging_postbacks, message_echoes"),
        (
            [{"id": "1", "subscribed_fields": []}, {"id": APP, "subscribed_fields": ["message_echoes"]}],
            "MEND  The page is not subscribed to messages, messaging_postbacks: ",
        ),
        (
            [{"id": APP, "subscribed_fields": ["messages", "messaging_postbacks", "message_echoes"]}],
            "note  The page is not subscribed to message_deliveries, message_reads",
        ),
    ],
)
def test_what_the_page_delivers_is_told(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, apps: list[Any], sentence: str
) -> None:
    stage.answers["/v26.0/me/subscribed_apps"] = (200, {"data": apps})
    assert sentence in stage.run(settings(stage, "messenger"), monkeypatch, "messenger")[1]


@pytest.mark.parametrize(
    ("app_id", "sentence"),
    [
        ("", f"note  MESSENGER_APP_ID is not set: with {APP} our own messages"),
        ("42", f"MEND  MESSENGER_APP_ID is not the token's app, {APP}: our own messages would pass for a person's"),
    ],
)
def test_the_app_that_echoes_name_is_told(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, app_id: str, sentence: str
) -> None:
    variables = settings(stage, "messenger", MESSENGER_APP_ID=app_id)
    assert sentence in stage.run(variables, monkeypatch, "messenger")[1]


def test_a_missing_permission_is_named(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.changes["/v26.0/debug_token"] = {"scopes": ["pages_messaging"]}
    said = stage.run(settings(stage, "messenger"), monkeypatch, "messenger")[1]
    assert "MEND  MESSENGER_ACCESS_TOKEN lacks pages_manage_metadata: make a new one with all of" in said


@pytest.mark.parametrize("linked", ["17841400000000001", "5"])
def test_an_account_that_is_linked_to_a_page_is_known_by_the_page(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, linked: str
) -> None:
    page = {"id": "9", "name": "Page", "instagram_business_account": {"id": linked, "username": "example.shop"}}
    stage.answers["/v26.0/me"] = (200, page)
    said = stage.run(settings(stage, "instagram"), monkeypatch, "instagram")[1]
    right = "ok    INSTAGRAM_ACCESS_TOKEN is that of example.shop, as INSTAGRAM_ACCOUNT_ID says."
    assert (right in said) == (linked == stage.simulator.account("instagram").id)
