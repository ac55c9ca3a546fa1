"""Certificates made on the fly with the openssl command, for tests of mutual TLS."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True)
class Identity:
    """A key, its certificate, and the authority that its owner trusts."""

    key: Path
    certificate: Path
    authority: Path

    def settings(self) -> dict[str, Any]:
        return {
            "grpc_tls_key": self.key,
            "grpc_tls_certificate": self.certificate,
            "grpc_tls_authority": self.authority,
        }


class Authority:
    """Signs certificates for 127.0.0.1."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder / name
        self._folder.mkdir()
        self.certificate = self._folder / "authority.pem"
        self._key = self._folder / "authority.key"
        self._extensions = self._folder / "extensions"
        self._extensions.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        _openssl(
            "req", "-x509", *_KEY, "-subj", f"/CN={name}", "-days", "2", "-keyout", self._key, "-out", self.certificate
        )

    def issue(self, name: str, days: int = 1) -> Identity:
        """A certificate that is valid for `days`; below 0 it has expired."""
        key, request, certificate = (self._folder / f"{name}.{kind}" for kind in ("key", "csr", "pem"))
        _openssl("req", *_KEY, "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        signer = ("-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial", "-extfile", self._extensions)
        _openssl("x509", "-req", "-in", request, *signer, "-days", str(days), "-out", certificate)
        return Identity(key, certificate, self.certificate)


def _openssl(*arguments: "str | Path") -> None:
    if not shutil.which("openssl"):
        pytest.skip("openssl is missing; on Debian: apt-get install openssl")
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
