"""Twilio's error codes, of send calls and of failed statuses alike, and what each means for a message.

https://www.twilio.com/docs/api/errors
"""

from typing import Any

from webhook_gateway.channels.channel import MENDING, Answer
from webhook_gateway.outcomes import Accepted, NotAccepted, Outcome, Rejected, Scope, Unknown

_LONGEST_ID = 64

# Never taken, and why.
_REASONS = {
    21610: "opted_out",  # the customer wrote STOP
    63016: "window_closed",  # WhatsApp: more than 24 hours since the customer's last message
    # This customer does not get this message.
    21211: "recipient",  # no valid number
    21214: "recipient",  # cannot be reached
    21217: "recipient",
    21265: "recipient",  # a short code
    21266: "recipient",  # the number of the sender itself
    21408: "recipient",  # the country of this customer is not allowed. One foreign number must not stop the account
    21604: "recipient",  # missing
    21608: "recipient",  # not among the numbers that a trial account may write to
    21612: "recipient",  # cannot be reached from this sender
    21614: "recipient",  # no mobile number
    21635: "recipient",  # a landline
    30003: "recipient",  # switched off or out of reach
    30004: "recipient",  # blocked
    30005: "recipient",  # does not exist
    30006: "recipient",  # a landline, or a carrier out of reach
    63003: "recipient",  # not on the channel
    63015: "recipient",  # has not joined the sandbox
    63024: "recipient",
    63032: "recipient",  # part of an experiment of WhatsApp's
    63033: "recipient",
    # Nobody gets this message.
    21602: "content",  # no text
    21605: "content",  # longer than 160 characters, of old
    21617: "content",  # longer than 1600 characters
    21619: "content",  # nothing to send
    30007: "content",  # filtered by the carrier
    63013: "content",  # against WhatsApp's policy
    63021: "content",
    63030: "content",  # parameter not supported
}

# The sender or the whole account has to wait, for so many seconds.
_WAITS = {
    14107: 5,  # messages a second
    20429: 1,  # calls at once
    21611: 60,  # more messages queued than Twilio keeps
    21730: 60,  # maintenance
    30001: 60,  # more messages queued than Twilio keeps
    30022: 60,  # messages a day or a second, of the carriers
    63017: 60,
    63018: 5,  # messages a second, on WhatsApp
    63119: 60,
    63038: 3600,  # messages a day
    # A person has to mend the account.
    **dict.fromkeys(
        (
            10001,  # not active
            20003,  # not authenticated
            20005,  # not active
            20008,  # test credentials
            20404,  # no such account
            21212,  # the sender is no valid number
            21603,  # no sender
            21606,  # the sender cannot send SMS
            21607,
            21609,  # the address for statuses is none: PUBLIC_BASE_URL
            21660,  # the sender is another account's
            21661,
            21701,  # no such messaging service
            21703,  # it has no numbers
            21704,
            21705,
            30002,  # suspended
            30034,  # the number is not registered with the carriers
            63001,  # WhatsApp does not accept Twilio's word for the sender
            63002,
            63007,  # no such WhatsApp sender
            63020,  # the business has not accepted Twilio's invitation
        ),
        MENDING,
    ),
}


def outcome(answer: Answer) -> Outcome:
    """What became of a send."""
    body: dict[str, Any] = answer.body if isinstance(answer.body, dict) else {}
    if 200 <= answer.status < 300:
        sid = body.get("sid")
        return Accepted(sid) if isinstance(sid, str) and 0 < len(sid) <= _LONGEST_ID else Unknown("no_id")
    number = body.get("code")
    known = isinstance(number, int) and 0 < number < 10**6
    code = str(int(number)) if isinstance(number, int) and known else f"http_{answer.status}"
    if answer.status >= 500:
        return Unknown(code)
    if known and number in _REASONS:
        return Rejected(code, _REASONS[number])
    wait = float(_WAITS.get(number, 0)) if known and isinstance(number, int) else 0.0
    if not wait and answer.status in {401, 403, 404}:
        wait = MENDING
    scope = Scope.SCOPE_ACCOUNT if wait or answer.status == 429 else Scope.SCOPE_UNSPECIFIED
    return NotAccepted(code, max(wait, answer.retry_after_seconds), scope)


def status_reason(code: str) -> str:
    """Why a message failed, of which Twilio said so after it had taken it; empty where nobody knows."""
    number = int(code) if code.isascii() and code.isdigit() and len(code) < 10 else 0
    return _REASONS.get(number, "account" if number in _WAITS else "")
