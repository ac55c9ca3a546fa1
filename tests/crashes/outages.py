"""What is lost when the power is: a Postgres that writes through and crashes, and every process at once."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from local_stack.postgres import PostgresServer
from migrations.runner import migrate_up
from tests.databases import data_folder, place_cluster
from tests.fleet import Fleet
from tests.ports import free_port


@contextmanager
def durable_postgres() -> Iterator[PostgresServer]:
    """A migrated server of one's own, as it runs outside of tests."""
    with data_folder() as folder:
        place_cluster(folder)
        server = PostgresServer(folder, free_port(), settings={"max_connections": "200"})
        try:
            server.start()
            migrate_up(server.addresses)
            yield server
        finally:
            server.stop()


def crash(server: PostgresServer, urgency: signal.Signals) -> None:
    """SIGQUIT ends it without a checkpoint (`stop immediate`), SIGKILL without a word."""
    assert server.process is not None
    server.process.send_signal(urgency)
    server.process.wait(10)


def kill_all(fleet: Fleet) -> None:
    """All of its processes at once."""
    for member in fleet.members:
        os.killpg(member.pid, signal.SIGKILL)
    for member in fleet.members:
        member.ended()


def cut_power(fleet: Fleet, server: PostgresServer, urgency: signal.Signals) -> None:
    """All of its processes and Postgres at once."""
    assert server.process is not None
    server.process.send_signal(urgency)
    kill_all(fleet)
    server.process.wait(10)
