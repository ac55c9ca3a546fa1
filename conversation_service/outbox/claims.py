"""One call of ClaimDeliveries whose answer may be lost: it commits nothing too late, and puts back what nobody got."""

import time

from conversation_service.database import DatabaseUnavailable, Row, Session
from conversation_service.events import clean
from conversation_service.outbox import lines
from conversation_service.outbox.endings import count_end

_MARGIN_SECONDS = 0.1  # for the answer's way


class Claim:
    """What one call has claimed; its work may be repeated, and its caller may leave meanwhile."""

    def __init__(self, worker: str, seconds: float | None) -> None:
        """`seconds`: after which the caller takes no answer any more."""
        self.worker = clean(worker)[:200]
        self.rows: list[Row] = []  # of the last try
        self.is_committed = False
        self._ends_at = None if seconds is None else time.monotonic() + seconds - _MARGIN_SECONDS
        self._is_left = False

    def recall(self, session: Session) -> bool:
        """Whether a try before this one has claimed after all: the connection was lost with the answer to COMMIT."""
        if not self.rows:
            return False
        ids, fences, leases = ([row[place] for row in self.rows] for place in (0, 1, 11))
        held = {identity for (identity,) in session.execute("recall_claim", ids, fences, leases, self.worker)}
        self.rows = [row for row in self.rows if row[0] in held]
        return bool(self.rows)

    def leave(self) -> bool:
        """The caller has gone. Whether there is something to put back."""
        self._is_left = True
        return self.is_committed

    def check(self) -> None:
        """Raises DatabaseUnavailable where nobody waits for the answer any more."""
        if self._is_left or (self._ends_at is not None and time.monotonic() >= self._ends_at):
            raise DatabaseUnavailable("the caller waits no more")

    def commit(self, session: Session) -> None:
        """The transaction has committed."""
        self.is_committed = True
        if self._is_left:  # just now, and too late to be noticed by who left
            self.put_back(session)

    def put_back(self, session: Session) -> None:
        """Let others have what was claimed; nothing of it was sent. May be repeated."""
        for row in self.rows:
            with session.transaction():
                delivery = lines.lock(session, row[0])
                if delivery is not None and (delivery.state, delivery.fence) == ("sending", row[1]):
                    _release(session, delivery)


def _release(session: Session, delivery: lines.Held) -> None:
    if delivery.unwanted:
        lines.end(session, delivery, "cancelled", delivery.unwanted)
        count_end(delivery.channel, delivery.unwanted)
    else:
        lines.change(session, delivery, "queued", attempts=delivery.attempts - 1)
        lines.advance(session, delivery.conversation_id)
    session.execute("note_attempt", str(delivery.id), delivery.fence, "not_accepted", None, None)
