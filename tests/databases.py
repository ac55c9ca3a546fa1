"""Fresh databases for tests: each is a clone of a migrated template on one throw-away server."""

import atexit
import functools
import itertools
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg2

from local_stack.postgres import PostgresServer
from migrations.addresses import Addresses
from migrations.runner import migrate_up
from tests.ports import free_port

TEMPLATE = "migrated"
_ROOM = 4 * 1024**3
_numbers = itertools.count(1)


@contextmanager
def data_folder() -> Iterator[Path]:
    """A folder that Postgres may enter under whatever account it runs, which pytest's tmp_path is not for root."""
    parent = Path(tempfile.mkdtemp(prefix="spur-test-", dir=_memory()))
    parent.chmod(0o711)
    try:
        yield parent / "data"
    finally:
        _remove(parent)


def _memory() -> Path | None:
    """A file system without a disk, where there is one with room: to clone a database there costs a tenth."""
    shared = Path("/dev/shm")
    return shared if shared.is_dir() and shutil.disk_usage(shared).free > _ROOM else None


def _remove(folder: Path) -> None:
    """Also while a server that was stopped at last removes files of its own there."""
    while folder.exists():
        with suppress(FileNotFoundError):
            shutil.rmtree(folder)


@functools.cache
def _made_once() -> Path:
    """A data folder whose server was started once: to make a cluster takes most of a second, to copy it nothing."""
    folder = data_folder()
    data = folder.__enter__()
    atexit.register(folder.__exit__, None, None, None)
    server = PostgresServer(data, free_port(), durable=False)
    try:
        server.start()
    finally:
        server.stop()
    return data


def place_cluster(data: Path) -> None:
    """Fill the data folder as after a first start, for a test of something else."""
    data.mkdir(exist_ok=True)
    subprocess.run(["cp", "-a", f"{_made_once()}/.", data], check=True)


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """A server with a migrated template."""
    with data_folder() as folder:
        place_cluster(folder)
        server = PostgresServer(folder, free_port(), durable=False, settings={"max_connections": "200"})
        try:
            server.start()
            _execute(server, f"CREATE DATABASE {TEMPLATE}")
            migrate_up(Addresses(server.database_url(TEMPLATE), server.service_database_url(TEMPLATE)))
            yield server
        finally:
            server.stop()


@contextmanager
def fresh_database(server: PostgresServer, template: str = TEMPLATE) -> Iterator[Addresses]:
    """The addresses of a new database, dropped afterwards together with whatever is still connected to it."""
    name = f"test_{next(_numbers)}"
    statements = [f"CREATE DATABASE {name} TEMPLATE {template}"]
    if template == TEMPLATE:  # a clone has the tables' privileges, but not the database's own
        statements.append(f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC")
    _execute(server, *statements)
    try:
        yield Addresses(server.database_url(name), server.service_database_url(name))
    finally:
        _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def query(url: str, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    """The rows of one statement, which is a transaction of its own."""
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


def _execute(server: PostgresServer, *statements: str) -> None:
    with closing(psycopg2.connect(server.database_url("postgres"))) as connection:
        connection.autocommit = True
        for statement in statements:
            connection.cursor().execute(statement)
