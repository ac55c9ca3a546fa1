"""Reads which databases are meant from the environment, and which role an address names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2
from psycopg2.extensions import parse_dsn

from migrations.files import MigrationError

FORM = "an address like postgresql://user:password@host:5432/name"


@dataclass(frozen=True)
class Addresses:
    """Who changes the schema, and whom it serves: None where one role does both, as is the case by default."""

    owner: str = field(repr=False)
    service: str | None = field(default=None, repr=False)
    # Of the service's role, where its address holds none.
    service_password: str | None = field(default=None, repr=False)
    # Where `owner` comes from.
    setting: str = "DATABASE_URL"


@dataclass(frozen=True)
class Role:
    """A database role as an address names it."""

    name: str
    password: str | None = field(repr=False)


def read_addresses(environment: Mapping[str, str]) -> Addresses:
    """MIGRATIONS_DATABASE_URL changes the schema for the role of DATABASE_URL; where it is not set, the latter does.

    Each may come from a file (NAME_FILE), and an empty value is an unset one.
    """
    owner, service = _value(environment, "MIGRATIONS_DATABASE_URL"), _value(environment, "DATABASE_URL")
    if owner:
        return Addresses(owner, service, _value(environment, "DATABASE_PASSWORD"), "MIGRATIONS_DATABASE_URL")
    if not service:
        raise MigrationError("DATABASE_URL is not set: give the address of the database to change.")
    return Addresses(service)


def role_of(url: str, password: str | None = None, setting: str = "DATABASE_URL") -> Role:
    """The role that `url` names, with its password or else `password`."""
    try:
        parts = parse_dsn(url)
    except psycopg2.ProgrammingError:
        # Its message quotes the address, and with it the password.
        raise MigrationError(f"{setting} is not {FORM}.") from None
    if not (name := parts.get("user")):
        raise MigrationError(f"{setting} names no role: write it as {FORM}.")
    if len(name.encode()) > 63:
        raise MigrationError(f"{setting} names a role longer than 63 bytes, which Postgres would cut off.")
    return Role(name, parts.get("password") or password)


def _value(environment: Mapping[str, str], name: str) -> str | None:
    if value := environment.get(name):
        return value
    path = environment.get(f"{name}_FILE")
    if not path:
        return None
    try:
        value = Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise MigrationError(f"{name}_FILE cannot be read: {error.strerror} ({path}).") from None
    except UnicodeDecodeError:
        raise MigrationError(f"{name}_FILE is no text file ({path}).") from None
    if not value:
        raise MigrationError(f"{name}_FILE is empty ({path}).")
    return value
