"""The answering worker: claims due turns, has them written, commits the replies; each costs a coroutine."""

import asyncio
import contextlib
import random
import time
from collections.abc import Sequence
from dataclasses import replace

import structlog
from prometheus_client import Counter, Gauge, Histogram

from chassis import context, traces
from chassis.faultpoints import faultpoint
from conversation_service import consent, messages
from conversation_service.database import DatabaseUnavailable
from conversation_service.followers import Thread
from conversation_service.hub import Hub
from conversation_service.loops import every
from conversation_service.previews import Preview
from conversation_service.turns import Claim, Committed, Reply, Terms, Turn, Turns
from conversation_service.writer import Writer, fixed_reply, safe_reply

_logger = structlog.get_logger()
_in_flight = Gauge("turns_in_flight", "Turns that this process is answering.")
_ended = Counter("turns_ended_total", "Turns by how they ended.", ["outcome", "provider", "error_code"])
_seconds = Histogram(
    "turn_duration_seconds",
    "From the first message of a turn to its reply.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60),
)

_POLL_SECONDS = 0.5  # the truth; being woken is only faster
_SWEEP_SECONDS = 1.0
_CLAIM_AT_ONCE = 64
_THIRD_ATTEMPT = 3


class Answering:
    """One worker. All its state is lost without harm: what it holds are leases."""

    def __init__(
        self, turns: Turns, writer: Writer, hub: Hub, concurrency: int, lease_seconds: float, notice: str
    ) -> None:
        """`notice` begins the first reply of each conversation on a messaging platform; empty: nothing does."""
        self._notice = notice
        self._turns = turns
        self._writer = writer
        self._hub = hub
        self._concurrency = concurrency
        self._renew_seconds = lease_seconds / 3
        self._tasks: dict[Claim, tuple[Turn, asyncio.Task[None]]] = {}
        self._ending: set[Claim] = set()  # whose outcome is being stored: from there on the fence decides
        self._claiming = asyncio.Lock()  # a round under way, which a drain must wait for
        self._wakeup = asyncio.Event()
        self._reserved = 0  # for turns that are claimed as they are recorded
        self._draining = False
        self.oldest_wait = 0.0  # seconds, at most a sweep old

    def wake(self) -> None:
        """There may be a due turn."""
        self._wakeup.set()

    async def run(self) -> None:
        """Answer until cancelled."""
        await asyncio.gather(
            every(_POLL_SECONDS, self._claim, self._wakeup),
            every(_SWEEP_SECONDS, self._sweep),
            every(self._renew_seconds, self._renew),
        )

    async def drain(self) -> None:
        """Claim nothing more, and hand back what is not finished."""
        self._draining = True
        async with self._claiming:
            held = dict(self._tasks)
        for _turn, task in held.values():
            task.cancel()
        await asyncio.gather(*(task for _turn, task in held.values()), return_exceptions=True)
        await self._hand_back(list(held))

    @property
    def _room(self) -> int:
        return max(0, self._concurrency - len(self._tasks) - self._reserved)

    def reserve(self, count: int) -> Terms | None:
        """Room for turns that are claimed as they are recorded, until `begin`; None where there is none."""
        if self._draining or count > self._room:
            return None
        self._reserved += count
        return self._turns.terms

    async def begin(self, turns: Sequence[Turn], reserved: int, lost: Sequence[Claim]) -> None:
        """Answer what was claimed, or hand it back where the drain began meanwhile.

        `lost` may have been claimed without our knowing: what nobody answers of it is handed back too.
        """
        if not self._room:
            self.wake()  # who found none for that reason looks again
        self._reserved -= reserved
        if not self._draining:
            for turn in turns:
                faultpoint("turn.claimed")
                self._begin(turn)
            _in_flight.set(len(self._tasks))
        await self._hand_back([claim for claim in (*(turn.claim for turn in turns), *lost) if claim not in self._tasks])

    async def _hand_back(self, claims: Sequence[Claim]) -> None:
        """Whoever looks for due turns next has them, we too unless we drain."""
        if claims:
            with contextlib.suppress(DatabaseUnavailable):  # then the leases run out
                await self._turns.release(claims)
            self.wake()

    async def _claim(self) -> None:
        """Claim what is due, as long as there is room and more may be due."""
        while room := min(self._room, _CLAIM_AT_ONCE):
            async with self._claiming:
                if self._draining:
                    return
                claimed = await self._turns.claim(room)
                for turn in claimed:
                    faultpoint("turn.claimed")
                    self._begin(turn)
            _in_flight.set(len(self._tasks))
            if len(claimed) < room:
                return

    def _begin(self, turn: Turn) -> None:
        if turn.attempts > 1:  # an earlier attempt may be our own, whose lease ran out while we could not renew it
            for earlier, task in self._tasks.values():
                if earlier.claim[:2] == turn.claim[:2]:
                    task.cancel()
        task = asyncio.create_task(self._answer(turn))
        self._tasks[turn.claim] = turn, task
        # Not by the task itself: one that is cancelled before it runs would never do it.
        task.add_done_callback(lambda _task: self._forget(turn))

    def _forget(self, turn: Turn) -> None:
        del self._tasks[turn.claim]
        self._ending.discard(turn.claim)
        _in_flight.set(len(self._tasks))
        if len(self._tasks) + 1 >= self._concurrency:
            self.wake()  # there is room again

    async def _sweep(self) -> None:
        released = await self._turns.release_expired()
        if released:
            _logger.warning("turns of a silent worker are free again", count=released)
            self.wake()
        self.oldest_wait = await self._turns.oldest_wait()

    async def _renew(self) -> None:
        held = [turn for turn, _task in self._tasks.values()]
        if not held:
            return
        still_held = await self._turns.renew(held)
        for turn in held:
            entry = self._tasks.get(turn.claim)
            # One that is being stored may be done by now, and its followers are still to be told.
            if entry and turn.claim not in still_held and turn.claim not in self._ending:
                _logger.warning("a turn was taken over", conversation=turn.conversation_id, turn=turn.turn_no)
                entry[1].cancel()

    async def _answer(self, turn: Turn) -> None:
        thread = turn.conversation_id, turn.channel, turn.account
        preview = self._hub.previews.begin(thread, turn.turn_no, turn.fence)
        context.bind(turn.request_id)
        committed = False
        try:
            with traces.span("answer", parent=turn.trace_parent, turn=turn.turn_no, attempt=turn.attempts):
                committed = await self._answer_once(turn, preview)
        except DatabaseUnavailable as error:
            # The lease runs out and the turn is answered again, here or elsewhere.
            _logger.warning("a reply could not be committed", conversation=turn.conversation_id, error=str(error))
        finally:
            preview.end(committed)

    async def _answer_once(self, turn: Turn, preview: Preview) -> bool:
        """Whether a reply was committed."""
        if turn.silence:
            await self._end_silently(turn, preview.thread, turn.silence)
            return False
        started = time.monotonic()
        try:
            reply = self._introduce(turn, await self._write(turn, preview))
            self._ending.add(turn.claim)
            faultpoint("turn.answered")
            committed = await self._commit(turn, reply, patience=turn.seconds_left - (time.monotonic() - started))
        except DatabaseUnavailable:
            raise
        except Exception:  # whatever went wrong here, the customer is not to wait for a lease to run out
            _logger.exception("answering failed", conversation=turn.conversation_id, turn=turn.turn_no)
            reply = self._introduce(turn, safe_reply("internal_error"))
            self._ending.add(turn.claim)
            committed = await self._turns.finish(turn, reply)
        if committed is None:
            await self._end_silently(turn, preview.thread, "human_owner")
            return False
        if committed.is_followed_by_a_turn:
            self.wake()
        self._hub.note(turn.conversation_id, committed.rev)
        if self._hub.is_followed(preview.thread):
            self._hub.publish(preview.thread, messages.from_reply(turn, reply, committed))
        _seconds.observe(turn.waited + time.monotonic() - started)
        _ended.labels("replied", reply.calls[-1].provider, reply.error_code).inc()
        return True

    async def _commit(self, turn: Turn, reply: Reply, patience: float) -> Committed | None:
        """Keep an answer in hand through an outage of the database; the fence decides whether it still counts."""
        until = time.monotonic() + patience
        while True:
            try:
                return await self._turns.finish(turn, reply)
            except DatabaseUnavailable:
                if time.monotonic() > until:
                    raise
            await asyncio.sleep(_POLL_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 - jitter

    def _introduce(self, turn: Turn, reply: Reply) -> Reply:
        """The first reply of a conversation on a platform says that nobody wrote it."""
        if not (turn.is_first_reply and self._notice):
            return reply
        return replace(reply, text=f"{self._notice}\n\n{reply.text}")

    async def _write(self, turn: Turn, preview: Preview) -> Reply:
        if turn.surface == "messaging" and (fixed := consent.answer_to(turn.asked, turn.is_first_reply)):
            return fixed_reply(fixed)
        if turn.attempts >= _THIRD_ATTEMPT:
            return safe_reply("attempts_exhausted")
        if turn.seconds_left <= 0:
            return safe_reply("deadline_exceeded")
        try:
            async with asyncio.timeout(turn.seconds_left):
                return await self._writer.write(turn, preview)
        except TimeoutError:
            preview.void()
            return safe_reply("deadline_exceeded")

    async def _end_silently(self, turn: Turn, thread: Thread, reason: str) -> None:
        """No reply is due, or none that is ours; where another claim took over, this changes nothing."""
        self._ending.add(turn.claim)
        if await self._turns.silence(turn, reason):
            self._hub.silent(thread, turn.turn_no, reason)
            _ended.labels(reason, "", "").inc()
        else:
            await self._turns.release([turn.claim])  # a person had it and gave it back, or another rule counts by now
        self.wake()  # this turn, or the conversation's next one, may be due
