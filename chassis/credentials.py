"""Who may call whom between services: one shared token, and mutual TLS where certificates are configured."""

import hmac
import ssl
from collections.abc import Iterable
from pathlib import Path

import grpc

from chassis.settings import ServiceSettings, stop

AUTHORIZATION_KEY = "authorization"


class Credentials:
    """What this process shows to other services and asks of them."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._token = f"Bearer {settings.service_token.get_secret_value()}"
        self._pem: list[bytes] = []
        paths = settings.grpc_tls_key, settings.grpc_tls_certificate, settings.grpc_tls_authority
        key, certificate, authority = paths
        if key and certificate and authority:
            _check(key, certificate, authority)
            self._pem = [path.read_bytes() for path in (key, certificate, authority)]
        elif any(paths):
            stop("GRPC_TLS_KEY, GRPC_TLS_CERTIFICATE and GRPC_TLS_AUTHORITY belong together: set all three or none.")

    def metadata(self) -> tuple[str, str]:
        """The pair that a caller adds to each call."""
        return AUTHORIZATION_KEY, self._token

    def accepts(self, metadata: Iterable[tuple[str, str | bytes]]) -> bool:
        """Whether a call's metadata holds the shared token."""
        shown = next((value for key, value in metadata if key == AUTHORIZATION_KEY), "")
        shown = shown if isinstance(shown, bytes) else shown.encode("utf-8", "surrogateescape")
        return hmac.compare_digest(shown, self._token.encode())

    def for_channel(self) -> grpc.ChannelCredentials | None:
        """Of a client; None for plain text."""
        if not self._pem:
            return None
        key, certificate, authority = self._pem
        return grpc.ssl_channel_credentials(authority, key, certificate)

    def for_server(self) -> grpc.ServerCredentials | None:
        """Of a server, which then asks every client for a certificate of the same authority; None for plain text."""
        if not self._pem:
            return None
        key, certificate, authority = self._pem
        return grpc.ssl_server_credentials([(key, certificate)], authority, require_client_auth=True)


def _check(key: Path, certificate: Path, authority: Path) -> None:
    """End the process where gRPC would find the files unusable: it says so late, and does not say why."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for setting, path in (
        ("GRPC_TLS_KEY", key),
        ("GRPC_TLS_CERTIFICATE", certificate),
        ("GRPC_TLS_AUTHORITY", authority),
    ):
        try:
            path.open("rb").close()
        except OSError as error:
            stop(f"{setting}: cannot read {path}: {error.strerror}")
    try:
        # The password, which an encrypted key would ask for at the terminal, and which gRPC cannot be given.
        context.load_cert_chain(certificate, key, password="")
    except ssl.SSLError:
        stop("GRPC_TLS_KEY and GRPC_TLS_CERTIFICATE: not PEM files, not of one pair, or the key is encrypted.")
    try:
        context.load_verify_locations(authority)
    except ssl.SSLError:
        stop(f"GRPC_TLS_AUTHORITY: {authority} holds no certificate in PEM form.")
