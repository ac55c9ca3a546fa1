"""A call that was not answered: what is known of it decides whether it may be made again."""

import socket
import ssl
import threading
from pathlib import Path

import pytest
from requests import adapters

from tests.chassis.certificates import Authority
from tests.ports import free_port
from tests.webhook_gateway.sender.platform import (
    Behaviour,
    answering,
    closing,
    dripping,
    dripping_head,
    flooding,
    keeping,
    platform,
    silent,
)
from webhook_gateway.channels.channel import Call
from webhook_gateway.sender import transport
from webhook_gateway.sender.transport import NotSent, Transport, Unanswered

SECRET = "bot123:very-secret"


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "CONNECT_SECONDS", 0.5)
    monkeypatch.setattr(transport, "ANSWER_SECONDS", 0.5)


def test_an_answer_is_given_back_with_its_json_and_lower_case_headers() -> None:
    with platform(answering("429 Slow", b'{"error": 4}', "Retry-After: 3")) as running:
        answer = Transport().send(Call("POST", running.url, {"X-A": "b"}, json={"text": "é"}))
    assert (answer.status, answer.body, answer.headers["retry-after"]) == (429, {"error": 4}, "3")
    (request,) = running.requests
    assert b"X-A: b" in request
    assert request.endswith(b'{"text": "\\u00e9"}')


def test_a_form_and_basic_authentication_are_sent_as_such() -> None:
    with platform(answering("201 Created", b"{}")) as running:
        Transport().send(Call("POST", running.url, form={"Body": "a b&c"}, basic=("AC1", "token")))
    assert running.requests[0].endswith(b"\r\n\r\nBody=a+b%26c")
    assert b"Authorization: Basic QUMxOnRva2Vu" in running.requests[0]


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe", b"[" * 200_000])
def test_an_answer_that_is_no_json_has_none(body: bytes) -> None:
    with platform(answering("500 Oops", body)) as running:
        assert Transport().send(Call("POST", running.url, json={})).body is None


def test_a_redirect_is_not_followed() -> None:
    with platform(answering("307 Elsewhere", b"", "Location: http://127.0.0.1:1/")) as running:
        assert Transport().send(Call("POST", running.url, json={})).status == 307


@pytest.mark.parametrize(
    ("behaviour", "word"),
    [(closing, "connection_lost"), (silent, "timeout"), (dripping, "timeout"), (flooding, "timeout")],
)
def test_once_bytes_are_on_their_way_the_platform_may_have_taken_it(behaviour: Behaviour, word: str) -> None:
    with platform(behaviour) as running, pytest.raises(Unanswered, match=f"^{word}$"):
        Transport().send(Call("POST", f"{running.url}/{SECRET}", json={}))


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{port}/", "http://name.invalid/", "ftp://127.0.0.1/", "nonsense", "http://[::1/"]
)
def test_what_never_left_may_be_sent_again(url: str) -> None:
    with pytest.raises(NotSent) as raised:
        Transport().send(Call("POST", url.format(port=free_port()) + SECRET, json={}))
    assert str(raised.value) in {"unreachable", "invalid_address"}


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", None])
def test_where_no_secure_connection_comes_about_nothing_was_sent(answer: bytes | None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                if answer is None:  # not in time
                    connection.recv(1)
                else:
                    connection.sendall(answer)

        greeting = threading.Thread(target=greet)
        greeting.start()
        with pytest.raises(NotSent, match="no_handshake"):
            Transport().send(Call("POST", f"https://127.0.0.1:{listener.getsockname()[1]}/{SECRET}", json={}))
        greeting.join()


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Of a platform whose authority is the only one that we trust."""
    identity = Authority(tmp_path, "trusted").issue("platform")
    monkeypatch.setattr(adapters, "DEFAULT_CA_BUNDLE_PATH", str(identity.authority))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(identity.certificate, identity.key)
    return context


@pytest.mark.parametrize("is_secure", [False, True])
def test_an_answer_that_begins_byte_by_byte_is_not_waited_for(tls: ssl.SSLContext, is_secure: bool) -> None:
    ended = threading.Event()
    with platform(dripping_head(ended), tls if is_secure else None) as running:
        with pytest.raises(Unanswered, match="timeout"):
            Transport().send(Call("POST", running.url, json={}))
        assert not ended.is_set()


def test_a_platform_that_somebody_vouches_for_is_sent_to(tls: ssl.SSLContext) -> None:
    with platform(answering("200 OK", b"{}"), tls) as running:
        assert Transport().send(Call("POST", running.url, json={})).status == 200


def test_to_whom_nobody_vouches_for_nothing_is_sent(
    tls: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapters, "DEFAULT_CA_BUNDLE_PATH", str(Authority(tmp_path, "another").certificate))
    with platform(answering("200 OK", b"{}"), tls) as running, pytest.raises(NotSent, match="certificate"):
        Transport().send(Call("POST", running.url, json={}))


@pytest.mark.parametrize(("idle", "connections"), [(60.0, 1), (0.0, 2)])
def test_a_connection_is_used_again_unless_it_was_idle_for_long(
    monkeypatch: pytest.MonkeyPatch, idle: float, connections: int
) -> None:
    monkeypatch.setattr(transport, "_IDLE_SECONDS", idle)
    own = Transport()
    with platform(keeping) as running:
        for _ in range(2):
            assert own.send(Call("POST", running.url, json={})).status == 200
        assert running.connections == connections


def test_a_token_that_no_header_can_carry_was_not_sent() -> None:
    with platform(answering("200 OK", b"{}")) as running, pytest.raises(NotSent) as raised:
        Transport().send(Call("POST", running.url, {"Authorization": "Bearer tok…en"}, json={}))
    assert "tok" not in str(raised.value)
    assert running.requests == []


def test_no_exception_shows_the_address() -> None:
    for behaviour in (closing, silent):
        with platform(behaviour) as running, pytest.raises(Unanswered) as raised:
            Transport().send(Call("POST", f"{running.url}/{SECRET}", json={}))
        error: BaseException | None = raised.value
        assert error is not None
        assert SECRET not in repr(error)
        assert error.__cause__ is None
        assert error.__suppress_context__
    assert SECRET not in repr(Call("POST", f"http://x/{SECRET}", {"Authorization": SECRET}, basic=("a", SECRET)))


def test_a_netrc_of_the_machine_does_not_replace_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login thief password thief\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with platform(answering("200 OK", b"{}")) as running:
        Transport().send(Call("POST", running.url, {"Authorization": "Bearer ours"}, json={}))
    assert b"Authorization: Bearer ours" in running.requests[0]
