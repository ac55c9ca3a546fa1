"""Claims, answers, proofs, echoes, lost leases and sweeps in any order: what is promised of a delivery always holds."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import grpc.aio
import pytest

from protos import conversation_pb2 as pb
from tests.conversation_service.harness import Harness
from tests.conversation_service.outbox.senders import (
    Scope,
    Settle,
    accept,
    claim,
    echo,
    lose,
    outbox,
    queue,
    settle,
    split,
    status,
)

STEPS = 120
CUSTOMERS = [f"3460{number}" for number in range(4)]
FINAL = {"sent", "dead", "cancelled"}


@dataclass
class Attempt:
    """One send, as it really was."""

    delivery: pb.Delivery
    provider_id: str = ""  # where the platform took it


@dataclass
class Walk:
    """A sender and a platform that do one thing after another by chance, and know what really happened."""

    service: Harness
    chance: random.Random
    attempts: list[Attempt] = field(default_factory=list)
    taken: dict[str, list[tuple[int, int]]] = field(default_factory=dict)  # first acceptances, by conversation
    copies: dict[str, int] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    seen: dict[str, str] = field(default_factory=dict)
    texts: int = 0

    async def step(self) -> None:
        actions: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (6, self.send),
            (6, self.answer),
            (2, self.answer_again),
            (3, self.prove),
            (2, self.report_echo),
            (1, self.fail),
            (2, self.lose_leases),
            (3, self.pass_time),
            (2, self.service.app._outbox.reconcile),
            (2, self.reply),
        ]
        weights, choices = zip(*actions, strict=True)
        await self.chance.choices(choices, weights)[0]()
        self.check()

    async def reply(self) -> None:
        self.texts += 1
        queue(self.service, self.chance.choice(CUSTOMERS), f"reply {self.texts} to you")

    async def send(self) -> None:
        for delivery in await claim(self.service, self.chance.randint(1, 5)):
            # A sender that cuts a text does so with the first claim, and the same way ever after.
            if delivery.fence == 1 and not delivery.part and self.chance.random() < 0.3:
                texts = [f"{part} | {delivery.text}" for part in range(self.chance.randint(2, 3))]
                await split(self.service, delivery, *texts)
                delivery.text = texts[0]
            attempt = Attempt(delivery)
            self.attempts.append(attempt)
            if self.chance.random() < 0.7:
                attempt.provider_id = f"m{len(self.attempts)}.{delivery.id}"
                self._note_taken(delivery)

    def _note_taken(self, delivery: pb.Delivery) -> None:
        self.copies[delivery.id] = self.copies.get(delivery.id, 0) + 1
        if self.copies[delivery.id] == 1:
            self.taken.setdefault(delivery.conversation_id, []).append((delivery.out_seq, delivery.part))

    async def answer(self, attempt: Attempt | None = None) -> None:
        attempt = attempt or self._newest()
        if attempt is None:
            return
        if self.chance.random() < 0.3:
            await lose(self.service, attempt.delivery)
        elif attempt.provider_id:
            await accept(self.service, attempt.delivery, attempt.provider_id)
        elif self.chance.random() < 0.8:
            scope = self.chance.choice([Scope.SCOPE_UNSPECIFIED, Scope.SCOPE_RECIPIENT, Scope.SCOPE_ACCOUNT])
            await settle(self.service, attempt.delivery, not_accepted=Scope(error_code="4", scope=scope))
        else:
            await settle(self.service, attempt.delivery, rejected=Settle.Rejected(reason="content"))

    async def answer_again(self) -> None:
        if self.attempts:
            await self.answer(self.chance.choice(self.attempts))

    def _newest(self) -> Attempt | None:
        return self.chance.choice(self.attempts[-6:]) if self.attempts else None

    def _accepted(self) -> Attempt | None:
        accepted = [attempt for attempt in self.attempts if attempt.provider_id]
        return self.chance.choice(accepted) if accepted else None

    async def prove(self) -> None:
        if attempt := self._accepted():
            known = attempt.delivery if self.chance.random() < 0.7 else None
            state = self.chance.choice(["sent", "delivered", "read"])
            await self.service.receive(status(state, attempt.provider_id, known, thread=self._thread(attempt)))

    async def report_echo(self) -> None:
        if attempt := self._accepted():
            event = echo(attempt.delivery.text, attempt.provider_id, self.chance.choice(["", "ours"]))
            event.thread_key = self._thread(attempt)
            await self.service.receive(event)

    async def fail(self) -> None:
        if attempt := self._accepted():
            self.failed.add(attempt.delivery.id)
            event = status("failed", attempt.provider_id, attempt.delivery, "recipient", self._thread(attempt))
            await self.service.receive(event)

    def _thread(self, attempt: Attempt) -> str:
        return attempt.delivery.thread_key

    async def lose_leases(self) -> None:
        self.service.query("UPDATE deliveries SET lease_until = now() - interval '1 s' WHERE state = 'sending'")

    async def pass_time(self) -> None:
        self.service.query("UPDATE deliveries SET run_at = now() WHERE state = 'queued' AND run_at <> 'infinity'")
        self.service.query("UPDATE sending_accounts SET paused_until = now()")

    def check(self) -> None:
        for places in self.taken.values():
            assert places == sorted(places), "a reply reached the customer before an earlier one"
        assert max(self.copies.values(), default=0) <= 2
        rows = self.service.query("SELECT id::text, state, blind_resends FROM deliveries")
        for identity, state, blind_resends in rows:
            before = self.seen.get(identity)
            if before in FINAL and before != state:
                assert (before, state) == ("sent", "dead")
                assert identity in self.failed
            assert blind_resends <= 1
            assert self.copies.get(identity, 0) <= 1 + blind_resends
        assert set(self.seen) <= {identity for identity, _, _ in rows}
        self.seen = {identity: state for identity, state, _ in rows}

    async def finish(self) -> None:
        """The platform is well again, and everything comes to its end."""
        for _ in range(400):
            await self.pass_time()
            for delivery in await claim(self.service, 100):
                attempt = Attempt(delivery, f"last.{delivery.id}")
                self._note_taken(delivery)
                await accept(self.service, delivery, attempt.provider_id)
            await self.lose_leases()
            await self.service.app._outbox.reconcile()
            self.check()
            if set(self.seen.values()) <= {*FINAL, "parked"}:
                return
        raise AssertionError(f"something is left over: {self.seen}")


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_in_whatever_order_nothing_is_lost_doubled_or_overtaken(database_url: str, seed: int) -> None:
    async def scenario() -> None:
        waits = {"delivery_proof_seconds": 0.001, "delivery_silence_seconds": 0.001}
        async with outbox(database_url, **waits) as service:
            walk = Walk(service, random.Random(seed))
            for _ in range(8):
                await walk.reply()
            for _ in range(STEPS):
                try:
                    await walk.step()
                except grpc.aio.AioRpcError as error:  # only the split of a claim that is over may be refused
                    assert error.code().name == "FAILED_PRECONDITION", error
            await walk.finish()
            for identity, state in walk.seen.items():
                if state == "sent":
                    assert walk.copies.get(identity), "nobody took it"
            assert service.query("SELECT DISTINCT owner FROM conversations") == [("assistant",)]

    asyncio.run(scenario())
