"""Decides what nobody settles: sends without an answer or a proof, and echoes that were held too long."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from prometheus_client import Counter

from conversation_service.database import Database, DatabaseBusy, DatabaseUnavailable, Row, Session
from conversation_service.effects.occurrence import Change
from conversation_service.outbox import echoes, lines, proofs

_logger = structlog.get_logger()
_resent = Counter("deliveries_resent_total", "Unknown deliveries that were sent once more, perhaps twice.", ["channel"])
_parked = Counter("deliveries_parked_total", "Unknown deliveries that were left to a person.", ["channel"])

# Returns what followers are told once it is committed.
Work = Callable[[Session], Sequence[Change]]

_AT_ONCE = 100  # of each kind in one round
_MET_SECONDS = 60.0
_STUCK_SECONDS = 30.0


@dataclass(frozen=True)
class Patience:
    """How long an unknown delivery waits for proof, in seconds, and what is done then."""

    # While the account's later sends are proven.
    proof: float
    # Without any proof at all.
    silence: float
    # Sent once more; else parked at once.
    resends: bool


class Reconciling:
    """One of possibly several: each decision is made under the conversation's lock, and only once."""

    def __init__(self, database: Database, patience: Patience, tell: Callable[[Change], None]) -> None:
        self._database = database
        self._tell = tell
        self._patience = patience
        self._next_look = 0.0

    async def sweep(self) -> None:
        """One round; costs nothing where nothing waits."""
        for work in await self._database.run(self._look):
            try:
                changes = await self._database.run(work)
            except DatabaseBusy as error:  # somebody holds the conversation
                _logger.warning("left for the next round", error=str(error))
            except DatabaseUnavailable:
                raise
            # The top of the loop over decisions: one that fails would come first in the next round, too, and what comes
            # behind it would never be decided.
            except Exception:
                _logger.exception("a decision failed")
            else:
                for change in changes:
                    self._tell(change)

    def _look(self, session: Session) -> list[Work]:
        patience = self._patience
        session.execute("expire_deliveries")
        unproven = session.execute("unproven_deliveries", patience.proof, patience.silence, _AT_ONCE)
        stale = session.execute("stale_echoes", echoes.HOLD_SECONDS, _AT_ONCE)
        met = session.execute("met_statuses", _MET_SECONDS, _AT_ONCE)
        stuck = self._stuck(session)
        return [
            *(_giving_up(identity, fence, patience.resends) for identity, fence in unproven),
            *(_judging(conversation) for (conversation,) in stale),
            *(_applying(identity) for (identity,) in met),
            *(_advancing(conversation) for (conversation,) in stuck),
        ]

    def _stuck(self, session: Session) -> list[Row]:
        """There are none as a rule, and finding that out takes a look at all that waits behind another one."""
        if time.monotonic() < self._next_look:
            return []
        stuck = session.execute("stuck_lines", _AT_ONCE)
        self._next_look = time.monotonic() + _STUCK_SECONDS
        return stuck


def _giving_up(identity: UUID, fence: int, resends: bool) -> Work:
    def work(session: Session) -> Sequence[Change]:
        with session.transaction():
            delivery = lines.lock(session, identity)
            if delivery is None or delivery.state != "unknown" or delivery.fence != fence:
                return ()
            counter = _give_up(session, delivery, resends)
            changes = echoes.judge(session, delivery.conversation_id)
        if counter is not None:
            counter.labels(delivery.channel).inc()
        return changes

    return work


def _give_up(session: Session, delivery: lines.Held, resends: bool) -> Counter | None:
    if delivery.unwanted:
        lines.end(session, delivery, "cancelled", delivery.unwanted)
        return None
    if delivery.blind_resends or not resends:
        lines.end(session, delivery, "parked", "unknown_again" if delivery.blind_resends else "unknown")
        return _parked
    lines.change(session, delivery, "queued", seconds=0, blind_resends=1)
    lines.advance(session, delivery.conversation_id)
    return _resent


def _judging(conversation: UUID) -> Work:
    def work(session: Session) -> Sequence[Change]:
        with session.transaction():
            session.execute("lock_conversation", str(conversation))
            return echoes.judge(session, conversation)

    return work


def _applying(identity: UUID) -> Work:
    def work(session: Session) -> Sequence[Change]:
        with session.transaction():
            delivery = lines.lock(session, identity)
            if delivery is not None and delivery.provider_id:
                proofs.apply_early(session, delivery, delivery.provider_id)
                return echoes.judge(session, delivery.conversation_id)
        return ()

    return work


def _advancing(conversation: UUID) -> Work:
    def work(session: Session) -> Sequence[Change]:
        with session.transaction():
            session.execute("lock_conversation", str(conversation))
            lines.advance(session, conversation)
        return ()

    return work
