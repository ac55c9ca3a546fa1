"""Everything that a run needs, side by side on one durable Postgres: Spur, the monolith, and the model of both."""

import http.client
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import psycopg2

from benchmarks.chain_server import Chain
from benchmarks.model_stub import Pace, pace_body
from benchmarks.monolith_server import Monolith, install, obstacle
from benchmarks.processes import Child, end_all, environment
from benchmarks.product import ROOT, Product, migrate
from local_stack.ports import choose_port
from local_stack.postgres import PostgresServer

HOST = "127.0.0.1"
# Larger than the default, which a million conversations outgrow; the same server serves both sides.
POSTGRES_SETTINGS = {"max_connections": "200", "shared_buffers": "512MB", "max_wal_size": "4GB"}
# Not /tmp, which may be memory.
_DISK, _PREFIX = Path("/var/tmp"), "spur-bench-"
OURS, THEIRS, FLOOR, CHAIN = "spur", "monolith", "floor", "chain"


@dataclass(frozen=True)
class Side:
    """One of those that are compared."""

    name: str
    port: int
    # What it consists of, by name, without Postgres.
    services: Mapping[str, int]


class Stage:
    """Starts what a figure asks for when it first asks, and ends all of it with `close`."""

    def __init__(self, folder: Path, quick: bool) -> None:
        self.folder = folder
        # Rounds of a second, that only show that everything runs.
        self.quick = quick
        self.missing = obstacle()
        self._children: list[Child] = []

    @cached_property
    def postgres(self) -> PostgresServer:
        """One server for all; durable, as in production."""
        server = PostgresServer(
            self.folder / "data", choose_port(HOST, 18_432, ()), settings=POSTGRES_SETTINGS, durable=True
        )
        server.start()
        return server

    @cached_property
    def model_port(self) -> int:
        """Where the model listens that everybody asks."""
        port = choose_port(HOST, 18_090, ())
        command = [sys.executable, "-m", "benchmarks.model_stub", str(port)]
        child = Child("model", command, environment(), ROOT, self.folder / "model.log")
        self._children.append(child)
        child.wait_until(lambda: _connects(port))
        return port

    @cached_property
    def product(self) -> Product:
        url = self.new_database("product")
        migrate(url)
        product = Product(url, self.model_port, self.folder)
        self._children_of(product)
        return product

    @cached_property
    def ours(self) -> Side:
        pids = {child.name: child.pid for child in self.product.children}
        return Side(OURS, self.product.port, pids)

    @cached_property
    def theirs(self) -> Side | None:
        """None where the monolith cannot be run here."""
        return None if self.missing else self._monolith(THEIRS, bare=False)

    @cached_property
    def floor(self) -> Side | None:
        """The monolith with nothing that it could do without."""
        return None if self.missing else self._monolith(FLOOR, bare=True)

    @cached_property
    def chain(self) -> Side:
        """Spur's form with nothing else of Spur."""
        chain = Chain(self.new_database(CHAIN), self.model_port, self.folder)
        self._children_of(chain)
        return Side(CHAIN, chain.port, {child.name: child.pid for child in chain.children})

    def _monolith(self, name: str, *, bare: bool) -> Side:
        install()
        monolith = Monolith(name, self.new_database(name), self.model_port, self.folder, bare=bare)
        self._children_of(monolith)
        return Side(name, monolith.port, {child.name: child.pid for child in monolith.children})

    @property
    def sides(self) -> list[Side]:
        """Spur first."""
        return [side for side in (self.ours, self.theirs) if side]

    def pace(self, pace: Pace) -> Pace:
        """How the model answers from now on."""
        with closing(http.client.HTTPConnection(HOST, self.model_port, timeout=5)) as connection:
            connection.request("PUT", "/pace", pace_body(pace))
            connection.getresponse().read()
        return pace

    def new_database(self, name: str) -> str:
        """The address of a new and empty database."""
        with closing(psycopg2.connect(self.postgres.url)) as connection:
            connection.autocommit = True
            connection.cursor().execute(f"CREATE DATABASE {name}")
        return self.postgres.database_url(name)

    @property
    def postgres_pid(self) -> int:
        assert self.postgres.process
        return self.postgres.process.pid

    def close(self) -> None:
        end_all(self._children)
        if "postgres" in self.__dict__:
            self.postgres.stop()

    def _children_of(self, side: Product | Monolith | Chain) -> None:
        try:
            side.start()
        finally:
            self._children += side.children


@contextmanager
def stage(quick: bool) -> Iterator[Stage]:
    """A stage in a folder of its own on a disk, not in memory, for commits must cost what they cost."""
    _clear_up()
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=_DISK))
    folder.chmod(0o711)  # Postgres may pass through it under another account
    set_up = Stage(folder, quick)
    try:
        yield set_up
    finally:
        try:
            set_up.close()
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _clear_up() -> None:
    """Removes what runs have left that were killed; a folder's name says whose it is."""
    for folder in _DISK.glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if not Path(f"/proc/{owner}").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _connects(port: int) -> bool:
    with closing(http.client.HTTPConnection(HOST, port, timeout=2)) as connection:
        try:
            connection.request("GET", "/")
            connection.getresponse()
        except (OSError, http.client.HTTPException):
            return False
        return True
