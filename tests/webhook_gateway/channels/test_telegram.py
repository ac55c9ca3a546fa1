"""Telegram, beside what holds for every channel."""

import json
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from protos import conversation_pb2 as pb
from tests.webhook_gateway.channels.conformance import BODIES, Conformance, read, shown
from webhook_gateway import accounts
from webhook_gateway.channels import CHANNELS
from webhook_gateway.channels.channel import Answer, WebhookRequest
from webhook_gateway.channels.telegram import Telegram, TelegramAccount
from webhook_gateway.outcomes import Accepted, NotAccepted, Outcome, Rejected, Scope, Unknown
from webhook_gateway.reading import Unreadable
from webhook_gateway.text.splitting import split

FIRST, SECOND = "7421180655", "7421180656"
CHAT = "5501984337"
SECRETS = (
    "kettle_bot_of_yesterday",
    "kettle-bot-of-today",
    f"{FIRST}:kettle-token",
    "second_bot",
    f"{SECOND}:tea-token",
)
PROOF = "x-telegram-bot-api-secret-token"
ACCOUNT = Scope.SCOPE_ACCOUNT
ODD = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers(), max_size=2)


def account(token: str = SECRETS[2], secret: str = f" {SECRETS[0]} , {SECRETS[1]} ", **more: str) -> TelegramAccount:
    given: dict[str, Any] = {"bot_token": token, "secret_token": secret, **more}
    return TelegramAccount(**given)


CHANNEL = Telegram([account(), account(SECRETS[4], SECRETS[3])])


def request(body: Any, secret: str = SECRETS[0]) -> WebhookRequest:
    return WebhookRequest({PROOF: secret}, json.dumps(body).encode())


def body_of(name: str) -> Any:
    return json.loads((BODIES / "telegram" / f"{name}.json").read_text())


def event(body: Any, secret: str = SECRETS[0]) -> pb.Event:
    (found,) = read(CHANNEL, request(body, secret))
    assert isinstance(found, pb.Event), found
    return found


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
        "too fast, for ever": (refused(429, retry_after=10**30), 1, NotAccepted("429", 86_400, ACCOUNT)),
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
    assert not CHANNEL.authenticate(WebhookRequest({PROOF: secret}, body))
    assert not CHANNEL.authenticate(WebhookRequest({}, body))


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


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"update_id": None}, "update_id is missing"),
        ({"message": []}, "message is no object"),
        ({"message": {**body_of("text")["message"], "message_id": None}}, "message_id is missing"),
        (
            {"message": {**body_of("text")["message"], "chat": {"type": "private", "id": "@noor"}}},
            "chat.id is no number",
        ),
        ({"message": {**body_of("text")["message"], "text": ""}}, "text is missing"),
        ({"message": {**body_of("photo")["message"], "photo": []}}, "photo without a size"),
        ({"message": {**body_of("contact")["message"], "contact": {}}}, "contact without name and number"),
        ({"message": {**body_of("voice")["message"], "voice": {"duration": 1}}}, "file_id is missing"),
        ({"message": {**body_of("location")["message"], "location": {"latitude": 1}}}, "longitude is no number"),
    ],
)
def test_an_update_that_lacks_what_it_needs_is_unreadable(change: dict[str, Any], complaint: str) -> None:
    body = body_of("text") | change
    try:
        (found,) = read(CHANNEL, request(body))
    except Unreadable as error:
        found = error
    assert str(found) == complaint


@pytest.mark.parametrize("time", [None, 0, -5, "soon", 10**30, True])
def test_a_nonsensical_time_is_no_time(time: object) -> None:
    body = body_of("text")
    body["message"]["date"] = time
    assert not event(body).HasField("platform_time")


@pytest.mark.parametrize("size", [None, -1, "big", 2**80, 1.5, True])
def test_a_nonsensical_size_of_a_file_costs_nothing(size: object) -> None:
    body = body_of("photo")
    for photo in body["message"]["photo"]:
        photo["file_size"] = size
    assert event(body).message.attachments[0].media_id == "BQACAgQAAxPl"


def test_a_name_of_any_length_is_cut_to_what_is_kept() -> None:
    body = body_of("text")
    body["message"]["from"]["first_name"] = "N" * 5000
    assert event(body).sender.display_name == "N" * 255


def test_an_edit_a_reaction_and_a_reply_name_the_message_by_its_own_key() -> None:
    key = event(body_of("text")).event_key
    assert key == f"message:{CHAT}:311"
    assert event(body_of("edited_text")).edit.target_key == key
    assert event(body_of("reaction")).reaction.target_key == key
    reply = body_of("reply")
    reply["message"]["reply_to_message"]["message_id"] = 311
    assert event(reply).message.reply_to_key == key


def test_two_edits_in_one_second_are_two_events() -> None:
    first, second = body_of("edited_text"), body_of("edited_text")
    second["update_id"] += 1
    assert event(first).event_key != event(second).event_key


def test_a_message_is_the_same_whichever_update_brings_it() -> None:
    again = body_of("text") | {"update_id": 1}
    assert event(again).event_key == event(body_of("text")).event_key


def test_a_reply_that_quotes_a_message_without_its_chat_is_about_this_chat() -> None:
    body = body_of("reply")
    del body["message"]["reply_to_message"]["chat"]
    assert event(body).message.reply_to_key == f"message:{CHAT}:77"


def test_a_customer_is_known_by_the_id_whatever_the_username_is() -> None:
    body = body_of("text")
    names = [(alias.kind, alias.value) for alias in event(body).sender.aliases]
    assert names == [("user_id", CHAT), ("username", "noor_h")]
    body["message"]["from"]["username"] = "somebody"
    found = event(body)
    assert (found.sender.external_id, found.thread_key) == (CHAT, CHAT)


def test_a_bots_secret_speaks_for_that_bot_only() -> None:
    assert list(CHANNEL.proven(request(body_of("text"), SECRETS[1]))) == [FIRST]
    assert list(CHANNEL.proven(request(body_of("text"), SECRETS[3]))) == [SECOND]
    assert not CHANNEL.proven(request(body_of("text"), "another"))


def test_the_address_of_a_file_is_never_told_because_it_holds_the_token() -> None:
    for name in ("photo", "video", "document", "voice"):
        assert "http" not in json.dumps(shown(event(body_of(name)))["message"])


def delivery(**changes: Any) -> pb.Delivery:
    given: dict[str, Any] = {"id": "d1", "account": FIRST, "thread_key": CHAT, "text": "*Hi* <b>_x_", **changes}
    return pb.Delivery(**given)


def test_a_send_goes_to_the_chat_as_plain_text_without_a_preview_and_quotes_nothing() -> None:
    call = CHANNEL.compose(
        account(api_base_url="https://bots.example/api"), delivery(reply_to_key=f"message:{CHAT}:311")
    )
    assert call.url == f"https://bots.example/api/bot{SECRETS[2]}/sendMessage"
    assert call.json == {"chat_id": 5501984337, "text": "*Hi* <b>_x_", "link_preview_options": {"is_disabled": True}}


def test_the_token_is_in_the_address_and_the_address_in_nothing_that_is_shown() -> None:
    call = CHANNEL.compose(account(), delivery())
    assert SECRETS[2] in call.url
    assert SECRETS[2] not in f"{call!r} {call} {CHANNEL.accounts!r}"


def typing(key: str) -> Any:
    call = CHANNEL.compose_typing(account(), pb.TypingSignal(thread_key=CHAT, message_key=key))
    assert call is not None
    return call.url.rpartition("/")[2], call.json


@pytest.mark.parametrize("key", ["", f"message:{CHAT}:311", "callback:sha256:00"])
def test_while_an_answer_is_written_the_chat_shows_it(key: str) -> None:
    assert typing(key) == ("sendChatAction", {"chat_id": 5501984337, "action": "typing"})


def test_while_a_pressed_button_is_answered_it_no_longer_shows_that_it_waits() -> None:
    key = event(body_of("callback_query")).event_key
    assert typing(key) == ("answerCallbackQuery", {"callback_query_id": "23630412009118730"})


@settings(max_examples=300, deadline=None)
@given(
    status=st.integers(100, 599),
    ok=st.booleans(),
    result=ODD | st.dictionaries(st.just("message_id"), ODD),
    description=ODD | st.sampled_from(["chat not found", "BLOCKED BY THE USER"]),
    parameters=ODD | st.dictionaries(st.sampled_from(["retry_after", "migrate_to_chat_id"]), ODD),
)
def test_any_answer_of_its_own_shape_means_something(status: int, **body: Any) -> None:
    found = CHANNEL.interpret(Answer(status, body, {}), delivery())
    assert isinstance(found, Accepted) <= (200 <= status < 300)
    assert isinstance(found, Unknown) >= (status >= 500)
    if isinstance(found, NotAccepted):
        assert 0 <= found.retry_after_seconds <= 86_400


def test_a_text_is_measured_in_what_telegram_counts() -> None:
    capabilities = CHANNEL.capabilities
    assert [len(part) for part in split("🫖" * 2049, capabilities.text_limit, capabilities.measure)] == [2048, 1]


def test_every_kind_has_a_body_and_every_body_a_kind() -> None:
    said = {
        kind for path in (BODIES / "telegram").glob("*.events.json") for kind in kinds(json.loads(path.read_text()))
    }
    assert said == {"message", "edit", "reaction", "preference", "unsupported"}


def kinds(events: list[dict[str, Any]]) -> set[str]:
    around = {"account", "event_key", "thread_key", "sender", "platform_time"}
    return {key for found in events for key in found if key not in around}
