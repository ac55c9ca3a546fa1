"""How each platform proves that a webhook is its own."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any


def meta_bytes(body: Any) -> bytes:
    """JSON as Meta writes it: everything beyond ASCII and every slash is escaped, and the signature covers that."""
    return json.dumps(body, separators=(",", ":")).replace("/", "\\/").encode()


def meta_signature(secret: str, body: bytes) -> str:
    """The value of X-Hub-Signature-256."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def twilio_signature(token: str, url: str, form: Mapping[str, str]) -> str:
    """The value of X-Twilio-Signature: over the address as it was configured, then each name with its value."""
    signed = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()
