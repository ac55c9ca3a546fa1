"""Reads what a role may do in a database, and tells what goes beyond the work of a service."""

from typing import NamedTuple

from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2's own name for its class

REVOKE_CREATE_TABLES = sql.SQL("REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC, {role}")
REVOKE_CREATE_SCHEMAS = sql.SQL("REVOKE CREATE ON DATABASE {database} FROM PUBLIC, {role}")
REVOKE_TEMPORARY = sql.SQL("REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC, {role}")

READ = """
SELECT role.rolsuper, coalesce(ledger.relowner = role.oid, false),
       has_database_privilege(role.oid, current_database(), 'CONNECT'),
       has_schema_privilege(role.oid, schema.oid, 'USAGE'), has_schema_privilege(role.oid, schema.oid, 'CREATE'),
       has_database_privilege(role.oid, current_database(), 'CREATE'),
       has_database_privilege(role.oid, current_database(), 'TEMPORARY'),
       role.rolcreaterole OR role.rolcreatedb OR role.rolreplication OR role.rolbypassrls,
       ARRAY(SELECT roleid::regrole::text FROM pg_auth_members WHERE member = role.oid ORDER BY 1)
FROM pg_roles role
JOIN pg_namespace schema ON schema.nspname = current_schema()
LEFT JOIN pg_class ledger ON ledger.oid = to_regclass('schema_migrations')
WHERE role.rolname = %s
"""


class Powers(NamedTuple):
    """In the current database and its first schema."""

    is_superuser: bool
    owns_tables: bool
    connects: bool
    uses_schema: bool
    creates_tables: bool
    creates_schemas: bool
    creates_temporary: bool
    has_attributes: bool
    memberships: list[str]

    def excess(self) -> list[tuple[str, sql.SQL | None]]:
        """What a mistake or an intruder in the service could use, each with the statement that ends it."""
        if self.is_superuser:
            return [("is a superuser: give the service another one", None)]
        attributes = sql.SQL("ALTER ROLE {role} NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS")
        found: list[tuple[bool, str, sql.SQL | None]] = [
            (self.owns_tables, "owns the tables", sql.SQL("REASSIGN OWNED BY {role} TO {owner}")),
            (self.creates_tables, "may create tables", REVOKE_CREATE_TABLES),
            (self.creates_schemas, "may create schemas", REVOKE_CREATE_SCHEMAS),
            (self.creates_temporary, "may create temporary tables", REVOKE_TEMPORARY),
            (self.has_attributes, "may do what a service never does", attributes),
        ]
        found += [(True, f"is a member of {name}: take that away (REVOKE)", None) for name in self.memberships]
        return [(what, remedy) for applies, what, remedy in found if applies]


def read_powers(connection: Connection, role: str) -> Powers:
    """Of a role that exists."""
    with connection.cursor() as cursor:
        cursor.execute(READ, (role,))
        return Powers(*cursor.fetchone() or ())


def statement(connection: Connection, template: sql.SQL, role: str) -> str:
    """`template` with the names of the role, the current role, database and schema."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_database(), current_schema()")
        owner, database, schema = (sql.Identifier(name) for name in cursor.fetchone() or ())
    composed = template.format(role=sql.Identifier(role), owner=owner, database=database, schema=schema)
    return composed.as_string(connection)
