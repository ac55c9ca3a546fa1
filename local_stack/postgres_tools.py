"""Runs pg_dump, pg_restore and psql against a database, with the password out of everybody's sight."""

import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import psycopg2
from psycopg2.extensions import make_dsn, parse_dsn

from local_stack.errors import StackError
from local_stack.postgres_home import binaries
from local_stack.tether import tethered
from migrations.addresses import FORM


class Tools:
    """The programs of the embedded Postgres; `environment` is what libpq may find settings of its own in."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = {**environment, "LC_ALL": "C"}
        self._programs = binaries(None)

    def start(
        self,
        program: str,
        *arguments: str | Path,
        url: str | None = None,
        stdin: int | IO[bytes] = subprocess.DEVNULL,
        stdout: int | IO[bytes] = subprocess.DEVNULL,
        stderr: int | IO[bytes] = subprocess.DEVNULL,
    ) -> subprocess.Popen[bytes]:
        """Begins a run, which ends with us. With a `url` it gets that as --dbname, and its password beside it."""
        environment, address = self._environment, []
        if url:
            try:
                parts = parse_dsn(url)
            except psycopg2.ProgrammingError:  # its message quotes the address, and with it the password
                raise StackError(f"DATABASE_URL or MIGRATIONS_DATABASE_URL is not {FORM}.") from None
            # Everybody on the machine sees a command line; only we see the environment.
            environment = {**environment, **({"PGPASSWORD": parts.pop("password")} if "password" in parts else {})}
            address = [f"--dbname={make_dsn(**parts)}", "--no-password"]
        command: Sequence[str] = [str(self._programs / program), *address, *map(str, arguments)]
        return subprocess.Popen(
            tethered(command, signal.SIGKILL), env=environment, stdin=stdin, stdout=stdout, stderr=stderr
        )

    def output(self, program: str, *arguments: str | Path, failure: str) -> str:
        """What a run to the end printed. Raises StackError with `failure` and its reason where it failed."""
        process = self.start(program, *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        output, errors = process.communicate()
        if process.returncode != 0:
            raise StackError(f"{failure}: {reason(errors)}")
        return output.decode()


def reason(errors: bytes) -> str:
    """The first complaint among what a program wrote to its standard error."""
    lines = [line.strip() for line in errors.decode(errors="replace").splitlines() if line.strip()]
    complaints = [line for line in lines if "error:" in line.lower() or "fatal:" in line.lower()] or lines
    return complaints[0].removeprefix("pg_dump: error: ").removeprefix("pg_restore: error: ") if complaints else "?"
