"""Gives the service a role of its own in the embedded Postgres; what it may do there is for the migrations to say."""

from contextlib import closing

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import encrypt_password

SERVICE_USER = "spur_service"


def ensure_service_account(maintenance_url: str, password: str) -> None:
    """The role, made where it is missing, as in a folder of an earlier release, and with this password."""
    with closing(psycopg2.connect(maintenance_url)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", (SERVICE_USER,))
        verb = sql.SQL("ALTER" if cursor.rowcount else "CREATE")
        # Only what the server would make of it travels, and may stand in its log.
        verifier = sql.Literal(encrypt_password(password, SERVICE_USER, connection, "scram-sha-256"))
        statement = sql.SQL("{} ROLE {} LOGIN PASSWORD {}")
        cursor.execute(statement.format(verb, sql.Identifier(SERVICE_USER), verifier))
