"""Starts a command that ends when its parent does, under another account where one is given.

The kernel's parent-death signal has to be set in the child, after its change of account (which clears it) and before
its `exec`. `preexec_fn` could do that, but it runs Python between fork and exec, which may lock up once the parent has
threads (gRPC starts some). So the child begins as this very file, run as a script, and turns into the command.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass

PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Account:
    """A user and its group, by number."""

    uid: int
    gid: int


def tethered(command: Sequence[str], death_signal: signal.Signals, account: Account | None = None) -> list[str]:
    """The arguments for `subprocess` that run `command` so that it gets `death_signal` when the calling thread ends.

    Call it, and start the process, from a thread that lives as long as the parent: the kernel watches the thread.
    """
    owner = f"{account.uid}:{account.gid}" if account else "-"
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), str(int(death_signal)), owner, *command]


def _become(account: str) -> None:
    uid, gid = map(int, account.split(":"))
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def _main(parent: int, death_signal: int, account: str, command: list[str]) -> None:
    if account != "-":
        _become(account)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal)
        # A parent that died before the line above sends no signal any more.
        if os.getppid() != parent:
            sys.exit(1)
    try:
        os.execvp(command[0], command)  # noqa: S606 - becoming the command, without a shell, is the point
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    _main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
