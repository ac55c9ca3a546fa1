"""The request id and trace of the work at hand: taken from a caller, carried along, handed to the next service."""

import re
import uuid
from collections.abc import Iterable
from contextvars import ContextVar

from chassis import traces

REQUEST_ID_KEY = "x-request-id"
TRACE_PARENT_KEY = "traceparent"  # W3C Trace Context

request_id: ContextVar[str] = ContextVar("request_id", default="")
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")


def bind(candidate: str | None) -> str:
    """Make `candidate` the request id of the current task, or a new one where it is missing or not a plain word."""
    chosen = candidate if candidate and _ACCEPTABLE.fullmatch(candidate) else uuid.uuid4().hex
    request_id.set(chosen)
    return chosen


def outgoing() -> Iterable[tuple[str, str]]:
    """The pairs that go with a call to another service, as gRPC metadata."""
    yield REQUEST_ID_KEY, request_id.get() or uuid.uuid4().hex
    if parent := traces.trace_parent():
        yield TRACE_PARENT_KEY, parent
