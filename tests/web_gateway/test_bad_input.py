"""Bad input: each with its status, a sentence that says what to do, and nothing stored."""

import json

import pytest

from tests.web_gateway.gateways import Gateway, bearer
from tests.web_gateway.stand_in import Running

JSON = {"Content-Type": "application/json"}


def body(message: str) -> bytes:
    """A body whose message is given as it stands in the JSON."""
    return b'{"message": ' + message.encode() + b"}"


UNREADABLE = {
    "an empty body": b"",
    "blanks only": b" \r\n\t ",
    "not JSON": b"hello",
    "JSON that ends early": b'{"message": "hel',
    "two values": b'{"message": "a"} {"message": "b"}',
    "JSON 100,000 deep": b"[" * 10_000 * 5,
    "objects 10,000 deep": b'{"a":' * 10_000,
    "NaN": b'{"message": "a", "x": NaN}',
    "Infinity": b'{"message": "a", "x": -Infinity}',
    "a number of 10,000 digits": b'{"message": "a", "x": ' + b"9" * 10_000 + b"}",
    "bad UTF-8": b'{"message": "\xff\xfe"}',
    "Latin-1": '{"message": "café"}'.encode("latin-1"),
    "UTF-16": '{"message": "a"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"message": "a"}',
    "a raw NUL": b'{"message": "a\x00b"}',
    "a raw line break in a string": b'{"message": "a\nb"}',
    "a lone surrogate, escaped": b'{"message": "a\\ud83d"}',
    "a lone low surrogate, escaped": b'{"message": "\\ude00a"}',
    "a lone surrogate, raw": b'{"message": "\xed\xa0\xbd"}',
    "overlong UTF-8": b'{"message": "\xc0\x80"}',
    "single quotes": b"{'message': 'a'}",
    "a trailing comma": b'{"message": "a",}',
}

WRONG = {
    "an array": (b"[]", "body_invalid"),
    "a string": (b'"hello"', "body_invalid"),
    "null": (b"null", "body_invalid"),
    "no message": (b"{}", "message_invalid"),
    "a number": (body("1"), "message_invalid"),
    "true": (body("true"), "message_invalid"),
    "a null message": (body("null"), "message_invalid"),
    "an object": (body('{"text": "a"}'), "message_invalid"),
    "a list": (body('["a"]'), "message_invalid"),
    "a huge number": (body("1e999"), "message_invalid"),
    "an empty message": (body('""'), "message_empty"),
    "blanks": (body(r'" \t\r\n\u00a0\u3000\u2003"'), "message_empty"),
    "zero-width characters": (body(r'"\u200b\u200c\u200d\u2060\ufeff\u00ad"'), "message_empty"),
    "direction marks": (body(r'"\u200e\u200f\u202a\u202e\u2066\u2069"'), "message_empty"),
    "fillers": (body(r'"\u3164\uffa0\u115f\u2800\u034f\ufe0f"'), "message_empty"),
    "tag characters": (body(r'"\udb40\udc41\udb40\udc7f"'), "message_empty"),
    "control characters": (body(r'"\u0001\u0007\u001b"'), "message_empty"),
    "4,001 characters": (body('"' + "é" * 4001 + '"'), "message_too_long"),
    "4,001 emoji": (body('"' + "🙂" * 4001 + '"'), "message_too_long"),
    "NUL": (body(r'"a\u0000b"'), "message_invalid"),
    "a message id that is no UUID": (b'{"message": "a", "clientMessageId": "1"}', "client_message_id_invalid"),
    "a message id with a line break": (
        b'{"message": "a", "clientMessageId": "3f2504e0-4f89-11d3-9a0c-0305e82c3301\\n"}',
        "client_message_id_invalid",
    ),
    "a message id that is a number": (b'{"message": "a", "clientMessageId": 7}', "client_message_id_invalid"),
    "a session that is a number": (b'{"message": "a", "sessionId": 7}', "session_id_invalid"),
}


def refused(gateway: Gateway, service: Running, content: bytes, headers: dict[str, str]) -> tuple[int, str]:
    """Status and code of a post that must leave nothing behind."""
    before = len(service.service.received)
    answer = gateway.post("/chat/message", data=content, headers=headers)
    assert len(service.service.received) == before
    assert answer.headers["Content-Type"] == "application/json"
    error = answer.json()["error"]
    assert error["requestId"] == answer.headers["X-Request-ID"]
    assert len(error["message"]) > 20
    return answer.status_code, error["code"]


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_refused_with_400(gateway: Gateway, service: Running, name: str) -> None:
    assert refused(gateway, service, UNREADABLE[name], JSON) == (400, "json_invalid")


@pytest.mark.parametrize("name", WRONG)
def test_what_can_be_read_and_is_wrong_is_refused_with_422(gateway: Gateway, service: Running, name: str) -> None:
    content, code = WRONG[name]
    assert refused(gateway, service, content, JSON) == (422, code)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
def test_another_content_type_is_refused(gateway: Gateway, service: Running, headers: dict[str, str]) -> None:
    assert refused(gateway, service, body('"hi"'), headers) == (415, "content_type_invalid")


@pytest.mark.parametrize("after", ["-1", "1.5", "x", "", "٣", "1e3", "9" * 19, " 1", "0x1"])
def test_a_revision_that_is_no_whole_number_is_refused(gateway: Gateway, after: str) -> None:
    token = gateway.session()
    for path in ("/chat/messages", "/chat/events"):
        answer = gateway.get(path, token, params={"after": after})
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "after_invalid")


def test_a_last_event_id_that_is_no_revision_is_refused(gateway: Gateway) -> None:
    answer = gateway.get("/chat/events", headers=bearer(gateway.session()) | {"Last-Event-ID": "abc"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "after_invalid")


def test_what_the_service_calls_poison_is_refused(gateway: Gateway, service: Running) -> None:
    answer = gateway.say("poison")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "message_invalid")


@pytest.mark.parametrize(
    "text",
    [
        "שלום, מה מדיניות ההחזרות?",
        "كم يوما لدي لإرجاع الحذاء؟",
        "\u202eevil\u202c and \u200bzero\u200dwidth\ufeff",
        "👩‍👩‍👧‍👦 🏳️‍🌈 🇪🇸 e\u0301",
        "line\r\nbreaks\tand \u2028 others \u0085",
        "  leading and trailing blanks  ",
        '<script>alert(1)</script> & "quotes" \\ \\u0041',
        "data: x\n\nevent: reply\ndata: {}\n\n",
        "\U0001fae9",  # an emoji that is newer than this Python
        "\ufffe\uffff\U0010ffff",
        "x" * 4000,
        "🙂" * 4000,
    ],
)
def test_unusual_text_passes_unchanged(gateway: Gateway, service: Running, text: str) -> None:
    token = gateway.session()
    content = json.dumps({"message": text})  # every character beyond ASCII escaped: the longest form
    assert gateway.post("/chat/message", data=content, headers=JSON | bearer(token)).status_code == 200
    assert service.service.received[-1].events[0].message.text == text
    assert gateway.get("/chat/messages", token).json()["messages"][0]["text"] == text


def test_of_a_field_that_comes_twice_the_last_one_counts(gateway: Gateway, service: Running) -> None:
    content = b'{"message": "first", "message": "last"}'
    assert gateway.post("/chat/message", data=content, headers=JSON).status_code == 200
    assert service.service.received[-1].events[0].message.text == "last"


def test_unknown_fields_are_ignored(gateway: Gateway) -> None:
    assert gateway.post("/chat/message", json={"message": "hi", "future": [1, {"a": None}]}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/chat", 404, "not_found"),
        ("GET", "/chat/session", 405, "method_not_allowed"),
        ("DELETE", "/chat/message", 405, "method_not_allowed"),
        ("PUT", "/", 405, "method_not_allowed"),
        ("GET", "/static/../config.py", 404, "not_found"),
        ("GET", "/static/%2e%2e/config.py", 404, "not_found"),
        ("GET", "/static/..%2fconfig.py", 404, "not_found"),
        ("GET", "/static/nothing.js", 404, "not_found"),
        ("GET", "/%00", 404, "not_found"),
        ("GET", "/%ff%fe", 404, "not_found"),
    ],
)
def test_what_is_not_there_is_refused_in_the_same_form(
    gateway: Gateway, method: str, path: str, status: int, code: str
) -> None:
    answer = gateway.raw(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    head, _, content = answer.partition(b"\r\n\r\n")
    assert int(head.split()[1]) == status
    assert json.loads(content)["error"]["code"] == code
