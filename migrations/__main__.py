"""The command line `python -m migrations up | down [--to VERSION] | status`, for the database of DATABASE_URL."""

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from migrations.files import MigrationError
from migrations.runner import migrate_down, migrate_up, read_status


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m migrations", description="Changes the schema of DATABASE_URL.")
    parser.add_argument("--wait", type=float, default=60.0, help="seconds to wait for the database (default: 60)")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="apply every file that is missing")
    down = commands.add_parser("down", help="undo the newest file")
    down.add_argument("--to", type=int, metavar="VERSION", help="undo every file above this version; 0 undoes all")
    commands.add_parser("status", help="list every file and whether it was applied")
    return parser.parse_args()


def database_url(environment: Mapping[str, str]) -> str:
    """DATABASE_URL, or what the file DATABASE_URL_FILE holds. An empty value is an unset one."""
    if url := environment.get("DATABASE_URL"):
        return url
    path = environment.get("DATABASE_URL_FILE")
    if not path:
        raise MigrationError("DATABASE_URL is not set: give the address of the database to change.")
    try:
        url = Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise MigrationError(f"DATABASE_URL_FILE cannot be read: {error.strerror} ({path}).") from None
    if not url:
        raise MigrationError(f"DATABASE_URL_FILE is empty ({path}).")
    return url


def _run(arguments: argparse.Namespace, url: str) -> None:
    if arguments.command == "up":
        if not migrate_up(url, wait=arguments.wait, say=print):
            print("nothing to apply")
    elif arguments.command == "down":
        if not migrate_down(url, arguments.to, wait=arguments.wait, say=print):
            print("nothing to undo")
    else:
        for name, state in read_status(url, wait=arguments.wait):
            print(f"{name:<40} {state}")


def main() -> int:
    """1: the database or a file is in the way. argparse itself ends with 2 for a wrong command line."""
    arguments = _arguments()
    try:
        _run(arguments, database_url(os.environ))
    except MigrationError as error:
        print(f"migrations: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
