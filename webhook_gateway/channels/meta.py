"""What WhatsApp, Instagram and Messenger share: the handshake, the signature, the Graph API and its errors.

Handshake and signature: https://developers.facebook.com/docs/graph-api/webhooks/getting-started
"""

import hashlib
import hmac
import re
from abc import abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from pydantic import Field, SecretStr, field_validator

from protos import conversation_pb2 as pb
from webhook_gateway.channels.channel import (
    LONGEST_WAIT,
    MENDING,
    Account,
    Answer,
    Call,
    Channel,
    WebhookRequest,
    at_least_one,
    secrets,
)
from webhook_gateway.outcomes import Accepted, NotAccepted, Outcome, Rejected, Scope, Unknown
from webhook_gateway.reading import Unreadable, load, mapping, members

_SIGNATURE = re.compile("sha256=[0-9a-f]{64}", re.ASCII)


class MetaAccount(Account):
    """An account that is reached through the Graph API."""

    shared_fields: ClassVar[frozenset[str]] = frozenset({"access_token", "app_secret", "verify_token"})

    access_token: SecretStr = Field(min_length=1, description="The token that sends; a system user's does not expire.")
    app_secret: SecretStr = Field(
        min_length=1, description="Proves that webhooks come from Meta; several, comma-separated, while changing it."
    )
    verify_token: SecretStr = Field(
        min_length=1, description="A word of your own, to be repeated where Meta asks for the callback URL."
    )
    graph_api_base_url: str = Field(
        "https://graph.facebook.com",
        pattern=r"^https?://[^\s?#@]+[^\s?#@/]$",
        validation_alias="GRAPH_API_BASE_URL",
        description="Where Meta's Graph API is, for all channels of Meta.",
    )
    graph_api_version: str = Field(
        "v26.0",
        pattern=r"^v[0-9]+\.[0-9]+$",
        validation_alias="GRAPH_API_VERSION",
        description="The version of the Graph API.",
    )

    _has_secrets = field_validator("app_secret")(at_least_one)


@dataclass(frozen=True)
class Meaning:
    """What an error code says about a send. Without a reason it was surely not accepted, and is to be tried again."""

    # Never to be tried again, and why: as in outcomes.Rejected.
    reason: str = ""
    # Who has to wait, for how many seconds, and by how much longer after each attempt.
    scope: "pb.SettleDeliveryRequest.NotAccepted.Scope" = Scope.SCOPE_UNSPECIFIED
    wait: float = 0
    growth: float = 1
    # A failure of the platform itself: with a status of 500 or above nobody knows whether it was accepted.
    internal: bool = False
    # The platform says so itself: the message may have been sent all the same.
    unknown: bool = False

    @property
    def status_reason(self) -> str:
        """Why a message failed, of which the platform said so after it had accepted it; empty where nobody knows."""
        scopes = {Scope.SCOPE_ACCOUNT: "account", Scope.SCOPE_RECIPIENT: "recipient"}
        return self.reason or scopes.get(self.scope, "")


WINDOW_CLOSED = Meaning("window_closed")
RECIPIENT = Meaning("recipient")
CONTENT = Meaning("content")
INTERNAL = Meaning(internal=True)
MAYBE_SENT = Meaning(unknown=True)
ACCOUNT_STOPPED = Meaning(scope=Scope.SCOPE_ACCOUNT, wait=MENDING)


def throttled(seconds: float) -> Meaning:
    """The whole account has to wait."""
    return Meaning(scope=Scope.SCOPE_ACCOUNT, wait=seconds)


# By code, or by (code, subcode), which goes first.
Meanings: TypeAlias = Mapping[int | tuple[int, int], Meaning]

# https://developers.facebook.com/docs/graph-api/guides/error-handling
GRAPH_MEANINGS: Meanings = {
    0: ACCOUNT_STOPPED,  # the token cannot be authenticated
    1: INTERNAL,  # unknown error
    2: INTERNAL,  # temporarily down or overloaded
    3: ACCOUNT_STOPPED,  # the app lacks the capability
    4: throttled(60),  # calls of the app; counted by the hour
    10: ACCOUNT_STOPPED,  # permission missing
    17: throttled(60),  # calls of the user
    100: CONTENT,  # bad parameter
    (100, 33): ACCOUNT_STOPPED,  # the account does not exist, or the token may not use it
    190: ACCOUNT_STOPPED,  # the token expired or was revoked
    **dict.fromkeys(range(200, 300), ACCOUNT_STOPPED),  # permission missing
    341: throttled(60),
    368: throttled(LONGEST_WAIT),  # blocked for violating policies
}


class MetaChannel(Channel):
    """A channel of Meta's; `meanings` is its own table of errors, which goes before the Graph API's."""

    object_name: ClassVar[str]
    meanings: ClassVar[Meanings]
    accounts: dict[str, Any]

    def handshake(self, query: Mapping[str, str]) -> str | None:
        """The challenge, for who knows the verify token."""
        offered = query.get("hub.verify_token", "").encode()
        known = [account.verify_token.get_secret_value().encode() for account in self.accounts.values()]
        # All are compared, whichever matches first, so that the time tells nothing.
        matches = sum(hmac.compare_digest(offered, token) for token in known if token)
        return query.get("hub.challenge") if matches and query.get("hub.mode") == "subscribe" else None

    def proven(self, request: WebhookRequest) -> list[str]:
        """The accounts whose own app signed the bytes as they came; written anew, the same JSON has another proof."""
        keys = {name: set(secrets(account.app_secret)) for name, account in self.accounts.items()}
        signers = _signers(request, set().union(*keys.values()))
        return [name for name, own in keys.items() if own & signers]

    def envelope(self, request: WebhookRequest) -> list[Any]:
        """The array `entry` of a body, whose items may be anything. Raises Unreadable."""
        body = mapping(load(request.body), "the body")
        if body.get("object") != self.object_name:
            raise Unreadable(f"object is not {self.object_name}")
        return members(body, "entry")

    @abstractmethod
    def provider_id(self, body: Any) -> str:
        """The id of the message, from the answer to a send; empty where it holds none."""

    def meaning(self, code: int, subcode: int = 0) -> Meaning | None:
        """What an error code means on this channel; None where nobody knows."""
        tables = (self.meanings, GRAPH_MEANINGS)
        known = (table.get(key) for table in tables for key in ((code, subcode), code))
        return next((found for found in known if found is not None), None)

    def interpret(self, answer: Answer, delivery: pb.Delivery) -> Outcome:
        """What became of a send: by the error's code, because many throttles come as 400, then by the status."""
        succeeded = 200 <= answer.status < 300
        if succeeded and (found := self.provider_id(answer.body)):
            return Accepted(found)
        error = graph_error(answer.body)
        if error is None:
            return Unknown("no_id") if succeeded else _by_status(answer, f"http_{answer.status}")
        code = f"{error.code}/{error.subcode}" if error.subcode else str(error.code)
        meaning = self.meaning(error.code, error.subcode) or (INTERNAL if error.is_transient else None)
        if meaning is None:
            return _by_status(answer, code)
        if meaning.unknown or (meaning.internal and answer.status >= 500):
            return Unknown(code)
        if meaning.reason:
            return Rejected(code, meaning.reason)
        growing = meaning.growth ** min(max(delivery.attempt - 1, 0), 10)
        # What the platform says itself goes before what its documentation says.
        wait = answer.retry_after_seconds or min(meaning.wait * growing, LONGEST_WAIT)
        return NotAccepted(code, wait, meaning.scope)


@dataclass(frozen=True)
class GraphError:
    """The error of an answer, without the words, which may quote the call."""

    code: int
    subcode: int
    is_transient: bool


def graph_error(body: Any) -> GraphError | None:
    """The error that an answer holds, whatever it is."""
    match body:
        case {"error": {"code": int(code), **rest}}:
            subcode = rest.get("error_subcode")
            return GraphError(code, subcode if isinstance(subcode, int) else 0, rest.get("is_transient") is True)
    return None


def graph_call(account: MetaAccount, path: str, body: Mapping[str, Any]) -> Call:
    """A call of the Graph API. The token goes in a header, because addresses end up in logs."""
    return Call(
        "POST",
        f"{account.graph_api_base_url}/{account.graph_api_version}/{path}",
        headers={"authorization": f"Bearer {account.access_token.get_secret_value()}"},
        json=body,
    )


def _signers(request: WebhookRequest, keys: Collection[bytes]) -> set[bytes]:
    """Those of the keys with which the request was signed. All are tried, so that the time tells nothing."""
    offered = request.headers.get("x-hub-signature-256", "")
    if not _SIGNATURE.fullmatch(offered):
        return set()
    made = {key: hmac.new(key, request.body, hashlib.sha256).hexdigest().encode() for key in keys}
    return {key for key, digest in made.items() if hmac.compare_digest(offered[7:].encode(), digest)}


def _by_status(answer: Answer, code: str) -> Outcome:
    """Of an answer whose error nobody knows: what was refused did not reach the customer."""
    if answer.status >= 500 or 200 <= answer.status < 300:
        return Unknown(code)
    if answer.status == 429:
        return NotAccepted(code, answer.retry_after_seconds, Scope.SCOPE_ACCOUNT)
    if answer.status in {401, 403}:
        return NotAccepted(code, max(MENDING, answer.retry_after_seconds), Scope.SCOPE_ACCOUNT)
    return NotAccepted(code, answer.retry_after_seconds)
