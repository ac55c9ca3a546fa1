"""Telegram's answers to a send, and what each means for the message.

https://core.telegram.org/bots/api#making-requests; an error has a status and a description, and no other code. The
descriptions are those of Telegram's own server: https://github.com/tdlib/telegram-bot-api (Client.cpp).
"""

from webhook_gateway.channels.channel import LONGEST_WAIT, MENDING, Answer
from webhook_gateway.outcomes import Accepted, NotAccepted, Outcome, Rejected, Scope, Unknown

_LONGEST_ID = 20  # digits

# Refused for good, by what the description of a 400 or 403 holds, in lower case; the first that fits counts.
_REFUSALS = {
    "blocked by the user": "opted_out",
    "user is deactivated": "recipient",
    "can't initiate conversation": "recipient",
    "bot was kicked": "recipient",
    "chat not found": "recipient",
    "user not found": "recipient",
    "peer_id_invalid": "recipient",
    "not enough rights": "recipient",
    "chat_write_forbidden": "recipient",
    "message is too long": "content",
    "message text is empty": "content",
    "text must be non-empty": "content",
    "text must be encoded": "content",
    "can't parse": "content",
}


def outcome(answer: Answer, chat: str) -> Outcome:
    """What became of a send to `chat`."""
    body = answer.body if isinstance(answer.body, dict) else {}
    if 200 <= answer.status < 300:
        return _taken(body, chat)
    code = str(answer.status)
    if answer.status >= 500:
        return Unknown(code)
    parameters = body.get("parameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    if answer.status == 429:
        # It does not say whether the bot or the chat was too fast. Our pace keeps to the limit of a chat, and a bot
        # that goes on sending to others has to wait longer each time: so all of it waits.
        return NotAccepted(code, _wait(parameters, answer), Scope.SCOPE_ACCOUNT)
    if answer.status in {401, 404, 409}:  # the token was revoked or is wrong; somebody else uses the bot
        return NotAccepted(code, MENDING, Scope.SCOPE_ACCOUNT)
    reason = _reason(answer.status, body, parameters)
    return Rejected(code, reason) if reason else NotAccepted(code)


def _reason(status: int, body: dict[str, object], parameters: dict[str, object]) -> str:
    """Why it will never be taken; empty where nobody knows."""
    if status not in {400, 403}:
        return ""
    if "migrate_to_chat_id" in parameters:  # a group that became a supergroup; the bot talks to neither
        return "recipient"
    description = body.get("description")
    told = description.lower() if isinstance(description, str) else ""
    known = next((reason for words, reason in _REFUSALS.items() if words in told), "")
    return known or ("recipient" if status == 403 else "")


def _taken(body: dict[str, object], chat: str) -> Outcome:
    match body:
        case {"ok": True, "result": {"message_id": int(found)}} if 0 < found < 10**_LONGEST_ID:
            return Accepted(f"{chat}:{int(found)}")
    return Unknown("no_id")


def _wait(parameters: dict[str, object], answer: Answer) -> float:
    seconds = parameters.get("retry_after")
    told = float(min(max(seconds, 0), LONGEST_WAIT)) if isinstance(seconds, int) else 0.0
    return max(told, answer.retry_after_seconds)
