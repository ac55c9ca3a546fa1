"""The request id and the trace of the work at hand."""

import asyncio
import re

import pytest

from chassis import context


def bound(candidate: str | None) -> str:
    """Binds in a context that ends with the call, and gives what a call to another service would carry."""

    async def bind() -> str:
        context.bind(candidate)
        return dict(context.outgoing())[context.REQUEST_ID_KEY]

    return asyncio.run(bind())


def test_a_callers_request_id_goes_on_to_the_next_service() -> None:
    assert bound("req-1_A.b") == "req-1_A.b"


@pytest.mark.parametrize("candidate", [None, "", "two words", "a\nb", 'quote"', "x" * 65, "é"])
def test_a_request_id_that_is_no_plain_word_is_replaced(candidate: str | None) -> None:
    assert re.fullmatch("[0-9a-f]{32}", bound(candidate))


def test_work_that_nobody_asked_for_gets_an_id_for_each_call() -> None:
    first, second = (dict(context.outgoing())[context.REQUEST_ID_KEY] for _ in range(2))
    assert re.fullmatch("[0-9a-f]{32}", first)
    assert first != second


def test_tasks_side_by_side_keep_their_own_ids() -> None:
    async def bind(name: str) -> str:
        context.bind(name)
        await asyncio.sleep(0.01)
        return context.request_id.get()

    async def both() -> list[str]:
        return await asyncio.gather(bind("one"), bind("two"))

    assert asyncio.run(both()) == ["one", "two"]


def test_without_traces_nothing_but_the_request_id_is_carried() -> None:
    assert [key for key, _ in context.outgoing()] == [context.REQUEST_ID_KEY]
