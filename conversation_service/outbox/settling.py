"""Takes the outcome of a claim: what is sure, what is to be tried again, and who has to wait for it."""

import random
from collections.abc import Sequence
from typing import Any

from prometheus_client import Counter

from conversation_service import consent
from conversation_service.database import Session
from conversation_service.effects.occurrence import Change
from conversation_service.events import clean
from conversation_service.outbox import echoes, lines, proofs
from conversation_service.outbox.endings import count_end
from conversation_service.outbox.lines import Held
from protos import conversation_pb2 as pb

_settled = Counter(
    "deliveries_settled_total",
    "Claims of deliveries by what became of them.",
    ["channel", "outcome", "error_class"],
)

# Surely not accepted: again after 1 s, doubled each time up to 5 min, with jitter so that a recovering platform is not
# hit by everybody at once.
_BACKOFF_SECONDS = (1.0, 300.0)
_ACCOUNT_BACKOFF_SECONDS = (30.0, 900.0)
_ACCOUNT_REFUSALS = 3  # of one delivery; from then on it is at fault itself where the account sends to others
# A sender may ask for no more: what the platform allows again a day later is worth waiting for, and nothing after that.
# What a header says (Retry-After) the sender bounds on its own.
_LONGEST_WAIT_SECONDS = 24 * 3600.0
_SCOPES = {
    pb.SettleDeliveryRequest.NotAccepted.SCOPE_UNSPECIFIED: "delivery",
    pb.SettleDeliveryRequest.NotAccepted.SCOPE_RECIPIENT: "recipient",
    pb.SettleDeliveryRequest.NotAccepted.SCOPE_ACCOUNT: "account",
}
_REASONS = ("window_closed", "opted_out", "recipient", "content", "account")
_STATES = {"accepted": "sent", "not_accepted": "queued", "rejected": "dead", "unknown": "unknown"}


def settle(session: Session, request: pb.SettleDeliveryRequest) -> tuple[pb.SettleDeliveryResponse, Sequence[Change]]:
    """Record the outcome; a stale fence, and an outcome that is there already, change nothing."""
    outcome = str(request.WhichOneof("outcome"))
    with session.transaction():
        delivery = lines.lock(session, request.delivery_id)
        if delivery is None:
            return pb.SettleDeliveryResponse(state="", applied=False), ()
        if not _is_news(delivery, request, outcome):
            return _repeated(session, delivery, request, outcome), ()
        _APPLY[outcome](session, delivery, getattr(request, outcome))
        # After the delivery, as who expires a claim takes the two.
        _note_attempt(session, request, outcome)
        changes = echoes.judge(session, delivery.conversation_id)
        settled = lines.lock(session, delivery.id)
    # In a transaction of its own, so that nobody who holds a conversation waits for an account; where it is lost, the
    # next send says the same.
    _tell_account(session, delivery, request, outcome)
    _settled.labels(delivery.channel, outcome, _error_class(request, outcome)).inc()
    return pb.SettleDeliveryResponse(state=settled.state if settled else "", applied=True), changes


def _is_news(delivery: Held, request: pb.SettleDeliveryRequest, outcome: str) -> bool:
    """A late outcome is worth more than the guess that replaced it: an expired claim is unknown, not settled."""
    if delivery.fence != request.fence:
        return False
    if delivery.state in ("sending", "unknown"):
        return True
    # It was given up for lost, and is about to be sent again.
    return (
        outcome == "accepted" and delivery.state in ("queued", "parked") and delivery.outcome in ("unknown", "expired")
    )


def _repeated(
    session: Session, delivery: Held, request: pb.SettleDeliveryRequest, outcome: str
) -> pb.SettleDeliveryResponse:
    again = delivery.fence == request.fence and (outcome == delivery.outcome or delivery.state == _STATES[outcome])
    provider_id = proofs.as_name(request.accepted.provider_id)
    if again and outcome == "accepted" and provider_id and not delivery.provider_id:
        # A proof was faster than the answer, which names it.
        lines.change(session, delivery, provider_id=provider_id)
        proofs.apply_early(session, delivery, provider_id)
    return pb.SettleDeliveryResponse(state=delivery.state, applied=again)


def _accepted(session: Session, delivery: Held, outcome: pb.SettleDeliveryRequest.Accepted) -> None:
    provider_id = proofs.as_name(outcome.provider_id)
    # A status may have come before the answer to the send, and never goes back.
    lines.end(session, delivery, "sent", provider_id=provider_id or None, status=delivery.status or "sent")
    if provider_id:
        proofs.apply_early(session, delivery, provider_id)


def _not_accepted(session: Session, delivery: Held, outcome: pb.SettleDeliveryRequest.NotAccepted) -> None:
    if delivery.unwanted:
        lines.end(session, delivery, "cancelled", delivery.unwanted)
        count_end(delivery.channel, delivery.unwanted)
        return
    of_account = _is_of_account(delivery, outcome)
    told = min(max(outcome.retry_after_ms, 0) / 1000, _LONGEST_WAIT_SECONDS)
    # The account waits as a whole, and its deliveries have lost nothing by it.
    wait = 0.0 if of_account else max(told, _backoff(delivery.attempts))
    if delivery.seconds_left <= (0 if of_account else wait):
        # There is no use in holding the line for an attempt that could not be made in time.
        lines.end(session, delivery, "dead", "expired")
        count_end(delivery.channel, "expired")
        return
    attempts = delivery.attempts - 1 if of_account else delivery.attempts
    lines.change(session, delivery, "queued", seconds=wait, attempts=attempts)
    lines.advance(session, delivery.conversation_id)
    if outcome.scope == pb.SettleDeliveryRequest.NotAccepted.SCOPE_RECIPIENT:
        session.execute("hold_back", str(delivery.conversation_id), wait)


def _is_of_account(delivery: Held, outcome: pb.SettleDeliveryRequest.NotAccepted) -> bool:
    """Whether the account has to wait; not for one customer to whom it never sends, while others get theirs."""
    if outcome.scope != pb.SettleDeliveryRequest.NotAccepted.SCOPE_ACCOUNT:
        return False
    refusals = delivery.fence - delivery.attempts + 1  # claims that were no attempts, and this one
    # What the account sent since its last pause has ended the series of them.
    return refusals < _ACCOUNT_REFUSALS or delivery.account_failed


def _backoff(attempts: int) -> float:
    first, longest = _BACKOFF_SECONDS
    return min(first * 2.0 ** min(max(attempts - 1, 0), 16), longest) * random.uniform(0.5, 1)  # noqa: S311 - jitter


def _rejected(session: Session, delivery: Held, outcome: pb.SettleDeliveryRequest.Rejected) -> None:
    reason = clean(outcome.reason or outcome.error_code)[:200] or "rejected"
    lines.end(session, delivery, "dead", reason)
    count_end(delivery.channel, reason)
    if reason == "opted_out":
        consent.opt_out(session, str(delivery.conversation_id), None)


def _unknown(session: Session, delivery: Held, _outcome: pb.SettleDeliveryRequest.Unknown) -> None:
    lines.change(session, delivery, "unknown")


_APPLY: dict[str, Any] = {
    "accepted": _accepted,
    "not_accepted": _not_accepted,
    "rejected": _rejected,
    "unknown": _unknown,
}


def _note_attempt(session: Session, request: pb.SettleDeliveryRequest, outcome: str) -> None:
    error_code = clean(getattr(getattr(request, outcome), "error_code", ""))[:200] or None
    status = request.http_status or None
    session.execute("note_attempt", request.delivery_id, request.fence, outcome, status, error_code)


def _tell_account(session: Session, delivery: Held, request: pb.SettleDeliveryRequest, outcome: str) -> None:
    account = delivery.channel, delivery.account
    if outcome == "accepted" and delivery.account_failed:
        session.execute("resume_account", *account)
    elif outcome == "not_accepted" and _is_of_account(delivery, request.not_accepted):
        told = min(max(request.not_accepted.retry_after_ms, 0) / 1000, _LONGEST_WAIT_SECONDS)
        reason = clean(request.not_accepted.error_code)[:200] or "unknown"
        session.execute("pause_account", *account, told, reason, *_ACCOUNT_BACKOFF_SECONDS)


def _error_class(request: pb.SettleDeliveryRequest, outcome: str) -> str:
    """Few words, for a metric's label: senders write what they like."""
    if outcome == "not_accepted":
        return _SCOPES.get(request.not_accepted.scope, "delivery")
    if outcome == "rejected":
        return request.rejected.reason if request.rejected.reason in _REASONS else "other"
    return ""
