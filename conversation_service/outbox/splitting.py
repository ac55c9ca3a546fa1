"""Cuts a claimed delivery into parts that a platform takes, which share its place in the line."""

from collections.abc import Sequence

from conversation_service.database import Session
from conversation_service.events import MAX_TEXT, clean
from conversation_service.outbox import lines
from conversation_service.outbox.lines import Held
from protos import conversation_pb2 as pb

_MOST_PARTS = 300


def checked(texts: Sequence[str]) -> list[str]:
    """As they are stored. Raises ValueError with what is wrong with them."""
    if not 2 <= len(texts) <= _MOST_PARTS:
        raise ValueError(f"give 2 to {_MOST_PARTS} texts")
    if not all(texts):
        raise ValueError("a text is empty")
    if any(len(text) > MAX_TEXT for text in texts):
        raise ValueError(f"a text is longer than {MAX_TEXT} characters")
    return [clean(text) for text in texts]


def split(session: Session, request: pb.SplitDeliveryRequest, texts: list[str]) -> bool:
    """Whether the delivery has these parts now; not where the claim is over, or it has others."""
    with session.transaction():
        delivery = lines.lock(session, request.delivery_id)
        if delivery is None or delivery.fence != request.fence or delivery.state != "sending" or delivery.part:
            return False
        parts = [text for (text,) in session.execute("read_parts", str(delivery.message_id))]
        if len(parts) > 1:
            return parts == texts
        _store(session, delivery, texts)
        return True


def _store(session: Session, delivery: Held, texts: list[str]) -> None:
    # A person who has taken over meanwhile has cancelled what was queued; what is under way cannot be held any more.
    state, reason = ("cancelled", delivery.unwanted) if delivery.unwanted else ("queued", None)
    session.execute("add_parts", str(delivery.id), texts, state, reason)
