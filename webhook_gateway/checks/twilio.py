"""What is tried of a Twilio sender: the account, its keys, and where its number delivers and how often it tries."""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, quote

from webhook_gateway.channels.channel import Call
from webhook_gateway.channels.twilio_request import RETRIES
from webhook_gateway.checks.finding import Finding, Stuck, mend, note, right
from webhook_gateway.checks.probing import Checks, Probing


def account(probing: Probing) -> Iterator[Finding]:
    """Whether the tokens, which prove webhooks, are the account's."""
    variable, sid = probing.variable("auth_token"), probing.account.account_sid
    keys = probing.keys("auth_token")
    answers = [_get(probing, f"{_base(probing)}.json", (sid, key.decode())) for key in keys]
    opened = [found for found in answers if found is not None]
    if not opened:
        which = f"{variable} is not the token of {probing.variable('account_sid')}"
        raise Stuck(f"{which}: copy both from the Console's Account Info (a test credential does not do).")
    status = opened[0].get("status", "active")
    if status != "active":
        yield mend(f"The account is {probing.shown(status)}: settle it with Twilio.")
    else:
        yield right(f"{variable} opens the account {probing.shown(opened[0].get('friendly_name'))}.")
    if len(opened) < len(keys):
        yield note(f"{variable} holds {len(keys)} tokens, of which {len(opened)} is valid: remove the old one later.")
    if opened[0].get("type") == "Trial":
        yield note("It is a trial account: it sends to verified numbers only, and adds a line of its own.")


def api_key(probing: Probing) -> Iterator[Finding]:
    """Whether the key that sends is valid; without one the token sends."""
    if not probing.account.api_key:
        return
    variable = probing.variable("api_key")
    if _get(probing, f"{_base(probing)}/Messages.json?PageSize=1", probing.account.credentials()) is None:
        yield mend(f"{variable} and {probing.variable('api_secret')} are refused: make a new key in the Console.")
    else:
        yield right(f"{variable} opens the account's messages.")


def sender(probing: Probing) -> Iterator[Finding]:
    """Where it delivers. Of a WhatsApp sender the API does not tell."""
    name, token = probing.account.sender, probing.keys("auth_token")
    opened = (probing.account.account_sid, token[0].decode())
    if name.startswith("MG"):
        base = probing.account.api_base_url.replace("://api.", "://messaging.", 1)
        yield from _service(probing, _get(probing, f"{base}/v1/Services/{name}", opened))
    elif name.startswith("whatsapp:"):
        yield note(f"See yourself that Messaging → Senders → WhatsApp senders says {_wanted(probing)}, by POST.")
    else:
        query = f"?PhoneNumber={quote(name, safe='')}"
        yield from _number(probing, _get(probing, f"{_base(probing)}/IncomingPhoneNumbers.json{query}", opened))


def _number(probing: Probing, found: Mapping[str, Any] | None) -> Iterator[Finding]:
    listed = (found or {}).get("incoming_phone_numbers")
    number = listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else None
    if number is None:
        yield mend(f"{probing.variable('sender')} is no number of this account: see Phone Numbers → Active numbers.")
        return
    can = number.get("capabilities")
    if isinstance(can, dict) and can.get("sms") is False:
        yield mend("The number cannot do SMS: take one that can.")
    place = "Phone Numbers → Active numbers → Messaging → A message comes in"
    if number.get("sms_application_sid"):
        yield note("A TwiML app handles the number's messages: see yourself that it delivers here.")
    else:
        yield from _delivers(probing, place, number.get("sms_url"), number.get("sms_method"))
        yield from _fallback(probing, number.get("sms_fallback_url"))


def _service(probing: Probing, found: Mapping[str, Any] | None) -> Iterator[Finding]:
    if found is None:
        yield mend(f"{probing.variable('sender')} is no messaging service of this account.")
    elif found.get("use_inbound_webhook_on_number") is True:
        yield note(f"The service leaves its webhook to its numbers: see yourself that each says {_wanted(probing)}.")
    else:
        place = "Messaging → Services → Integration → Send a webhook"
        yield from _delivers(probing, place, found.get("inbound_request_url"), found.get("inbound_method"))
        yield from _fallback(probing, found.get("fallback_url"))


def _delivers(probing: Probing, place: str, url: Any, method: Any) -> Iterator[Finding]:
    wanted = _wanted(probing)
    address, _, fragment = str(url or "").partition("#")
    overrides = parse_qs(fragment)
    if address != probing.webhook_url:
        yield mend(f"It delivers to {probing.shown(address) or 'nothing'}: set {place} to {wanted}")
    elif method != "POST":
        yield mend(f"It delivers by {probing.shown(method)}: set {place} to HTTP POST.")
    elif overrides.get("rp") != ["all"] or overrides.get("rc", ["0"])[0] not in set("12345"):
        yield mend(f"What we cannot take at once is lost, because Twilio does not repeat it: set {place} to {wanted}")
    else:
        yield right(f"It delivers to {probing.webhook_url}, and tries again.")


def _fallback(probing: Probing, url: Any) -> Iterator[Finding]:
    if not url:
        yield note(f"There is no fallback address, which is the last try: it may be {_wanted(probing)} too.")
    elif str(url).partition("#")[0] != probing.webhook_url:
        yield note(f"The fallback is {probing.shown(url)}: what goes there is not answered by Spur.")


def _wanted(probing: Probing) -> str:
    return f"{probing.webhook_url}{RETRIES}"


def _base(probing: Probing) -> str:
    return f"{probing.account.api_base_url}/2010-04-01/Accounts/{probing.account.account_sid}"


def _get(probing: Probing, url: str, credentials: tuple[str, str]) -> Mapping[str, Any] | None:
    """The object; None where it is refused or does not exist. Raises Stuck where nobody knows."""
    answer = probing.ask(Call("GET", url, basic=credentials))
    if answer.status == 200 and isinstance(answer.body, dict):
        return answer.body
    if answer.status in {401, 403, 404}:
        return None
    raise Stuck(f"Twilio answered HTTP {answer.status}, which says nothing: try again later.")


def empty_webhook(probing: Probing, key: bytes) -> Call:
    """A status of nothing, for a number that is nobody's: it is counted, and not kept."""
    form = {"AccountSid": probing.account.account_sid, "MessageSid": f"SM{'0' * 32}", "MessageStatus": "sent"}
    said = "".join(f"{name}{value}" for name, value in sorted(form.items()))
    signature = hmac.new(key, f"{probing.webhook_url}{said}".encode(), hashlib.sha1).digest()
    headers = {"x-twilio-signature": base64.b64encode(signature).decode()}
    return Call("POST", probing.webhook_url, headers=headers, form=form)


CHECKS = Checks(
    probes=(account, api_key, sender),
    secret_field="auth_token",  # noqa: S106 - names a setting
    empty_webhook=empty_webhook,
)
