"""A process or its connection that dies inside a transaction leaves all of it or nothing, and what follows is right."""

import os
import signal
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import grpc
import psycopg2
import pytest

from protos import conversation_pb2 as pb
from tests.crashes.conftest import LONE, Shop
from tests.crashes.platform import Platform, message, poison, reaction
from tests.fleet import Fleet
from tests.fork_server import ROOT
from tests.local_stack.waiting import eventually

pytestmark = pytest.mark.parametrize("_shop", [LONE], indirect=True)

# What ends while the statement waits: the process, its connection (which it replaces, to try again), or both.
ENDINGS = ["process", "connection", "both"]


@contextmanager
def held_up(fleet: Fleet, key: str) -> Iterator[Callable[[], None]]:
    """Nothing of the conversation that holds the message `key` can be written until what is yielded is called."""
    with closing(psycopg2.connect(fleet.database_url)) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT conversation_id FROM messages WHERE event_key LIKE %s", [f"%:{key}"])
        cursor.execute("SELECT id FROM conversations WHERE id = %s FOR UPDATE", cursor.fetchone())
        assert cursor.fetchall()
        yield connection.rollback


def end_at(fleet: Fleet, statement: str, ending: str) -> None:
    """Wait until a backend is held up in `statement`, and end what there is to end."""
    assert (ROOT / "conversation_service" / "sql" / f"{statement}.sql").exists()
    found: list[tuple[int]] = []

    def look() -> bool:
        found[:] = fleet.query(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            " AND query LIKE %s",
            f"EXECUTE {statement}%",
        )
        return bool(found)

    eventually(look, 30)
    if ending != "connection":
        os.kill(fleet.conversation[0].pid, signal.SIGKILL)
    if ending != "process":
        fleet.query("SELECT pg_terminate_backend(%s, 5000)", found[0][0])


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_message_whose_storing_is_cut_off_is_there_once_in_the_end(shop: Shop, ending: str) -> None:
    browser = shop.browser()
    with held_up(shop.fleet, *browser.asked) as release, browser.asking("first") as asking:
        end_at(shop.fleet, "record_events", ending)
        release()
        browser.await_replies(2)
    browser.ask("first", asking.result().key)
    shop.check(browser)


@pytest.mark.parametrize(("ending", "times_written"), [("process", 1), ("connection", 1), ("both", 2)])
def test_a_reply_whose_storing_is_cut_off_is_there_once_in_the_end(shop: Shop, ending: str, times_written: int) -> None:
    browser = shop.browser()
    shop.answers.slowly = True
    with browser.asking("first"):
        browser.await_delta()
        shop.answers.slowly = False
        with held_up(shop.fleet, *browser.asked) as release:
            end_at(shop.fleet, "finish_turns", ending)
            release()
        browser.await_replies(2)
    # A statement that is cut off from its process goes on, one that loses its connection is undone.
    assert shop.answers.times("first") == times_written
    shop.check(browser)


def test_a_batch_is_stored_as_a_whole_or_not_at_all(shop: Shop) -> None:
    thread = str(uuid.uuid4())
    events = [message(thread, f"{thread}:1", "hello"), reaction(thread, f"{thread}:2"), poison(f"{thread}:3")]

    def stored() -> list[int]:
        tables = ("inbound_events", "messages", "poison_events")
        named = "SELECT count(*) FROM {} WHERE event_key LIKE %s"
        return [shop.fleet.query(named.format(table), f"{thread}%")[0][0] for table in tables]

    with closing(Platform(shop.fleet)) as platform:
        shop.fleet.arm("receive.in_transaction")
        with pytest.raises(grpc.RpcError):
            platform.send(events)
        assert not shop.fleet.armed("receive.in_transaction")
        assert stored() == [0, 0, 0]
        outcomes = [receipt.outcome for receipt in platform.deliver(events)]
        assert outcomes == [pb.Receipt.OUTCOME_RECORDED] * 2 + [pb.Receipt.OUTCOME_POISON]
        again = [receipt.outcome for receipt in platform.deliver(events)]
        assert again == [pb.Receipt.OUTCOME_DUPLICATE] * 2 + [pb.Receipt.OUTCOME_POISON]
        assert stored() == [2, 1, 1]
    shop.check(shop.browser())
