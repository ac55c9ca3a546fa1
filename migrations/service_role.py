"""Makes sure that the role of the service can do its work on the product's tables, and nothing else."""

from collections.abc import Callable
from contextlib import closing, suppress

import psycopg2
import psycopg2.errors
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2's own name for its class
from psycopg2.extensions import encrypt_password

from migrations.addresses import Role
from migrations.files import MigrationError
from migrations.powers import (
    REVOKE_CREATE_SCHEMAS,
    REVOKE_CREATE_TABLES,
    REVOKE_TEMPORARY,
    read_powers,
    statement,
)

Say = Callable[[str], None]

WORK = sql.SQL("SELECT, INSERT, UPDATE, DELETE")
READ = sql.SQL("SELECT")
# A service of the last release goes on working while a migration of the next one makes tables.
OPEN_WHAT_COMES = sql.SQL(
    "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}"
)
# The product's tables are those that belong to whom the ledger belongs to; extensions have theirs among them.
# What the role has on each is compared first, so that a run without news writes nothing.
TABLES = """
SELECT product.relname, product.oid = ledger.oid AS is_ledger
FROM pg_class ledger
JOIN pg_class product ON product.relowner = ledger.relowner AND product.relnamespace = ledger.relnamespace
WHERE ledger.oid = to_regclass('schema_migrations') AND product.relkind IN ('r', 'p', 'v', 'm')
  AND ledger.relowner <> (SELECT oid FROM pg_roles WHERE rolname = %(role)s)
  AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = product.oid AND deptype = 'e')
  AND ARRAY(
        SELECT privilege_type || CASE WHEN is_grantable THEN '*' ELSE '' END
        FROM aclexplode(product.relacl)
        WHERE grantee = (SELECT oid FROM pg_roles WHERE rolname = %(role)s)
        ORDER BY 1
      ) <> CASE WHEN product.oid = ledger.oid THEN '{SELECT}'::text[] ELSE '{DELETE,INSERT,SELECT,UPDATE}' END
ORDER BY product.relname
"""


def prepare(connection: Connection, role: Role, say: Say) -> None:
    """Before the migrations: the role is there, and what they make will be open to it from its first moment."""
    _ensure_there(connection, role, say)
    powers = read_powers(connection, role.name)
    if powers.is_superuser:
        return
    needed = [
        (not powers.connects, sql.SQL("GRANT CONNECT ON DATABASE {database} TO {role}")),
        (not powers.uses_schema, sql.SQL("GRANT USAGE ON SCHEMA {schema} TO {role}")),
        (powers.creates_tables, REVOKE_CREATE_TABLES),
        (powers.creates_schemas, REVOKE_CREATE_SCHEMAS),
        (powers.creates_temporary, REVOKE_TEMPORARY),
        (True, OPEN_WHAT_COMES),
    ]
    with connection.cursor() as cursor:
        for applies, template in needed:
            if applies:
                with suppress(psycopg2.errors.InsufficientPrivilege):  # `warn` tells what is left
                    cursor.execute(statement(connection, template, role.name))


def warn(connection: Connection, role: Role, say: Say) -> None:
    """Tells what the role may do beyond its work, where we could not take it away."""
    for what, remedy in read_powers(connection, role.name).excess():
        advice = f"; let an administrator run {statement(connection, remedy, role.name)};" if remedy else ""
        say(f"warning: the role {role.name} of DATABASE_URL {what}{advice}")


def grant(connection: Connection, role: Role, say: Say) -> None:
    """After the migrations: the role has exactly what it needs on every table. Raises where we may not see to it."""
    differing = _differing(connection, role)
    if not differing:
        return
    statements = [_exact(table, READ if is_ledger else WORK, role) for table, is_ledger in differing]
    with connection.cursor() as cursor, suppress(psycopg2.errors.InsufficientPrivilege):
        # All at once, so that nobody at work finds itself without a privilege between two statements.
        cursor.execute(sql.SQL("; ").join(statements))
    if left := _differing(connection, role):
        raise MigrationError(
            f"The role of MIGRATIONS_DATABASE_URL does not own the tables ({left[0][0]}, …), so it cannot open them to"
            " that of DATABASE_URL: run this as their owner, or let an administrator hand them over (REASSIGN OWNED)."
        )
    say(f"opened to {role.name}: {', '.join(table for table, _ in differing)}")


def require_login(url: str, role: Role) -> None:
    """Raises where the role has another password than DATABASE_URL says. Any other trouble is not for us to judge."""
    if not role.password:
        return  # it is let in by other means, which may not be at hand here
    try:
        with closing(psycopg2.connect(url, password=role.password, connect_timeout=5)):
            pass
    except psycopg2.Error as error:
        if "password authentication failed" in str(error):
            raise MigrationError(
                "The role of DATABASE_URL has another password: correct DATABASE_URL, or let an administrator run"
                f" ALTER ROLE {_quoted(role)} PASSWORD '…';"
            ) from None


def _ensure_there(connection: Connection, role: Role, say: Say) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", (role.name,))
        if cursor.rowcount:
            return
        creation = sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role.name))
        if role.password:
            # Only what the server would make of it travels, and may stand in its log.
            verifier = encrypt_password(role.password, role.name, connection, "scram-sha-256")
            creation += sql.SQL(" PASSWORD {}").format(sql.Literal(verifier))
        try:
            cursor.execute(creation)
        except (psycopg2.errors.DuplicateObject, psycopg2.errors.UniqueViolation):
            return  # a runner on another database of this server was quicker
        except psycopg2.errors.InsufficientPrivilege:
            raise MigrationError(
                "The role of DATABASE_URL does not exist, and that of MIGRATIONS_DATABASE_URL may not make it: let an"
                f" administrator run CREATE ROLE {_quoted(role)} LOGIN PASSWORD '…';"
            ) from None
        except psycopg2.Error as error:
            raise MigrationError(f"The role of DATABASE_URL cannot be made: {_first_line(error)}") from None
    say(f"created the role {role.name}{'' if role.password else ', without a password: DATABASE_URL has none'}")


def _differing(connection: Connection, role: Role) -> list[tuple[str, bool]]:
    """Tables on which the role has more or less than it needs, and whether each is the ledger."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES, {"role": role.name})
        return [(str(table), bool(is_ledger)) for table, is_ledger in cursor.fetchall()]


def _exact(table: str, privileges: sql.SQL, role: Role) -> sql.Composed:
    return sql.SQL("REVOKE ALL ON {0} FROM {1}; GRANT {2} ON {0} TO {1}").format(
        sql.Identifier(table), sql.Identifier(role.name), privileges
    )


def _quoted(role: Role) -> str:
    return '"' + role.name.replace('"', '""') + '"'


def _first_line(error: psycopg2.Error) -> str:
    return str(error).strip().split("\n", maxsplit=1)[0]
