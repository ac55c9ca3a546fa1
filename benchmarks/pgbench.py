"""Runs the conversation service's own statement in pgbench: what Postgres alone would do."""

import asyncio
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from benchmarks.load.receive import webhook_event
from benchmarks.processes import BenchmarkError
from benchmarks.product import ROOT
from conversation_service.database import Database
from conversation_service.inbox import Inbox, Windows
from local_stack.postgres import PostgresServer
from local_stack.postgres_home import binaries

_STATEMENTS = ROOT / "conversation_service" / "sql"
_RECORDING = "record_events"
_LIMIT = 60.0
_PARAMETER = re.compile(r"\$(\d+)")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class _Statement(Exception):
    """The statement that is looked for."""

    def __init__(self, name: str, parameters: tuple[object, ...]) -> None:
        self.name, self.parameters = name, parameters


class _Recorder:
    """Stands where the database would: finds nothing, and tells instead of recording."""

    async def run(self, work: Callable[[Any], object]) -> object:
        return work(self)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        yield

    def execute(self, name: str, *parameters: object) -> list[tuple[object, ...]]:
        if name != _RECORDING:
            return []
        raise _Statement(name, parameters)


def record_script() -> str:
    """The statement that records one message, word for word; of its values those that name something are drawn anew."""
    inbox = Inbox(cast(Database, _Recorder()), Windows(gather=60, gather_limit=120, deadline=60))
    try:
        asyncio.run(inbox.record([webhook_event()], "", None))
    except _Statement as statement:
        return _script(statement.name, statement.parameters)
    raise BenchmarkError("recording a message executes no statement any more: look at benchmarks/pgbench.py")


def _script(name: str, parameters: tuple[object, ...]) -> str:
    declared, _, statement = (_STATEMENTS / f"{name}.sql").read_text().partition("\n")
    types = declared.removeprefix("-- PARAMETERS:").strip().split(", ")
    casts = [f"({_expression(value)})::{kind}" for value, kind in zip(parameters, types, strict=True)]
    filled = _PARAMETER.sub(lambda found: casts[int(found[1]) - 1], statement.strip())
    return f"\\set r random(1, 9000000000000000000)\n{filled};\n"


def _expression(value: object) -> str:
    """In SQL; `:r` is another number in each transaction."""
    match value:
        case None:
            return "NULL"
        case list():
            return f"ARRAY[{', '.join(map(_expression, value))}]"
        case bytes():
            return f"'\\x{value.hex()}'"
        case str() if _ID.fullmatch(value):
            return f"md5('{value}' || :r)::uuid::text"
        case str():
            return "'{}'".format(value.replace("'", "''"))
        case _:
            return str(value)


def transactions_per_second(
    server: PostgresServer, database_url: str, script: Path, clients: int, transactions: int
) -> float:
    """Prepared once on each connection; one thread of pgbench drives all clients, `transactions` each.

    By number, not by time: pgbench's clock runs while it connects, which its rate leaves out.
    """
    program = binaries(None) / "pgbench"
    options = ["-n", "-M", "prepared", "-f", str(script), "-c", str(clients), "-t", str(transactions)]
    try:
        done = subprocess.run(
            [str(program), *options, database_url],
            env={"PATH": os.defpath, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=False,
            timeout=_LIMIT,
        )
    except subprocess.TimeoutExpired:
        raise BenchmarkError(f"pgbench took longer than {_LIMIT:g} s: the machine is too busy") from None
    found = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    if done.returncode or not found:
        raise BenchmarkError(f"pgbench failed: {(done.stderr or done.stdout).strip()[-300:]}")
    return float(found[1])
