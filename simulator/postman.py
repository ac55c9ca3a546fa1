"""Brings webhooks to the gateway as the platforms do: gathered into bodies, tried again, and disturbed when told to."""

import heapq
import itertools
import random
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import requests
import structlog

from simulator.log import Log
from simulator.manners import Manners
from simulator.platforms.platform import Envelope, Platform, Update

_logger = structlog.get_logger()
_SENDERS = 32
# Connecting, and waiting for the answer, as Twilio has it; Meta asks for an answer within five seconds.
_TIMEOUT = (5, 15)


@dataclass(frozen=True)
class Answer:
    """What the gateway said to a webhook; status 0: nothing."""

    status: int
    seconds: float
    body: str = ""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


@dataclass(order=True)
class _Parcel:
    due: float
    number: int
    platform: Platform = field(compare=False)
    updates: Sequence[Update] = field(compare=False)
    attempt: int = field(default=0, compare=False)


class Postman:
    """One for a run: a thread that waits for what is due, and a pool that posts."""

    def __init__(self, gateway_url: str, public_url: str = "") -> None:
        self.gateway_url = gateway_url.rstrip("/")
        self.public_url = (public_url or gateway_url).rstrip("/")
        self.posted = Log()
        self._manners: dict[str, Manners] = {}
        # When what is being gathered is posted, by channel.
        self._gathered_at: dict[str, float] = {}
        self._heap: list[_Parcel] = []
        self._numbers = itertools.count()
        self._wake = threading.Condition()
        self._under_way = 0
        self._closed = False
        self._session = requests.Session()
        self._session.trust_env = False
        adapter = requests.adapters.HTTPAdapter(pool_connections=4, pool_maxsize=_SENDERS)
        self._session.mount("http://", adapter)
        self._pool = ThreadPoolExecutor(_SENDERS, thread_name_prefix="webhooks")
        self._thread = threading.Thread(target=self._run, name="postman", daemon=True)
        self._thread.start()

    def close(self) -> None:
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        self._thread.join(5)
        self._pool.shutdown(cancel_futures=True)
        self._session.close()

    def manners(self, channel: str) -> Manners:
        return self._manners.get(channel) or Manners()

    def behave(self, channel: str, manners: Manners) -> None:
        with self._wake:
            self._manners[channel] = manners
            self._wake.notify_all()

    def waiting(self) -> int:
        """Webhooks that are not delivered yet, further attempts included."""
        with self._wake:
            return len(self._heap) + self._under_way

    def post(self, platform: Platform, updates: Sequence[Update], after: float = 0) -> None:
        """Soon, or `after` so many seconds."""
        with self._wake:
            due = self._due(platform.channel, after)
            for update in updates:
                heapq.heappush(self._heap, _Parcel(due, next(self._numbers), platform, [update]))
            self._wake.notify_all()

    def _due(self, channel: str, after: float) -> float:
        """What comes while something is being gathered is due together with it."""
        manners = self.manners(channel)
        comes = time.monotonic() + after + manners.delay_seconds
        if not manners.gather_seconds:
            return comes
        if not 0 <= self._gathered_at.get(channel, 0) - comes <= manners.gather_seconds:
            self._gathered_at[channel] = comes + manners.gather_seconds
        return self._gathered_at[channel]

    def post_now(self, platform: Platform, updates: Sequence[Update]) -> Answer | None:
        """The gateway's answer to the first attempt; None where the manners make it wait."""
        manners = self.manners(platform.channel)
        if manners.delay_seconds or manners.gather_seconds or manners.withhold or manners.shuffle:
            self.post(platform, updates)
            return None
        parcel = _Parcel(0, next(self._numbers), platform, updates)
        for _ in range(manners.copies - 1):
            self._submit(parcel)
        return self._deliver(parcel)

    def try_once(self, envelope: Envelope) -> Answer:
        """One attempt of one webhook, and no other whatever comes of it."""
        url = envelope.url if "://" in envelope.url else self.gateway_url + envelope.url
        began = time.monotonic()
        try:
            response = self._session.post(url, envelope.body, headers=dict(envelope.headers), timeout=_TIMEOUT)
            return Answer(response.status_code, time.monotonic() - began, response.text[:500])
        except requests.RequestException as error:
            return Answer(0, time.monotonic() - began, type(error).__name__)

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._closed and not self._has_due():
                    self._wake.wait(self._pause())
                if self._closed:
                    return
                due = self._take_due()
            for parcel in self._gathered(due):
                for _ in range(self.manners(parcel.platform.channel).copies if not parcel.attempt else 1):
                    self._submit(parcel)

    def _free(self) -> list[_Parcel]:
        """What is not held back; the heap itself, as long as nothing is."""
        held = {channel for channel, manners in self._manners.items() if manners.withhold}
        if not held:
            return self._heap
        free = [parcel for parcel in self._heap if parcel.platform.channel not in held]
        heapq.heapify(free)
        return free

    def _has_due(self) -> bool:
        free = self._free()
        return bool(free) and free[0].due <= time.monotonic()

    def _pause(self) -> float | None:
        free = self._free()
        return max(0.0, free[0].due - time.monotonic()) if free else None

    def _take_due(self) -> list[_Parcel]:
        """In the order in which it became due."""
        free, now = self._free(), time.monotonic()
        due: list[_Parcel] = []
        while free and free[0].due <= now:
            due.append(heapq.heappop(free))
        if free is not self._heap:
            taken = {parcel.number for parcel in due}
            self._heap = [parcel for parcel in self._heap if parcel.number not in taken]
            heapq.heapify(self._heap)
        return due

    def _gathered(self, due: Sequence[_Parcel]) -> list[_Parcel]:
        """First attempts that go the same way share bodies; a further attempt has the body that it had."""
        parcels = [parcel for parcel in due if parcel.attempt]
        ways: dict[tuple[str, str, str], list[_Parcel]] = {}
        for parcel in due:
            if not parcel.attempt:
                update = parcel.updates[0]
                ways.setdefault((parcel.platform.channel, update.url, update.account.secret), []).append(parcel)
        for (channel, *_), group in ways.items():
            manners, platform = self.manners(channel), group[0].platform
            updates = [update for parcel in group for update in parcel.updates]
            if manners.shuffle:
                random.shuffle(updates)
            size = min(manners.batch or platform.batch, platform.batch)
            for start in range(0, len(updates), size):
                parcels.append(_Parcel(0, next(self._numbers), platform, updates[start : start + size]))
        return parcels

    def _submit(self, parcel: _Parcel) -> None:
        with self._wake:
            if self._closed:
                return
            self._under_way += 1
            self._pool.submit(self._carry, parcel)

    def _carry(self, parcel: _Parcel) -> None:
        try:
            self._deliver(parcel)
        except Exception:  # of the pool's, which would keep it for itself
            _logger.exception("webhook not posted", channel=parcel.platform.channel)
        finally:
            with self._wake:
                self._under_way -= 1

    def _deliver(self, parcel: _Parcel) -> Answer:
        """One attempt; if it fails there will be another one, up to the last pause."""
        platform, manners = parcel.platform, self.manners(parcel.platform.channel)
        envelope = platform.envelope(parcel.updates, self.public_url)
        answer = self.try_once(envelope)
        for update in parcel.updates:
            if update.told:
                update.told(answer.ok)
        self._log(platform.channel, envelope, parcel, answer)
        refused = platform.retries_refused if manners.retry_refused is None else manners.retry_refused
        failed = not answer.ok and (refused or not answer.status)
        if failed and parcel.attempt < len(manners.retry_pauses):
            due = time.monotonic() + manners.retry_pauses[parcel.attempt]
            with self._wake:
                again = _Parcel(due, next(self._numbers), platform, parcel.updates, parcel.attempt + 1)
                heapq.heappush(self._heap, again)
                self._wake.notify_all()
        elif not answer.ok:
            _logger.warning("webhook given up", channel=platform.channel, status=answer.status, attempts=parcel.attempt)
        return answer

    def _log(self, channel: str, envelope: Envelope, parcel: _Parcel, answer: Answer) -> None:
        self.posted.add(
            time=time.time(),
            channel=channel,
            updates=len(parcel.updates),
            bytes=len(envelope.body),
            attempt=parcel.attempt + 1,
            status=answer.status,
            seconds=round(answer.seconds, 4),
        )
