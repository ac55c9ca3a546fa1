"""What a request of Twilio's holds, and whether Twilio signed it.

https://www.twilio.com/docs/usage/webhooks/webhooks-security

The header X-Twilio-Webhooks-Signature-Settings, which names another key and algorithm, is not looked at: nobody signs
it, so whoever forges a request could choose by it. What is signed so is refused.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Collection, Iterator
from urllib.parse import parse_qsl, urlsplit

from webhook_gateway.channels.channel import WebhookRequest, delivery_of
from webhook_gateway.reading import Unreadable

_SIGNATURE = re.compile("[A-Za-z0-9+/]{27}=", re.ASCII)
_BODY_SUM = "bodySHA256"
_PORTS = {"https": 443, "http": 80}
# Behind an address: three more tries, also where it was answered with an error.
# https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
RETRIES = "#rc=3&rp=all"
# Twilio sends some forty. Taking more apart would cost more than it costs anybody to send them.
_MOST_PARAMETERS = 1000


def parameters(request: WebhookRequest) -> list[tuple[str, str]]:
    """The form's, blank and repeated ones included. Raises Unreadable."""
    try:
        return parse_qsl(request.body.decode(), keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        raise Unreadable("no form") from None


def has_other_body(request: WebhookRequest) -> bool:
    """Whether the body is something else than a form: then the address holds its checksum."""
    return bool(_asked(request, _BODY_SUM))


def delivery_in(request: WebhookRequest) -> str:
    """Our id in the address that a status was sent to; empty where there is none."""
    return delivery_of(next(iter(_asked(request, "delivery")), ""))


def signers(request: WebhookRequest, url: str, keys: Collection[bytes]) -> set[bytes]:
    """Those of the keys with which the request was signed, as one to `url`, which is without the query."""
    offered = request.headers.get("x-twilio-signature", "")
    if not _SIGNATURE.fullmatch(offered):
        return set()
    try:
        said = _signed_body(request)
    except Unreadable:
        return set()
    if said is None:
        return set()
    # Whether the fragment is signed as well is not documented: both count.
    addresses = [f"{known}{request.query}{fragment}" for known in _spellings(url) for fragment in ("", RETRIES)]
    texts = [f"{address}{said}".encode() for address in addresses]
    made = {key: [base64.b64encode(hmac.new(key, text, hashlib.sha1).digest()) for text in texts] for key in keys}
    # All are compared, whichever matches first, so that the time tells nothing.
    return {key for key, ours in made.items() if sum(hmac.compare_digest(offered.encode(), own) for own in ours)}


def _signed_body(request: WebhookRequest) -> str | None:
    """What of the body is signed: of a form all names and values in order; of others the checksum in the address."""
    if sums := _asked(request, _BODY_SUM):
        found = hashlib.sha256(request.body).hexdigest()
        return "" if [value.lower() for value in sums] == [found] else None
    # Of a repeated parameter each value counts once, in order.
    return "".join(f"{name}{value}" for name, value in sorted(set(parameters(request))))


def _spellings(url: str) -> Iterator[str]:
    """The address as it is configured, and with the default port written or left out: Twilio does either."""
    yield url
    parts = urlsplit(url)
    port = f":{_PORTS.get(parts.scheme, 443)}"
    host = parts.netloc
    yield parts._replace(netloc=host.removesuffix(port) if host.endswith(port) else f"{host}{port}").geturl()


def _asked(request: WebhookRequest, name: str) -> list[str]:
    """The values of a parameter in the address."""
    try:
        found = parse_qsl(request.query.removeprefix("?"), keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        return []
    return [value for key, value in found if key == name]
