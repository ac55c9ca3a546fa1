"""A Postgres of a test's own, which it may stop, freeze and crash."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from local_stack.postgres import PostgresServer
from tests.databases import fresh_database, running_postgres
from tests.processes import children


@dataclass
class OwnServer:
    """The server, and one migrated database on it."""

    server: PostgresServer
    url: str  # as the conversation service reaches it
    owner_url: str

    def stop(self) -> None:
        self.server.stop()

    def start(self) -> None:
        self.server.start()

    def crash(self) -> None:
        """`pg_ctl stop -m immediate`: no process of it gets to say a word."""
        assert self.server.process
        self.server.process.send_signal(signal.SIGQUIT)
        self.server.process.wait(10)

    def freeze(self) -> None:
        """Everything stands still; the kernel goes on to accept connections and bytes."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self.server.process
        postmaster = self.server.process.pid
        for pid in (postmaster, *children(postmaster)):
            with suppress(ProcessLookupError):  # a backend that has just ended
                os.kill(pid, number)


@contextmanager
def own_server() -> Iterator[OwnServer]:
    with running_postgres() as server, fresh_database(server) as addresses:
        assert addresses.service
        yield OwnServer(server, addresses.service, addresses.owner)
