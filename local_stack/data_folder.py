"""The folder that everything lives in: claimed by one launcher at a time, with secrets, logs and stack.env."""

import fcntl
import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from local_stack.errors import StackError
from local_stack.postgres_home import make_data_dir
from local_stack.secret_files import ensure_secret, write_private


class FolderInUse(StackError):
    """Another launcher has it."""


class DataFolder:
    """One data folder, by its absolute path."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.stack_env = self.path / "stack.env"
        self.logs = self.path / "log"
        self.backups = self.path / "backups"
        # The last launcher was killed: what it had started may still be ending.
        self.was_left_behind = False

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Makes the folder where it is missing and keeps other launchers out of it.

        The claim is the kernel's lock on an open file, so it ends with the process, however that ends.
        """
        try:
            make_data_dir(self.path)
            self.logs.mkdir(mode=0o700, exist_ok=True)
            lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StackError(
                f"{self.path} cannot be used ({error.strerror}): set SPUR_DATA_DIR to a folder that can be written."
            ) from None
        with os.fdopen(lock, "r+b", buffering=0):
            self._claim(lock)
            try:
                yield
            finally:
                os.ftruncate(lock, 0)

    def _claim(self, lock: int) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(lock, 20, 0).decode() or "?"
            raise FolderInUse(
                f"A stack is already running on {self.path} (process {owner}): stop it, or set SPUR_DATA_DIR and the"
                " ports to run a second one."
            ) from None
        self.was_left_behind = os.fstat(lock).st_size > 0
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        self.withdraw()

    def secret(self, name: str) -> str:
        """The generated secret of that name, the same on every start."""
        return ensure_secret(self.path / name)

    def publish(self, values: Mapping[str, str]) -> None:
        """Writes stack.env, for a shell to read, in one step: it is there exactly while everything is ready."""
        write_private(self.stack_env, "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items()))

    def published(self) -> dict[str, str]:
        """What stack.env holds; nothing while not everything is ready."""
        try:
            words = shlex.split(self.stack_env.read_text())
        except FileNotFoundError:
            return {}
        return dict(word.split("=", maxsplit=1) for word in words)

    def has_database(self) -> bool:
        """Whether an embedded Postgres has ever run here; a link that leads nowhere counts, for it has to be mended."""
        return os.path.lexists(self.path / "postgres")

    def withdraw(self) -> None:
        self.stack_env.unlink(missing_ok=True)
