"""`python -m local_stack`, which `make up` runs: all of Spur in the foreground, until Ctrl-C."""

import errno
import os
import sys
from pathlib import Path

from chassis.settings import load
from local_stack.config import StackSettings
from local_stack.environment import joined
from local_stack.errors import StackError, disk_full
from local_stack.stack import run
from local_stack.stopping import StopRequested, StopSignals


def main() -> int:
    """0: stopped because somebody asked. 1: something is in the way. 2: a setting is wrong."""
    stops = StopSignals()
    try:
        environment = joined(Path(".env"), os.environ)
        os.environ.clear()
        os.environ.update(environment)
        settings = load(StackSettings)
        try:
            run(settings, environment, stops)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise disk_full(settings.spur_data_dir) from error
            raise
    except StackError as error:
        print(f"spur: {error}", file=sys.stderr)
        return 1
    except StopRequested:
        return 0
    print("  Stopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
