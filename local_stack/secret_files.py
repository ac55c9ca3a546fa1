"""Keeps generated secrets in files that only their owner can read."""

import os
import secrets
from pathlib import Path


def ensure_secret(path: Path) -> str:
    """The secret in `path`, generated where there is none yet; never half-written, and never readable by others."""
    try:
        if kept := path.read_text().strip():
            return kept
    except FileNotFoundError:
        pass
    secret = secrets.token_hex(24)
    write_private(path, secret)
    return secret


def write_private(path: Path, text: str) -> None:
    """Replaces `path` in one step by a file of mode 0600 that holds `text`."""
    partial = path.with_name(f"{path.name}.partial")
    partial.unlink(missing_ok=True)
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(handle)
    partial.replace(path)
