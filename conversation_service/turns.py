"""The life of a turn: claimed under a fence and a lease, renewed, and finished once, or handed back."""

import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from prometheus_client import Counter

from chassis.faultpoints import faultpoint
from conversation_service.database import REFUSED, Database, DatabaseBusy, DatabaseUnavailable, Row, Session, columns
from conversation_service.gathering import Gathering
from protos import llm_pb2

_fenced = Counter("turns_fenced_total", "Replies that came too late: another claim or another owner had taken over.")

Claim = tuple[str, int, int]  # conversation, turn number, fence
FIRST_FENCE = 1


class Terms(NamedTuple):
    """On which a worker claims turns."""

    worker: str  # the address under which other replicas find it
    lease: float  # seconds
    history_limit: int


@dataclass(frozen=True, slots=True)
class Turn:
    """A claimed turn."""

    conversation_id: str
    turn_no: int
    fence: int
    attempts: int  # this one included
    request_id: str
    trace_parent: str | None
    channel: str
    account: str
    surface: str
    seconds_left: float  # until the safe text is due, when claimed
    waited: float  # seconds since the turn was opened, when claimed
    silence: str | None  # why no reply is due, where that is so
    is_first_reply: bool  # of a conversation on a messaging platform
    # The texts of the turn's own messages, oldest first; empty where more than a text came: it is no word of consent.
    asked: list[str] = field(default_factory=list)
    history: list[llm_pb2.HistoryMessage] = field(default_factory=list)  # oldest first, the turn's own messages last

    @property
    def claim(self) -> Claim:
        return self.conversation_id, self.turn_no, self.fence


@dataclass(frozen=True)
class Reply:
    """What will be said, and how it came about."""

    text: str
    calls: Sequence[llm_pb2.Call]
    used_fallback: bool
    error_code: str
    citations: Sequence[llm_pb2.Citation] = ()
    prompt_version: str = ""
    knowledge_version: str = ""
    latency_ms: int = 0
    # Under which it is committed, however often that is tried: an answer that was lost on its way is found again.
    message_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def versions(self) -> tuple[str, str]:
        """Of the prompt and of the knowledge."""
        return self.prompt_version, self.knowledge_version

    def meta(self) -> dict[str, Any]:
        """The contract's ReplyMeta, in JSON."""
        last = self.calls[-1]
        return {
            "provider": last.provider,
            "model": last.model,
            "used_fallback": self.used_fallback,
            "error_code": self.error_code,
            "prompt_tokens": last.prompt_tokens,
            "completion_tokens": last.completion_tokens,
            "latency_ms": self.latency_ms,
            "citations": [{"source": item.source, "title": item.title} for item in self.citations],
        }


@dataclass(frozen=True)
class Committed:
    """A reply that is stored."""

    message_id: str
    seq: int
    rev: int
    created_at: datetime
    is_followed_by_a_turn: bool


class Turns:
    """Claims and finishes turns for one worker."""

    def __init__(
        self, database: Database, worker: str, lease: float, deadline: float, history_limit: int, hourly: int = 0
    ) -> None:
        """`worker` is the address under which other replicas find this one; `lease` and `deadline` are seconds.

        `hourly` is the number of replies to one customer of a platform, 0: no limit.
        """
        self._database = database
        self.terms = Terms(worker, lease, history_limit)
        self._deadline = deadline
        self._hourly = hourly
        self._finishing = Gathering(self._finish, alone_after=(DatabaseBusy, *REFUSED))

    async def claim(self, limit: int) -> list[Turn]:
        """Up to `limit` due turns, with their inputs, which were read after the claim was committed."""

        claimed: list[Row] = []

        def work(session: Session) -> list[Turn]:
            if not claimed:  # else the connection was lost between the claim and the reading
                claimed.extend(session.execute("claim_turns", limit, *self.terms[:2], self._deadline, self._hourly))
            turns = {(row[0], row[1]): _turn(*row) for row in claimed}
            if turns:
                inputs = session.execute("read_inputs", *columns(list(turns), 2), self.terms.history_limit)
                for conversation_id, turn_no, author, text, kind, is_own, is_bare in reversed(inputs):
                    turn = turns[conversation_id, turn_no]
                    turn.history.append(_history_message(author, text, kind))
                    if is_own and author == "customer":
                        turn.asked.append(text if is_bare else "")
            return [self._unless_deleted(turn) for turn in turns.values()]

        try:
            return await self._database.run(work)
        except DatabaseUnavailable:
            await self.release([row[:3] for row in claimed])
            raise

    def _unless_deleted(self, turn: Turn) -> Turn:
        """Silent where nothing of what it asked is left: it was deleted between the claim and the reading."""
        is_empty = not turn.asked and len(turn.history) < self.terms.history_limit
        return replace(turn, silence=turn.silence or "deleted") if is_empty else turn

    async def renew(self, turns: Sequence[Turn]) -> set[Claim]:
        """Extend the leases of `turns`; the claims that are still held."""
        claims = columns([turn.claim for turn in turns], 3)
        rows = await self._database.run(lambda session: session.execute("renew_turns", *claims, self.terms.lease))
        return {(conversation_id, turn_no, fence) for conversation_id, turn_no, fence in rows}

    async def finish(self, turn: Turn, reply: Reply) -> Committed | None:
        """Commit the reply with its outbox row and its calls; None where the turn is no longer ours."""
        committed = await self._finishing.add((turn, reply))
        if committed is None:
            _fenced.inc()
        return committed

    async def _finish(self, replies: list[tuple[Turn, Reply]]) -> list[Committed | None]:
        rows = [
            (*turn.claim, reply.message_id, reply.text, json.dumps(reply.meta()), *reply.versions, turn.request_id)
            for turn, reply in replies
        ]
        calls = [row for place, (_turn, reply) in enumerate(replies, start=1) for row in _call_rows(place, reply)]

        def work(session: Session) -> list[Row]:
            committed = session.execute("finish_turns", *columns(rows, 9), *columns(calls, 11))
            if missing := {reply.message_id for _turn, reply in replies} - {row[0] for row in committed}:
                committed += session.execute("find_replies", list(missing))
            return committed

        committed = await self._database.run(work)
        faultpoint("reply.committed")
        found = {row[0]: Committed(*row) for row in committed}
        return [found.get(reply.message_id) for _turn, reply in replies]

    async def silence(self, turn: Turn, reason: str) -> bool:
        """End the turn without a reply; False where it is no longer ours."""
        rows = await self._database.run(lambda session: session.execute("silence_turn", *turn.claim, reason))
        return bool(rows)

    async def release(self, claims: Sequence[Claim]) -> None:
        """Hand unfinished turns back at once, as if they had not been tried; those of other workers stay theirs."""
        if claims:
            held = *columns(claims, 3), self.terms.worker
            await self._database.run(lambda session: session.execute("release_turns", *held))

    async def release_expired(self) -> int:
        """Put turns of silent workers back into the line; how many."""
        return len(await self._database.run(lambda session: session.execute("release_expired")))

    async def oldest_wait(self) -> float:
        """Seconds that the oldest due turn has waited for a worker."""
        rows = await self._database.run(lambda session: session.execute("oldest_turn"))
        return float(rows[0][0])


def _turn(conversation_id: str, turn_no: int, fence: int, attempts: int, request_id: str | None, *rest: Any) -> Turn:
    return Turn(conversation_id, turn_no, fence, attempts, request_id or "", *rest)


def claimed_at_once(
    conversation_id: str,
    turn_no: int,
    request_id: str,
    trace_parent: str | None,
    channel: str,
    account: str,
    *,
    seconds_left: float,
    history: Iterable[tuple[str, str, str]],
) -> Turn:
    """A turn as sql/record_events.sql claims it; `history` is author, text and kind, newest first."""
    messages = [_history_message(*message) for message in history][::-1]
    place = channel, account, "live", seconds_left, 0.0
    return Turn(
        conversation_id, turn_no, FIRST_FENCE, 1, request_id, trace_parent, *place, None, False, history=messages
    )


_ROLES = {
    "customer": llm_pb2.ROLE_CUSTOMER,
    "assistant": llm_pb2.ROLE_ASSISTANT,
    "human": llm_pb2.ROLE_HUMAN,
}


def _history_message(author: str, text: str, kind: str) -> llm_pb2.HistoryMessage:
    # A picture without words is still something that the customer said.
    return llm_pb2.HistoryMessage(role=_ROLES[author], text=text or f"({kind})")


def _call_rows(place: int, reply: Reply) -> Iterator[tuple[object, ...]]:
    for rung, call in enumerate(reply.calls):
        yield (
            place,
            rung,
            call.provider,
            call.model,
            # Made because another failed, or in place of a model that is not configured.
            rung > 0 or (reply.used_fallback and len(reply.calls) == 1),
            call.error_code,
            call.prompt_tokens,
            call.completion_tokens,
            call.latency_ms,
            call.first_token_ms,
            call.cost_micros,
        )
