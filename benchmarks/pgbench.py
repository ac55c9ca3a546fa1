"""Runs one of the conversation service's own statements in pgbench: what Postgres alone would do."""

import os
import re
import subprocess
from pathlib import Path

from benchmarks.processes import BenchmarkError
from benchmarks.product import ROOT
from local_stack.postgres import PostgresServer
from local_stack.postgres_home import binaries

_STATEMENTS = ROOT / "conversation_service" / "sql"
_PARAMETER = re.compile(r"\$(\d+)")
# The message of the load generator. `:r` is drawn anew for each transaction.
_RECORD = (
    "ARRAY['whatsapp']",
    "ARRAY['default']",
    "ARRAY[md5('event' || :r)]",
    "ARRAY[md5('thread' || :r)]",
    "ARRAY['messaging']",
    "ARRAY[md5('conversation' || :r)::uuid]",
    "ARRAY[md5('message' || :r)::uuid]",
    "ARRAY['text']",
    "ARRAY[sha256('meaning')]",
    "ARRAY[NULL]",
    "ARRAY['Can I return shoes that I bought two weeks ago, and how long does it take?']",
    "ARRAY[NULL]",
    "ARRAY[NULL]",
    "'01900000-0000-7000-8000-000000000000'",
    "NULL",
    "60",
    "120",
    "60",
)


def record_script() -> str:
    """`record_messages.sql`, word for word but for its parameters."""
    return _script("record_messages", _RECORD)


def _script(name: str, values: tuple[str, ...]) -> str:
    declared, _, statement = (_STATEMENTS / f"{name}.sql").read_text().partition("\n")
    types = declared.removeprefix("-- PARAMETERS:").strip().split(", ")
    if len(types) != len(values):
        raise BenchmarkError(f"{name}.sql has {len(types)} parameters, benchmarks/pgbench.py knows {len(values)}")
    casts = [f"({value})::{type_name}" for value, type_name in zip(values, types, strict=True)]
    filled = _PARAMETER.sub(lambda found: casts[int(found[1]) - 1], statement.strip())
    return f"\\set r random(1, 9000000000000000000)\n{filled};\n"


def transactions_per_second(
    server: PostgresServer, database_url: str, script: Path, clients: int, seconds: float
) -> float:
    """Prepared once on each connection; one thread of pgbench drives all clients."""
    program = binaries(None) / "pgbench"
    options = ["-n", "-M", "prepared", "-f", str(script), "-c", str(clients), "-T", str(max(1, round(seconds)))]
    done = subprocess.run(
        [str(program), *options, database_url],
        env={"PATH": os.defpath, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    if done.returncode or not found:
        raise BenchmarkError(f"pgbench failed: {done.stderr.strip()[-300:]}")
    return float(found[1])
