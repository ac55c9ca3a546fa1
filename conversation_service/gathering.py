"""Gathers concurrent pieces of work into one: what comes while a round is under way goes with the next."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar, cast

from conversation_service.database import DatabaseBusy

Item = TypeVar("Item")
Result = TypeVar("Result")

# Two, so that one round is prepared while Postgres writes the other. A quiet one waits for nobody.
LANES = 2


class Gathering(Generic[Item, Result]):
    """Shares one statement, and one commit, among those who ask at the same time."""

    def __init__(
        self,
        work: Callable[[list[Item]], Awaitable[list[Result]]],
        weigh: Callable[[Item], int] = lambda _: 1,
        limit: int = 64,
        alone_after: tuple[type[Exception], ...] = (DatabaseBusy,),
    ) -> None:
        """`work` gives a result for each item, in their order; `limit` is the weight of a round.

        Where a round ends with one of `alone_after`, a single item may be to blame: each is tried again alone.
        """
        self._alone_after = alone_after
        self._work = work
        self._weigh = weigh
        self._limit = limit
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._lanes: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """How many wait for a round."""
        return len(self._waiting)

    async def add(self, item: Item) -> Result:
        """The result for `item`. Raises what `work` raises; others may have been in the same round."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if len(self._lanes) < LANES:
            lane = asyncio.create_task(self._run())
            self._lanes.add(lane)
        return await future

    async def _run(self) -> None:
        try:
            while self._waiting:
                if entries := self._next():
                    await self._do(entries)
        finally:
            # At once, not by a callback: what is added before that would find no lane free, and nobody to take it.
            self._lanes.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    def _next(self) -> list[tuple[Item, asyncio.Future[Result]]]:
        """As many as a round holds, but at least one; who has left meanwhile is left out."""
        entries: list[tuple[Item, asyncio.Future[Result]]] = []
        weight = 0
        while self._waiting:
            item, future = self._waiting[0]
            if not future.done():
                weight += self._weigh(item)
                if entries and weight > self._limit:
                    break
                entries.append((item, future))
            self._waiting.popleft()
        return entries

    async def _do(self, entries: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._work([item for item, _future in entries])
        except Exception as error:  # noqa: BLE001 - it belongs to those who asked
            if len(entries) > 1 and isinstance(error, self._alone_after):
                await asyncio.gather(*(self._do([entry]) for entry in entries if not entry[1].done()))
            else:
                _fail(entries, error)
        else:
            for (_item, future), result in zip(entries, results, strict=True):
                if not future.done():  # else who asked has left
                    future.set_result(result)


def _fail(entries: list[tuple[Item, asyncio.Future[Result]]], error: Exception) -> None:
    for _item, future in entries:
        if not future.done():
            future.set_exception(error)
