"""`make backup`: the database as one file."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from local_stack.config import StackSettings
from local_stack.data_folder import DataFolder
from local_stack.database_at_rest import database_in_any_state
from local_stack.dumps import write_dump
from local_stack.errors import StackError
from local_stack.postgres_tools import Tools


def back_up(settings: StackSettings, environment: Mapping[str, str], target: Path | None) -> Path:
    """Writes a dump to `target`, or to a new file among the data folder's backups; returns where it is."""
    folder = DataFolder(settings.spur_data_dir)
    with database_in_any_state(settings, folder) as addresses:
        path = target.absolute() if target else new_backup(folder)
        write_dump(Tools(environment), addresses.owner, path)
    return path


def new_backup(folder: DataFolder, prefix: str = "") -> Path:
    """A name that no backup has, in a folder that only its owner can open."""
    try:
        folder.backups.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StackError(
            f"{folder.backups} cannot be made ({error.strerror}): choose a path with BACKUP=path."
        ) from None
    # To the millisecond: two may be made within a second.
    return folder.backups / f"{prefix}{datetime.now(UTC).strftime('%Y%m%dT%H%M%S.%f')[:-3]}Z.dump"
