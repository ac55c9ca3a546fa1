"""Questions to Meta's Graph API, what its errors mean for who configures it, and a webhook as it signs them."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from webhook_gateway.channels.channel import Answer, Call
from webhook_gateway.channels.meta import graph_error
from webhook_gateway.checks.finding import Finding, Stuck, mend, note, right
from webhook_gateway.checks.probing import Probing

_THROTTLED = {4, 17, 32, 341, 613, 80007, 130429}
_DENIED = {3, 10, *range(200, 300)}


@dataclass(frozen=True)
class Product:
    """What a channel of Meta's needs; the fields as the app's dashboard calls them."""

    # Where webhooks are set in the app's dashboard.
    page: str
    object_name: str
    permissions: Sequence[str]
    # Without these the channel does not work, or the assistant talks into what a person says.
    needed: Sequence[str]
    # And these tell more.
    wanted: Sequence[str]
    # How a new token is made.
    new_token: str
    # Where the secret is shown.
    secret_place: str = "App settings → Basic → App secret"  # noqa: S105 - a place
    # What delivers, and what is asked about it; of pages and Instagram accounts.
    account: str = ""
    account_fields: str = ""


def get(probing: Probing, path: str, token: str = "", **query: str) -> Call:
    """A question, with the account's own token or another one; it goes in a header."""
    account = probing.account
    bearer = token or account.access_token.get_secret_value()
    address = f"{account.graph_api_base_url}/{account.graph_api_version}/{path}"
    return Call(
        "GET",
        f"{address}?{urlencode(query)}" if query else address,
        headers={"authorization": f"Bearer {bearer}"},
    )


def fields_of(answer: Answer) -> Mapping[str, Any] | None:
    """The object that was asked for; None where the answer is an error, or anything else."""
    return answer.body if answer.status == 200 and isinstance(answer.body, dict) else None


def trouble(probing: Probing, product: Product, answer: Answer, missing: str) -> Finding:
    """Why a question was not answered; `missing` is the sentence for what does not exist.

    Raises Stuck where no other question would be.
    """
    token = probing.variable("access_token")
    error = graph_error(answer.body)
    if error is None:
        return mend(f"{probing.channel.title} answered HTTP {answer.status}, which says nothing: try again later.")
    code = f"{error.code}/{error.subcode}" if error.subcode else f"{error.code}"
    if error.code in {0, 190}:
        what = "has expired" if error.subcode == 463 else "expired, was revoked or is mistyped"
        raise Stuck(f"{token} {what} (error {code}): {product.new_token}")
    if error.code in _THROTTLED:
        return mend(f"Meta limits the calls of this app at present (error {code}): try again in some minutes.")
    if error.code in _DENIED:
        wanted = " and ".join(product.permissions)
        return mend(f"{token} may not do this (error {code}): make a new one with {wanted}.")
    if error.code == 100:
        return mend(f"{missing} (error {code})")
    return mend(f"{probing.channel.title} answered error {code}: see docs/channels/{probing.channel.name}.md.")


def subscribed(product: Product, names: Sequence[str], where: str, who: str) -> Iterator[Finding]:
    """Whether all webhook fields that we read are subscribed to."""
    lacking = [field for field in product.needed if field not in names]
    more = [field for field in product.wanted if field not in names]
    if lacking:
        yield mend(f"{who} is not subscribed to {', '.join(lacking)}: subscribe {where}.")
    else:
        yield right(f"{who} is subscribed to the fields that are needed: {', '.join(product.needed)}.")
    if more:
        yield note(f"{who} is not subscribed to {', '.join(more)}, which would tell more: subscribe {where}.")


def secret_form(product: Product, probing: Probing) -> Iterator[Finding]:
    """What is often pasted in its place."""
    variable = probing.variable("app_secret")
    for key in probing.keys("app_secret"):
        if key.isdigit():
            yield mend(f"{variable} holds digits only, as an id does: copy {product.secret_place}.")
        elif key.startswith((b"EAA", b"IGA")):
            yield mend(f"{variable} holds an access token: copy {product.secret_place}.")
    if len(probing.account.verify_token.get_secret_value()) < 8:
        yield note(
            f"{probing.variable('verify_token')} is short: anybody may guess it. Make one: openssl rand -hex 16."
        )


def empty_webhook(object_name: str, probing: Probing, key: bytes) -> Call:
    """A webhook without entries, signed."""
    body = {"object": object_name, "entry": []}
    # The same bytes as the transport makes of it.
    digest = hmac.new(key, json.dumps(body).encode(), hashlib.sha256).hexdigest()
    return Call("POST", probing.webhook_url, headers={"x-hub-signature-256": f"sha256={digest}"}, json=body)
