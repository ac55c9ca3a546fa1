"""Work that is gathered: nobody waits for nothing, nobody is forgotten, and one that fails fails alone."""

import asyncio
from collections.abc import Sequence

import pytest

from conversation_service.database import DatabaseBusy, DatabaseUnavailable
from conversation_service.gathering import LANES, Gathering


class Work:
    """Doubles numbers; each round waits until it is let go."""

    def __init__(self) -> None:
        self.rounds: list[list[int]] = []
        self.go_on = asyncio.Event()
        self.held: int | None = None

    async def __call__(self, items: Sequence[int]) -> list[int]:
        self.rounds.append(list(items))
        await self.go_on.wait()
        if self.held in items:
            raise DatabaseBusy("held")
        return [2 * item for item in items]


async def fill_a_lane() -> None:
    """Let the call add its item, and a lane take it."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def test_what_comes_while_all_lanes_are_busy_goes_together() -> None:
    async def scenario() -> list[list[int]]:
        work = Work()
        gathering = Gathering(work)
        calls = []
        for number in range(LANES):
            calls.append(asyncio.create_task(gathering.add(number)))
            await fill_a_lane()
        calls += [asyncio.create_task(gathering.add(number)) for number in range(LANES, 20)]
        await asyncio.sleep(0)
        work.go_on.set()
        assert await asyncio.gather(*calls) == [2 * number for number in range(20)]
        return work.rounds

    assert asyncio.run(scenario()) == [[0], [1], list(range(2, 20))]


def test_who_comes_when_all_lanes_have_just_run_empty_is_not_forgotten() -> None:
    async def scenario() -> int:
        work = Work()
        gathering = Gathering(work)

        async def come_twice() -> int:
            await gathering.add(1)
            return await gathering.add(2)

        calls = [asyncio.create_task(come_twice())]
        for _ in range(1, LANES):
            await fill_a_lane()
            calls.append(asyncio.create_task(gathering.add(1)))
        await fill_a_lane()
        work.go_on.set()  # all lanes end in the same turn of the loop
        async with asyncio.timeout(5):
            return (await asyncio.gather(*calls))[0]

    assert asyncio.run(scenario()) == 4


def test_a_round_holds_no_more_than_its_limit_but_at_least_one() -> None:
    async def scenario() -> list[list[int]]:
        work = Work()
        work.go_on.set()
        gathering = Gathering(work, weigh=lambda item: item, limit=10)
        await asyncio.gather(*(gathering.add(item) for item in (99, 5, 5, 1)))
        return work.rounds

    assert asyncio.run(scenario()) == [[99], [5, 5], [1]]


def test_one_that_is_held_up_does_not_fail_its_neighbours() -> None:
    async def scenario() -> list[object]:
        work = Work()
        work.held = 3
        work.go_on.set()
        gathering = Gathering(work)
        return list(await asyncio.gather(*(gathering.add(n) for n in range(5)), return_exceptions=True))

    results = asyncio.run(scenario())
    assert isinstance(results.pop(3), DatabaseBusy)
    assert results == [0, 2, 4, 8]


def test_an_outage_is_told_to_everybody_at_once() -> None:
    async def scenario() -> int:
        rounds = 0

        async def work(_items: Sequence[int]) -> list[int]:
            nonlocal rounds
            rounds += 1
            raise DatabaseUnavailable("gone")

        gathering = Gathering(work)
        for result in await asyncio.gather(*(gathering.add(n) for n in range(5)), return_exceptions=True):
            with pytest.raises(DatabaseUnavailable):
                raise result  # type: ignore[misc]
        return rounds

    assert asyncio.run(scenario()) <= LANES


def test_who_leaves_takes_nobody_with_them() -> None:
    async def scenario() -> int:
        work = Work()
        gathering = Gathering(work)
        leaving, staying = asyncio.create_task(gathering.add(1)), asyncio.create_task(gathering.add(2))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.sleep(0)
        work.go_on.set()
        return await staying

    assert asyncio.run(scenario()) == 4


def test_who_left_before_their_round_is_left_out_of_it() -> None:
    async def scenario() -> list[list[int]]:
        work = Work()
        gathering = Gathering(work)
        busy = []
        for number in range(LANES):
            busy.append(asyncio.create_task(gathering.add(number)))
            await fill_a_lane()
        leaving, staying = asyncio.create_task(gathering.add(7)), asyncio.create_task(gathering.add(8))
        await asyncio.sleep(0)
        assert gathering.waiting == 2
        leaving.cancel()
        await asyncio.sleep(0)
        work.go_on.set()
        await asyncio.gather(*busy, staying)
        return work.rounds

    assert asyncio.run(scenario()) == [[0], [1], [8]]
