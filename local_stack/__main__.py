"""`python -m local_stack [up | backup [PATH] | restore PATH [--overwrite]]`, which `make` runs.

`up` is all of Spur in the foreground, until Ctrl-C; the others are for its database as a whole.
"""

import argparse
import errno
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from chassis.settings import load
from local_stack.backup import back_up
from local_stack.config import StackSettings
from local_stack.environment import joined
from local_stack.errors import StackError, disk_full
from local_stack.restore import restore
from local_stack.stack import run
from local_stack.stopping import StopRequested, StopSignals


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local_stack")
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("up", help="start everything and keep it running (the default)")
    backup = commands.add_parser("backup", help="write the database to a file")
    backup.add_argument("path", nargs="?", help="the new file (default: one among the data folder's backups)")
    restoring = commands.add_parser("restore", help="put a backup in place of the database")
    restoring.add_argument("path", nargs="?")
    restoring.add_argument("--overwrite", action="store_true", help="even where the database is not empty")
    return parser.parse_args()


def _run(arguments: argparse.Namespace, settings: StackSettings, environment: Mapping[str, str]) -> None:
    path = Path(arguments.path) if getattr(arguments, "path", None) else None
    if arguments.command == "backup":
        written = back_up(settings, environment, path)
        print(f"Wrote {written} ({written.stat().st_size:,} bytes). `make restore BACKUP={written}` brings it back.")
    else:
        restore(settings, environment, path, arguments.overwrite, print)
        print(f"Restored {path}.")


def main() -> int:
    """0: done, or stopped because somebody asked. 1: something is in the way. 2: a setting or the command is wrong."""
    arguments = _arguments()
    stops = StopSignals()
    try:
        environment = joined(Path(".env"), os.environ)
        os.environ.clear()
        os.environ.update(environment)
        settings = load(StackSettings)
        try:
            if arguments.command in (None, "up"):
                run(settings, environment, stops)
                print("  Stopped.")
            else:
                _run(arguments, settings, environment)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise disk_full(settings.spur_data_dir) from error
            raise
    except StackError as error:
        print(f"spur: {error}", file=sys.stderr)
        return 1
    except StopRequested:
        return 0 if arguments.command in (None, "up") else 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
