"""Mutual TLS: both ends show a certificate of the same authority, or nothing is said."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import grpc
import grpc.aio
import pytest

from chassis import health
from chassis.credentials import Credentials
from tests.chassis.certificates import Authority, Identity
from tests.chassis.echo import Echo, call, peer_of, running, settings


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"), "ours")


@pytest.fixture(scope="module")
def server(authority: Authority) -> Identity:
    return authority.issue("server")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Identity:
    """Signed by another authority, though it trusts ours."""
    other = Authority(tmp_path_factory.mktemp("other"), "other")
    return replace(other.issue("stranger"), authority=authority.certificate)


def answer(server: Identity, client: Identity | None) -> str:
    """What a client with its certificate gets from a server with its own: the answer, or the status."""

    async def walk() -> str:
        echo = Echo()
        async with running(echo, **server.settings()) as port:
            peer = peer_of(port, **(client.settings() if client else {}))
            async with peer.connect_async() as channel:
                try:
                    return await call(channel, peer, "Unary", "hello", seconds=5)
                except grpc.aio.AioRpcError as error:
                    assert echo.requests == []
                    return error.code().name

    return asyncio.run(walk())


def test_certificates_of_one_authority_are_let_in(authority: Authority, server: Identity) -> None:
    assert answer(server, authority.issue("client")) == "hello"


def test_a_client_without_a_certificate_is_refused(server: Identity) -> None:
    assert answer(server, None) == "UNAVAILABLE"


def test_a_client_of_another_authority_is_refused(server: Identity, stranger: Identity) -> None:
    assert answer(server, stranger) == "UNAVAILABLE"


def test_a_server_of_another_authority_is_refused(authority: Authority, stranger: Identity) -> None:
    assert answer(stranger, authority.issue("client")) == "UNAVAILABLE"


def test_an_expired_certificate_is_refused_on_either_side(authority: Authority, server: Identity) -> None:
    expired = authority.issue("expired", days=-1)
    assert answer(server, expired) == "UNAVAILABLE"
    assert answer(expired, authority.issue("client")) == "UNAVAILABLE"


def test_the_health_check_shows_its_certificate_too(authority: Authority, server: Identity) -> None:
    async def walk() -> None:
        async with running(Echo(), **server.settings()) as port:
            address = f"127.0.0.1:{port}"
            shown = Credentials(settings(**authority.issue("probe").settings()))
            assert await asyncio.to_thread(health.check, address, shown)
            assert not await asyncio.to_thread(health.check, address)

    asyncio.run(walk())


def _without_key(identity: Identity, _folder: Path) -> dict[str, Path]:
    return {key: value for key, value in identity.settings().items() if key != "grpc_tls_key"}


def _missing(identity: Identity, folder: Path) -> dict[str, Path]:
    return replace(identity, certificate=folder / "missing.pem").settings()


def _another_key(identity: Identity, folder: Path) -> dict[str, Path]:
    return replace(identity, key=Authority(folder, "third").issue("third").key).settings()


def _no_authority(identity: Identity, folder: Path) -> dict[str, Path]:
    (folder / "empty.pem").write_text("no certificate")
    return replace(identity, authority=folder / "empty.pem").settings()


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (
            _without_key,
            "GRPC_TLS_KEY, GRPC_TLS_CERTIFICATE and GRPC_TLS_AUTHORITY belong together: set all three or none.",
        ),
        (_missing, "GRPC_TLS_CERTIFICATE: cannot read {folder}/missing.pem: No such file or directory"),
        (
            _another_key,
            "GRPC_TLS_KEY and GRPC_TLS_CERTIFICATE: not PEM files, not of one pair, or the key is encrypted.",
        ),
        (_no_authority, "GRPC_TLS_AUTHORITY: {folder}/empty.pem holds no certificate in PEM form."),
    ],
)
def test_files_that_cannot_be_used_end_the_process_with_one_line(
    spoil: Callable[[Identity, Path], dict[str, Path]],
    line: str,
    server: Identity,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spoilt = settings(**spoil(server, tmp_path))
    with pytest.raises(SystemExit) as ended:
        Credentials(spoilt)
    assert ended.value.code == 2
    assert capsys.readouterr().err == line.format(folder=tmp_path) + "\n"
