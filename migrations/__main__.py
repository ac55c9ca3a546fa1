"""The command line `python -m migrations up | down [--to VERSION] | status`.

It works as the role of MIGRATIONS_DATABASE_URL, and opens the tables to that of DATABASE_URL. Where only the latter is
set, one role does both.
"""

import argparse
import os
import sys

from migrations.addresses import Addresses, read_addresses
from migrations.files import MigrationError
from migrations.runner import migrate_down, migrate_up, read_status


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m migrations", description="Changes the schema of a database.")
    parser.add_argument("--wait", type=float, default=60.0, help="seconds to wait for the database (default: 60)")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="apply every file that is missing")
    down = commands.add_parser("down", help="undo the newest file")
    down.add_argument("--to", type=int, metavar="VERSION", help="undo every file above this version; 0 undoes all")
    commands.add_parser("status", help="list every file and whether it was applied")
    return parser.parse_args()


def _run(arguments: argparse.Namespace, addresses: Addresses) -> None:
    if arguments.command == "up":
        if not migrate_up(addresses, wait=arguments.wait, say=print):
            print("nothing to apply")
    elif arguments.command == "down":
        if not migrate_down(addresses, arguments.to, wait=arguments.wait, say=print):
            print("nothing to undo")
    else:
        for name, state in read_status(addresses, wait=arguments.wait):
            print(f"{name:<40} {state}")


def main() -> int:
    """1: the database or a file is in the way. argparse itself ends with 2 for a wrong command line."""
    arguments = _arguments()
    try:
        _run(arguments, read_addresses(os.environ))
    except MigrationError as error:
        print(f"migrations: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
