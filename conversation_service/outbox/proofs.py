"""What platforms say about deliveries: it proves that they were taken, and never goes back."""

from prometheus_client import Counter

from conversation_service import consent
from conversation_service.database import Session
from conversation_service.events import clean
from conversation_service.identifiers import is_id
from conversation_service.outbox import lines
from conversation_service.outbox.endings import count_end
from conversation_service.outbox.lines import Held

_proofs = Counter("deliveries_proven_total", "Deliveries that a platform has proven, by how.", ["channel", "status"])

_LONGEST_ID = 512
_RANKS = {"sent": 1, "delivered": 2, "read": 3}


def as_name(provider_id: str) -> str:
    """A platform's id as we keep it, which must fit into an index."""
    return clean(provider_id)[:_LONGEST_ID]


def find(session: Session, account: tuple[str, str], delivery_id: str, provider_id: str) -> Held | None:
    """The delivery that a platform's word is about, its conversation locked. `account`: channel and account.

    By our own id first, where the platform brings it back; None where it is none of that account's.
    """
    ids = [delivery_id] if is_id(delivery_id) else []
    if provider_id:
        ids += [str(identity) for (identity,) in session.execute("find_delivery", *account, provider_id)]
    for identity in ids:
        delivery = lines.lock(session, identity)
        if delivery is not None and (delivery.channel, delivery.account) == account:
            return delivery
    return None


def prove(session: Session, delivery: Held, status: str, provider_id: str = "", reason: str = "") -> None:
    """`status` is sent, delivered, read or failed. The delivery's conversation is locked."""
    if not delivery.fence:
        return  # it was handed to nobody: whoever speaks of it is mistaken
    if status == "failed":
        _fail(session, delivery, provider_id, reason)
        return
    name = None if delivery.provider_id else provider_id or None
    risen = status if rises(delivery.status, status) else None
    _note_proof(session, delivery, status)
    if delivery.holds_line or delivery.state == "parked":
        lines.end(session, delivery, "sent", provider_id=name, status=risen)
    elif name or risen:
        lines.change(session, delivery, provider_id=name, status=risen)


def rises(current: str | None, status: str) -> bool:
    """Whether the platform's word is news: a status only ever rises, and failed counts only before delivered."""
    if status == "failed":
        return current in (None, "sent")
    return current != "failed" and _RANKS[status] > _RANKS.get(current or "", 0)


def apply_early(session: Session, delivery: Held, provider_id: str) -> None:
    """What came about it before anybody knew that id of it; the delivery is named by it now."""
    for status, reason in session.execute("take_early_status", delivery.channel, delivery.account, provider_id):
        if current := lines.lock(session, delivery.id):
            prove(session, current, status, provider_id, reason)


def _note_proof(session: Session, delivery: Held, status: str) -> None:
    if not delivery.is_proven:
        session.execute("prove_delivery", str(delivery.id))
        _proofs.labels(delivery.channel, status).inc()


def _fail(session: Session, delivery: Held, provider_id: str, reason: str) -> None:
    if delivery.blind_resends and delivery.state == "sending" and provider_id:
        # Which of the two copies failed is plain once the second one's sending is answered.
        session.execute("keep_early_status", delivery.channel, delivery.account, provider_id, "failed", reason)
        return
    if not rises(delivery.status, "failed"):
        return
    _note_proof(session, delivery, "failed")
    name = None if delivery.provider_id else provider_id or None
    if delivery.state in ("dead", "cancelled"):
        lines.change(session, delivery, provider_id=name, status="failed")
        return
    lines.end(session, delivery, "dead", reason or "failed", provider_id=name, status="failed")
    count_end(delivery.channel, reason)
    if reason == "opted_out":
        consent.opt_out(session, str(delivery.conversation_id), None)
