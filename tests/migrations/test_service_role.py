"""The service's own role: it can do its work on every table, old and new, and cannot change the schema."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import psycopg2
import psycopg2.errors
import pytest
from psycopg2 import sql

from local_stack.postgres import PostgresServer
from migrations.addresses import Addresses
from migrations.files import MigrationError, read_migrations
from migrations.runner import migrate_down, migrate_up

TABLE = "CREATE TABLE {0} (n int GENERATED ALWAYS AS IDENTITY, text text);\n-- down\nDROP TABLE {0};\n"
_numbers = itertools.count(1)

NewRole = Callable[..., str]


def execute(url: str, statement: str | sql.Composed) -> list[tuple[object, ...]]:
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def named(url: str, role: str, password: str | None = "secret") -> str:
    """The same address for another role."""
    account = quote(role, safe="") + (f":{quote(password, safe='')}" if password is not None else "")
    return f"postgresql://{account}@{url.rpartition('@')[2]}"


@pytest.fixture
def role_name(postgres_server: PostgresServer, empty_addresses: Addresses) -> Iterator[NewRole]:
    """Names of roles that nobody had before; whoever bears one is gone afterwards."""
    names: list[str] = []

    def new(name: str = "shop", options: str | None = None) -> str:
        names.append(f"{name} {next(_numbers)}")
        if options is not None:
            statement = sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'secret' " + options)
            execute(empty_addresses.owner, statement.format(sql.Identifier(names[-1])))
        return names[-1]

    yield new
    for name in names:
        if execute(empty_addresses.owner, sql.SQL("SELECT FROM pg_roles WHERE rolname = {}").format(sql.Literal(name))):
            for statement in ("REASSIGN OWNED BY {} TO spur", "DROP OWNED BY {}", "DROP ROLE {}"):
                execute(empty_addresses.owner, sql.SQL(statement).format(sql.Identifier(name)))


def written(folder: Path, *tables: str) -> list[object]:
    for number, table in enumerate(tables, start=1):
        (folder / f"{number:04}_step.sql").write_text(TABLE.format(table))
    return list(read_migrations(folder))


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (n int)",
        "CREATE TEMPORARY TABLE mine (n int)",
        "CREATE SCHEMA mine",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql RETURN 1",
        "ALTER TABLE messages ADD COLUMN mine int",
        "ALTER TABLE messages DISABLE TRIGGER ALL",
        "DROP TABLE messages",
        "DROP INDEX messages_one_reply",
        "TRUNCATE rate_limits",
        "CREATE TRIGGER mine BEFORE INSERT ON messages EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "INSERT INTO schema_migrations (version, name, checksum) VALUES (9999, 'mine', '')",
        "UPDATE schema_migrations SET checksum = ''",
        "DELETE FROM schema_migrations",
        "SET ROLE spur",
        "SET SESSION AUTHORIZATION spur",
        "CREATE ROLE mine",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "COPY (SELECT 1) TO '/tmp/mine'",
        "SELECT pg_read_file('postgresql.conf')",
        "SELECT * FROM pg_authid",
        "ALTER SYSTEM SET fsync = off",
    ],
)
def test_the_services_role_may_not(statement: str, database_url: str) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        execute(database_url, statement)


def test_the_services_role_reads_the_ledger_and_writes_every_other_table(database_url: str) -> None:
    privileges = execute(
        database_url,
        "SELECT relname, array(SELECT name FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE',"
        " 'REFERENCES', 'TRIGGER', 'MAINTAIN']) name WHERE has_table_privilege(oid, name))"
        " FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')",
    )
    assert dict(privileges).pop("schema_migrations") == ["SELECT"]
    others = {table: granted for table, granted in privileges if table != "schema_migrations"}
    assert "messages" in others
    assert all(granted == ["SELECT", "INSERT", "UPDATE", "DELETE"] for granted in others.values()), others


def test_a_role_is_made_with_its_password_and_a_second_run_has_nothing_to_say(
    empty_addresses: Addresses, role_name: NewRole
) -> None:
    name = role_name()
    addresses = Addresses(empty_addresses.owner, named(empty_addresses.owner, name))
    said: list[str] = []
    migrate_up(addresses, say=said.append)
    assert f"created the role {name}" in said
    assert any(line.startswith(f"opened to {name}: ") for line in said)
    execute(str(addresses.service), "INSERT INTO participants (display_name) VALUES ('x')")

    said.clear()
    assert migrate_up(addresses, say=said.append) == []
    assert said == []


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ('we"ird; DROP ROLE spur; --', "quo'te"),
        ("üñî-ключ", "пароль🔑\u00a0x"),
        ("percent%s", "%(x)s {} \\ $$ @/:?#"),
        ("SELECT", " "),
    ],
)
def test_names_and_passwords_may_hold_anything(
    name: str, password: str, empty_addresses: Addresses, role_name: NewRole
) -> None:
    address = named(empty_addresses.owner, role_name(name), password)
    migrate_up(Addresses(empty_addresses.owner, address))
    assert execute(address, "SELECT count(*) FROM messages") == [(0,)]
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        execute(address.replace("@127", "x@127"), "SELECT 1")


def test_the_password_never_reaches_the_servers_log(
    empty_addresses: Addresses, role_name: NewRole, postgres_server: PostgresServer
) -> None:
    database, name = sql.Identifier(empty_addresses.owner.rpartition("/")[2]), role_name()
    execute(empty_addresses.owner, sql.SQL("ALTER DATABASE {} SET log_statement = 'all'").format(database))
    migrate_up(Addresses(empty_addresses.owner, named(empty_addresses.owner, name, "hunter2hunter2")))
    log = postgres_server.log_path.read_text()
    assert f'CREATE ROLE "{name}"' in log
    assert "hunter2hunter2" not in log


def test_a_password_beside_the_address_is_used(empty_addresses: Addresses, role_name: NewRole) -> None:
    name = role_name()
    address = named(empty_addresses.owner, name, None)
    migrate_up(Addresses(empty_addresses.owner, address, "beside the address"))
    assert execute(named(empty_addresses.owner, name, "beside the address"), "SELECT count(*) FROM messages") == [(0,)]


def test_a_service_works_on_tables_of_new_migrations_from_their_first_moment(
    empty_addresses: Addresses, tmp_path: Path
) -> None:
    service = str(empty_addresses.service)
    migrate_up(empty_addresses, migrations=written(tmp_path, "first"))
    # A rolling release: the new table is there, and the runner was killed before it came to the grants.
    execute(empty_addresses.owner, "CREATE TABLE second (n int GENERATED ALWAYS AS IDENTITY, text text)")
    for table in ("first", "second"):
        execute(service, f"INSERT INTO {table} (text) VALUES ('x')")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            execute(service, f"TRUNCATE {table}")


def test_privileges_that_were_added_or_taken_away_are_put_right(empty_addresses: Addresses, tmp_path: Path) -> None:
    first = written(tmp_path, "first")
    migrate_up(empty_addresses, migrations=first)
    execute(empty_addresses.owner, "GRANT ALL ON first, schema_migrations TO spur_service")
    migrate_up(empty_addresses, migrations=first)
    for statement in ("TRUNCATE first", "DELETE FROM schema_migrations"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            execute(str(empty_addresses.service), statement)
    execute(empty_addresses.owner, "REVOKE ALL ON first, schema_migrations FROM spur_service")
    migrate_up(empty_addresses, migrations=first)
    assert execute(str(empty_addresses.service), "SELECT count(*) FROM first, schema_migrations") == [(0,)]


def test_a_database_of_an_earlier_release_gets_the_role_afterwards_and_can_go_down_again(
    empty_addresses: Addresses,
) -> None:
    migrate_up(empty_addresses.owner)
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        execute(str(empty_addresses.service), "SELECT count(*) FROM messages")
    assert migrate_up(empty_addresses) == []
    assert execute(str(empty_addresses.service), "SELECT count(*) FROM messages") == [(0,)]
    migrate_down(empty_addresses, to=0)
    migrate_up(empty_addresses)
    assert execute(str(empty_addresses.service), "SELECT count(*) FROM messages") == [(0,)]


def test_one_role_for_both_is_left_alone(empty_addresses: Addresses) -> None:
    said: list[str] = []
    migrate_up(replace(empty_addresses, service=empty_addresses.owner), say=said.append)
    assert all(line.startswith("applied ") for line in said)


def test_the_services_role_alone_has_nothing_to_apply_or_says_whose_address_is_missing(
    empty_addresses: Addresses, tmp_path: Path
) -> None:
    service = str(empty_addresses.service)
    with pytest.raises(MigrationError, match=r"permission denied for schema public.*in MIGRATIONS_DATABASE_URL"):
        migrate_up(service)
    migrate_up(empty_addresses, migrations=written(tmp_path, "first"))
    assert migrate_up(service, migrations=written(tmp_path, "first")) == []
    with pytest.raises(MigrationError, match=r"permission denied for schema public.*in MIGRATIONS_DATABASE_URL"):
        migrate_up(service, migrations=written(tmp_path, "first", "second"))


def owned_by(role_name: NewRole, addresses: Addresses, options: str) -> str:
    """The address of a role that owns the database, but is no superuser."""
    owner = role_name("owner", options)
    database = addresses.owner.rpartition("/")[2]
    statement = sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(database), sql.Identifier(owner))
    execute(addresses.owner, statement)
    return named(addresses.owner, owner)


def test_an_owner_who_may_make_roles_needs_no_superuser(empty_addresses: Addresses, role_name: NewRole) -> None:
    owner = owned_by(role_name, empty_addresses, "CREATEROLE")
    service = named(owner, role_name())
    said: list[str] = []
    migrate_up(Addresses(owner, service), say=said.append)
    assert execute(service, "SELECT count(*) FROM messages") == [(0,)]
    assert not [line for line in said if "warning" in line]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        execute(service, "CREATE TEMPORARY TABLE mine (n int)")


def test_an_owner_who_may_not_says_what_an_administrator_has_to_run(
    empty_addresses: Addresses, role_name: NewRole
) -> None:
    owner, name = owned_by(role_name, empty_addresses, ""), role_name('a "role"')
    with pytest.raises(MigrationError) as refused:
        migrate_up(Addresses(owner, named(owner, name, "hunter2")))
    quoted = name.replace('"', '""')
    assert f"let an administrator run CREATE ROLE \"{quoted}\" LOGIN PASSWORD '…';" in str(refused.value)
    assert "hunter2" not in str(refused.value)

    execute(empty_addresses.owner, sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'hunter2'").format(sql.Identifier(name)))
    migrate_up(Addresses(owner, named(owner, name, "hunter2")))
    assert execute(named(owner, name, "hunter2"), "SELECT count(*) FROM messages") == [(0,)]


def test_another_password_is_refused_with_what_to_do(empty_addresses: Addresses, role_name: NewRole) -> None:
    name = role_name("shop", "")
    with pytest.raises(MigrationError, match=rf"ALTER ROLE \"{name}\" PASSWORD '…';") as refused:
        migrate_up(Addresses(empty_addresses.owner, named(empty_addresses.owner, name, "hunter2")))
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("options", "warning"),
    [("SUPERUSER", "is a superuser"), ("CREATEDB", "NOCREATEDB"), ("IN ROLE spur", "is a member of spur")],
)
def test_a_role_that_may_too_much_is_told_of(
    options: str, warning: str, empty_addresses: Addresses, role_name: NewRole
) -> None:
    name = role_name("mighty", options)
    said: list[str] = []
    migrate_up(Addresses(empty_addresses.owner, named(empty_addresses.owner, name)), say=said.append)
    warnings = [line for line in said if line.startswith(f"warning: the role {name} of DATABASE_URL ")]
    assert any(warning in line for line in warnings), said


def test_a_role_that_owns_the_tables_is_told_of_and_keeps_its_work(
    empty_addresses: Addresses, role_name: NewRole
) -> None:
    before = owned_by(role_name, empty_addresses, "")
    migrate_up(before)
    said: list[str] = []
    migrate_up(Addresses(empty_addresses.owner, before), say=said.append)
    assert any("owns the tables; let an administrator run REASSIGN OWNED BY" in line for line in said)
    assert execute(before, "SELECT count(*) FROM messages") == [(0,)]


def test_tables_of_somebody_else_are_not_passed_over_silently(empty_addresses: Addresses, role_name: NewRole) -> None:
    migrate_up(empty_addresses.owner)
    stranger = owned_by(role_name, empty_addresses, "")
    execute(empty_addresses.owner, "GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC")
    with pytest.raises(MigrationError, match="does not own the tables"):
        migrate_up(Addresses(stranger, empty_addresses.service))


@pytest.mark.parametrize(
    ("service", "message"),
    [
        ("postgresql://127.0.0.1/x", "DATABASE_URL names no role"),
        ("hunter2 is none", "DATABASE_URL is not an address"),
        ("postgresql://pg_hunter:hunter2@127.0.0.1/x", "The role of DATABASE_URL cannot be made"),
        ("postgresql://public:hunter2@127.0.0.1/x", "The role of DATABASE_URL cannot be made"),
    ],
)
def test_an_address_that_cannot_be_served_is_named(service: str, message: str, empty_addresses: Addresses) -> None:
    with pytest.raises(MigrationError, match=message) as refused:
        migrate_up(Addresses(empty_addresses.owner, service))
    assert "hunter2" not in str(refused.value)


def test_a_name_that_is_too_long_is_not_shortened(empty_addresses: Addresses) -> None:
    with pytest.raises(MigrationError, match="longer than 63 bytes"):
        migrate_up(Addresses(empty_addresses.owner, named(empty_addresses.owner, "ü" * 32)))
