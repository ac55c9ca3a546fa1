"""Reaches the database of a data folder, or a given one, for what is done to it as a whole."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from local_stack.config import StackSettings
from local_stack.data_folder import DataFolder, FolderInUse
from local_stack.errors import StackError
from local_stack.ports import choose_port
from local_stack.postgres import HOST, PostgresServer
from migrations.addresses import Addresses


@contextmanager
def database_in_any_state(settings: StackSettings, folder: DataFolder) -> Iterator[Addresses]:
    """The database whether its stack runs or not; where it does not, its server runs for that long."""
    if given := settings.given_database():
        yield given
        return
    if not folder.has_database():
        raise StackError(f"There is no database in {folder.path}: `make up` makes one, or set SPUR_DATA_DIR.")
    with ExitStack() as claim:
        try:
            claim.enter_context(folder.claimed())
            addresses = claim.enter_context(_own_server(settings, folder))
        except FolderInUse:
            addresses = _running(folder)
        yield addresses


@contextmanager
def database_at_rest(settings: StackSettings, folder: DataFolder) -> Iterator[Addresses]:
    """The database, made where it is missing, while no stack runs on it and none can start."""
    if given := settings.given_database():
        yield given
        return
    with folder.claimed(), _own_server(settings, folder) as addresses:
        yield addresses


def _running(folder: DataFolder) -> Addresses:
    published = folder.published()
    if "DATABASE_URL" not in published:
        raise StackError(f"The stack on {folder.path} is starting or stopping: try again once it is ready, or is gone.")
    return Addresses(published.get("MIGRATIONS_DATABASE_URL") or published["DATABASE_URL"])


@contextmanager
def _own_server(settings: StackSettings, folder: DataFolder) -> Iterator[Addresses]:
    port = choose_port(HOST, settings.postgres_port, ())
    server = PostgresServer(folder.path, port, log_path=folder.logs / "postgres.log")
    try:
        server.start()
        yield server.addresses
    finally:
        server.stop()
