"""Refusals: each with its HTTP status, a code for programs and a sentence that says what to do."""

import random
from collections.abc import Mapping

from chassis import context
from web_gateway.bodies import ErrorDetail, dump

_RETRY = {
    "rate_limited": (429, "Too many messages in a short time: send it again in {} s."),
    "overloaded": (503, "Too much is going on right now: send the same again in {} s."),
    "unavailable": (503, "The conversations cannot be reached right now: send the same again in {} s."),
    "too_many_streams": (503, "All event streams of this server are in use: try again in {} s."),
    "not_ready": (503, "This server is starting, stopping or cut off: ask again in {} s."),
}


class ApiError(Exception):
    """A refusal that the caller may read."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})

    def body(self) -> bytes:
        """The one JSON form of all errors."""
        error: ErrorDetail = {"code": self.code, "message": self.message, "requestId": context.request_id.get()}
        return dump({"error": error})


def session_not_found() -> ApiError:
    """Forged, expired, cut off and missing sessions look the same."""
    return ApiError(404, "session_not_found", "There is no such session. Get one from POST /chat/session.")


def retry_later(code: str, seconds: int | None = None) -> ApiError:
    """A refusal that ends by itself."""
    # Not the same second for everybody, or all of them come back at once.
    wait = seconds or random.choice((1, 2))  # noqa: S311 - spreads load, guards nothing
    status, message = _RETRY[code]
    return ApiError(status, code, message.format(wait), {"Retry-After": str(wait)})


def internal() -> ApiError:
    """A defect of ours."""
    return ApiError(500, "internal", "Something broke on our side. Tell us the requestId if it happens again.")
