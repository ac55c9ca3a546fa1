"""What WhatsApp, Instagram and Messenger have in common: Graph's errors, and the signed body of a webhook."""

import secrets
from collections.abc import Sequence
from typing import Any

from simulator.accounts import Account
from simulator.platforms.platform import Envelope, Json, Refusal, Update
from simulator.signing import meta_bytes, meta_signature

BATCH = 1000

# By code[/subcode]: the HTTP status, the type, and Meta's words for it.
# https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
ERRORS: dict[str, tuple[int, str, str]] = {
    "1": (500, "OAuthException", "An unknown error has occurred."),
    "2": (503, "OAuthException", "Service temporarily unavailable"),
    "4": (400, "OAuthException", "Application request limit reached"),
    "10/2018278": (400, "OAuthException", "This message is sent outside of allowed window."),
    "10/2534022": (400, "OAuthException", "This message is sent outside of allowed window."),
    "100": (400, "OAuthException", "Invalid parameter"),
    "100/2018001": (400, "OAuthException", "No matching user found"),
    "100/2534014": (400, "OAuthException", "The requested user cannot be found."),
    "100/2018109": (400, "OAuthException", "Length of param message[text] must be less than or equal to 2000"),
    "100/33": (400, "GraphMethodException", "Unsupported request. Object with this ID does not exist"),
    "190": (401, "OAuthException", "Invalid OAuth access token - Cannot parse access token"),
    "429": (429, "OAuthException", "Too many requests"),
    "551": (400, "OAuthException", "This person isn't available right now."),
    "613": (400, "OAuthException", "Calls to this api have exceeded the rate limit."),
    "1357046": (500, "OAuthException", "An unknown error has occurred."),
    "80007": (400, "OAuthException", "Rate limit hit"),
    "130429": (400, "OAuthException", "(#130429) Rate limit hit"),
    "131000": (500, "OAuthException", "(#131000) Something went wrong"),
    "131008": (400, "OAuthException", "(#131008) Required parameter is missing"),
    "131009": (400, "OAuthException", "(#131009) Parameter value is not valid"),
    "131016": (500, "OAuthException", "(#131016) Service unavailable"),
    "131026": (400, "OAuthException", "Message undeliverable"),
    "131047": (400, "OAuthException", "Re-engagement message"),
    "131051": (400, "OAuthException", "(#131051) Unsupported message type"),
    "131056": (400, "OAuthException", "(#131056) (Business Account, Consumer Account) pair rate limit hit"),
    "131062": (400, "OAuthException", "Business-scoped User ID recipients are not supported for this message."),
}


def refusal(code: str, detail: str = "", whatsapp: bool = False) -> Refusal:
    """Graph's error body."""
    number, _, subcode = code.partition("/")
    known = ERRORS.get(code) or ERRORS.get(number) or (400, "OAuthException", f"(#{number}) Error")
    status, kind, message = known
    if detail and not whatsapp:
        message = f"{message}: {detail}"
    error: Json = {"message": message, "type": kind, "code": int("4" if number == "429" else number)}
    if number == "1357046":  # the one that was sent all the same
        error["code"], error["error_subcode"] = 1, 1357046
    if subcode:
        error["error_subcode"] = int(subcode)
    if whatsapp:
        error["error_data"] = {"messaging_product": "whatsapp", "details": detail or message}
    if number in {"1", "2"}:
        error["is_transient"] = True
    error["fbtrace_id"] = secrets.token_urlsafe(8)
    return Refusal(status, {"error": error}, code)


def envelope(channel: str, body: Json, account: Account) -> Envelope:
    """Signed with the secret of the app that all of the body's accounts belong to."""
    data = meta_bytes(body)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "facebookexternalua",
        "X-Hub-Signature-256": meta_signature(account.secret, data),
    }
    return Envelope(f"/webhooks/{channel}", data, headers)


def entries(updates: Sequence[Update], key: str, now_ms: int) -> list[Json]:
    """One entry per run of updates of one account, as Messenger and Instagram have them."""
    found: list[Json] = []
    for update in updates:
        if not found or found[-1]["id"] != update.account.id:
            found.append({"id": update.account.id, "time": now_ms, key: []})
        found[-1][key].append(update.item)
    return found


def text_of(message: Any, name: str) -> str:
    """A string of a body, or 100."""
    value = message.get(name) if isinstance(message, dict) else None
    if not isinstance(value, str) or not value.strip():
        raise refusal("100", f"{name} must be a non-empty string")
    return value
