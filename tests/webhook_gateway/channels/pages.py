"""What the tests of Messenger and Instagram share: accounts, signed bodies, and the Graph API's answers."""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Any, TypeVar

from webhook_gateway.channels.channel import Answer, WebhookRequest
from webhook_gateway.channels.pages import PagesAccount
from webhook_gateway.outcomes import Accepted, NotAccepted, Outcome, Rejected, Scope, Unknown

TIME = 1789984800000
APP, OTHER_APP = 880011223344556, 263902030405060
SECRETS = (
    "glaze-secret-of-yesterday",
    "glaze-secret-of-today",
    "EAAG-glaze-token",
    "glaze-verify-word",
    "EAAG-glaze-second",
)
APP_SECRETS = SECRETS[:2]
ACCOUNT = Scope.SCOPE_ACCOUNT

AccountT = TypeVar("AccountT", bound=PagesAccount)


def account(kind: type[AccountT], identity: str, **changes: str) -> AccountT:
    """One of a channel's own kind."""
    given = {
        kind.id_field: identity,
        "access_token": SECRETS[2],
        "app_secret": " , ".join(APP_SECRETS),
        "verify_token": SECRETS[3],
        "app_id": str(APP),
    }
    return kind(**{**given, **changes})


def two(kind: type[AccountT], first: str, second: str) -> list[AccountT]:
    """The accounts of a channel under test."""
    return [account(kind, first), account(kind, second, access_token=SECRETS[4])]


def variables_of(name: str, accounts: Sequence[PagesAccount]) -> dict[str, str]:
    """What describes the `two` accounts of the channel `name`."""
    variable = accounts[0].id_field.upper()
    return {
        f"{name}_{variable}": accounts[0].id,
        f"{name}_ACCESS_TOKEN": SECRETS[2],
        f"{name}_APP_SECRET": " , ".join(APP_SECRETS),
        f"{name}_VERIFY_TOKEN": SECRETS[3],
        f"{name}_APP_ID": str(APP),
        f"{name}_2_{variable}": accounts[1].id,
        f"{name}_2_ACCESS_TOKEN": SECRETS[4],
    }


def signed(body: bytes, secret: str = APP_SECRETS[0]) -> WebhookRequest:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return WebhookRequest({"x-hub-signature-256": f"sha256={digest}"}, body)


def failed(code: int, subcode: int = 0, status: int = 400, **more: object) -> Answer:
    error = {"message": "(#x) words", "code": code, "fbtrace_id": "Az1", **more}
    return Answer(status, {"error": {**error, **({"error_subcode": subcode} if subcode else {})}}, {})


def waits(code: str, seconds: float = 0, scope: Any = Scope.SCOPE_UNSPECIFIED) -> NotAccepted:
    return NotAccepted(code, seconds, scope)


def rejected(reason: str, *codes: tuple[int, int]) -> dict[str, tuple[Answer, int, Outcome]]:
    names = {code: f"{code[0]}/{code[1]}" if code[1] else str(code[0]) for code in codes}
    return {name: (failed(*code), 1, Rejected(name, reason)) for code, name in names.items()}


# What the Graph API answers for both.
ANSWERS: dict[str, tuple[Answer, int, Outcome]] = {
    "taken": (Answer(200, {"recipient_id": "7", "message_id": "m_A"}, {}), 1, Accepted("m_A")),
    "taken, without a recipient": (Answer(200, {"message_id": "m_B"}, {}), 1, Accepted("m_B")),
    "taken, without an id": (Answer(200, {"recipient_id": "7"}, {}), 1, Unknown("no_id")),
    "taken, with an empty id": (Answer(200, {"message_id": ""}, {}), 1, Unknown("no_id")),
    "taken, without JSON": (Answer(200, None, {}), 1, Unknown("no_id")),
    "perhaps sent, says the platform": (failed(1, 1357046), 1, Unknown("1/1357046")),
    "perhaps sent, as an error of the server": (failed(1, 1357046, 500), 1, Unknown("1/1357046")),
    "unknown, refused": (failed(1), 1, waits("1")),
    "unknown, perhaps taken": (failed(1, 0, 500), 1, Unknown("1")),
    "down, refused": (failed(2), 1, waits("2")),
    "down, perhaps taken": (failed(2, 0, 503), 1, Unknown("2")),
    "too many of the app": (failed(4), 1, waits("4", 60, ACCOUNT)),
    "too many of the user": (failed(17), 1, waits("17", 60, ACCOUNT)),
    "too many a second": (failed(613, 2534040), 1, waits("613/2534040", 10, ACCOUNT)),
    "too many a second, with a server's status": (failed(613, 0, 503), 1, waits("613", 10, ACCOUNT)),
    "token dead": (failed(190, 463, 401), 1, waits("190/463", 300, ACCOUNT)),
    "permission missing": (failed(200), 1, waits("200", 300, ACCOUNT)),
    "permission missing, otherwise": (failed(10), 1, waits("10", 300, ACCOUNT)),
    "restricted": (failed(10, 1893063), 1, waits("10/1893063", 300, ACCOUNT)),
    "account not there": (failed(100, 33), 1, waits("100/33", 300, ACCOUNT)),
    "policy": (failed(368), 1, waits("368", 3600, ACCOUNT)),
    "new and transient": (failed(987650, is_transient=True), 1, waits("987650")),
    "new": (failed(987650), 1, waits("987650")),
    "new, perhaps taken": (failed(987650, 0, 502), 1, Unknown("987650")),
    "gateway error": (Answer(502, None, {}), 1, Unknown("http_502")),
    "too many requests": (Answer(429, None, {"retry-after": "12"}), 1, waits("http_429", 12, ACCOUNT)),
    **rejected("window_closed", (10, 2534022)),
    **rejected("recipient", (551, 0), (551, 1545041), (100, 2018300), (10, 2018300), (200, 2018321)),
    **rejected("content", (100, 0), (100, 987650)),
}
