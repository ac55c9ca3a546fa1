"""Makes a database cluster on the first start, and refuses one that this Postgres cannot read."""

import errno
import os
import shutil
import tempfile
from pathlib import Path

from local_stack.errors import StackError, disk_full
from local_stack.postgres_home import MAJOR, run_as
from local_stack.tether import Account

USER = "spur"


def ensure_cluster(home: Path, binaries: Path, account: Account | None, password: str) -> Path:
    """The cluster below `home`, made where missing. An interrupted making leaves nothing that looks like one."""
    cluster = home / "cluster"
    if cluster.exists():
        _check_major(cluster)
        return cluster
    partial = home / "cluster.partial"
    shutil.rmtree(partial, ignore_errors=True)
    _initdb(partial, binaries, account, password)
    partial.rename(cluster)
    return cluster


def _check_major(cluster: Path) -> None:
    try:
        found = (cluster / "PG_VERSION").read_text().strip()
    except OSError as error:
        raise StackError(
            f"{cluster} is not a Postgres data folder ({error.strerror}): move it away, or set SPUR_DATA_DIR"
            " to another folder."
        ) from None
    if found != MAJOR:
        raise StackError(
            f"{cluster} was written by Postgres {found} and this is Postgres {MAJOR}: dump it with the release that"
            " wrote it, or set SPUR_DATA_DIR to another folder to begin anew."
        )


def _initdb(target: Path, binaries: Path, account: Account | None, password: str) -> None:
    with tempfile.NamedTemporaryFile("w", dir=target.parent, prefix="password.") as password_file:
        password_file.write(password)
        password_file.flush()
        if account:
            os.chown(password_file.name, account.uid, account.gid)
        made = run_as(
            account,
            binaries / "initdb",
            f"--pgdata={target}",
            f"--username={USER}",
            f"--pwfile={password_file.name}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        )
    if made.returncode != 0:
        raise _initdb_failure(target, made.stderr)


def _initdb_failure(target: Path, output: str) -> StackError:
    if os.strerror(errno.ENOSPC) in output:
        return disk_full(target.parent)
    reasons = [line for line in output.splitlines() if "error:" in line or "FATAL:" in line]
    reason = (reasons or output.strip().splitlines() or ["no reason given"])[0]
    return StackError(f"Postgres could not set up {target.parent}: {reason}")
