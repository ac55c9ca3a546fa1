"""Opens the database, waiting for it while it is not there yet."""

import time
from collections.abc import Callable

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2's own name for its class

from migrations.addresses import FORM
from migrations.files import MigrationError

# What no waiting will change. libpq gives no codes for a refused connection, so its words have to do.
FINAL = ("password authentication failed", "does not exist", "no pg_hba.conf entry", "no password supplied")


def connect(url: str, wait: float, say: Callable[[str], None], setting: str = "DATABASE_URL") -> Connection:
    """A connection in autocommit mode; raises MigrationError, naming `setting`, when there is none after `wait` s."""
    deadline = time.monotonic() + wait
    told = False
    while True:
        try:
            connection = psycopg2.connect(url, connect_timeout=5, application_name="spur-migrations")
        except psycopg2.ProgrammingError:
            # Its message quotes the address, and with it the password.
            raise MigrationError(f"{setting} is not {FORM}.") from None
        except psycopg2.OperationalError as error:
            reason = " ".join(str(error).split())
            if any(words in reason for words in FINAL):
                raise MigrationError(f"The database refuses us, see {setting}: {reason}") from None
            if time.monotonic() > deadline:
                raise MigrationError(f"No database within {wait:g} s, see {setting}: {reason}") from None
            if not told:
                say(f"waiting for the database ({reason})")
                told = True
            time.sleep(0.25)
        else:
            connection.autocommit = True
            return connection
