"""A body of more than one call: cut to the contract's size, in its order, and acknowledged once all of it is kept."""

import itertools
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
from hypothesis import given, settings
from hypothesis import strategies as st

from protos import conversation_pb2 as pb
from tests.local_stack.waiting import eventually
from tests.webhook_gateway.platform import Platform, body_of, update
from webhook_gateway.parts import MAX_BYTES, MAX_EVENTS, split


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 300_000), max_size=12), st.integers(0, 250))
def test_parts_hold_everything_in_its_order_and_each_fits_into_a_call(sizes: list[int], many: int) -> None:
    events = [pb.Event(event_key=str(number), raw=bytes(size)) for number, size in enumerate([*sizes, *[10] * many])]
    parts = list(split(events))
    assert [event for part in parts for event in part] == events
    for part in parts:
        assert 1 <= len(part) <= MAX_EVENTS
        assert pb.ReceiveRequest(events=part).ByteSize() <= MAX_BYTES
    # No more calls than it takes: a part could not have held the first of the next one as well.
    for part, following in itertools.pairwise(parts):
        whole = pb.ReceiveRequest(events=[*part, following[0]])
        assert len(part) == MAX_EVENTS or whole.ByteSize() > MAX_BYTES - 16 * MAX_EVENTS


@contextmanager
def held(platform: Platform, sender: str) -> Iterator[None]:
    """Nothing of that customer can be written meanwhile."""
    with closing(psycopg2.connect(platform.fleet.database_url)) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT id FROM conversations WHERE thread_key = %s FOR UPDATE", [sender])
        assert cursor.fetchall()
        yield
        connection.rollback()


def test_a_body_of_which_one_part_is_not_kept_is_not_acknowledged_and_comes_again_without_doubles(
    platform: Platform,
) -> None:
    early, late = (f"bird-{uuid.uuid4()}" for _ in range(2))
    assert platform.tell(update("hello", late)).status_code == 200
    texts = [f"number {number}" for number in range(MAX_EVENTS)]
    body = body_of(*(update(text, early) for text in texts), update("the last", late))
    with held(platform, late):
        began = time.monotonic()
        answer = platform.post(body)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert time.monotonic() - began < 3.3
        # The first call was kept, and is recognised when it comes again.
        assert platform.texts(early) == texts
        assert platform.texts(late) == ["hello"]
    eventually(lambda: platform.post(body, 1).status_code == 200, 10)
    assert platform.texts(early) == texts
    assert platform.texts(late) == ["hello", "the last"]
