"""The SQL of the conversation service: each file is used, and is what the migrated schema understands."""

import ast
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2's own names for its classes
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from local_stack.postgres import PostgresServer
from tests.databases import fresh_database
from tests.repository.tree import ROOT

SERVICE = ROOT / "conversation_service"
FILES = sorted((SERVICE / "sql").glob("*.sql"))
_HEADER = re.compile(r"-- PARAMETERS:(?: (?P<types>[a-z0-9\[\]]+(?:, [a-z0-9\[\]]+)*))?")


def declared_types(sql: str) -> list[str]:
    """What the first line says; fails where it is no such line."""
    header = _HEADER.fullmatch(sql.partition("\n")[0])
    assert header, "the first line is not `-- PARAMETERS: type, type`"
    return header["types"].split(", ") if header["types"] else []


def used_names() -> set[str]:
    """Every word in quotes in the service's Python files."""
    trees = [ast.parse(path.read_text()) for path in SERVICE.rglob("*.py")]
    constants = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return {node.value for node in constants if isinstance(node.value, str)}


@pytest.fixture(scope="module")
def connection(postgres_server: PostgresServer) -> Iterator[Connection]:
    """One for all of them: nothing of theirs is committed."""
    with fresh_database(postgres_server) as addresses, closing(psycopg2.connect(addresses.service)) as connection:
        yield connection


@pytest.fixture
def cursor(connection: Connection) -> Iterator[Cursor]:
    yield connection.cursor()
    connection.rollback()


def prepared_types(cursor: Cursor, sql: str) -> list[str]:
    """The types of the parameters, as Postgres has them once it has prepared the statement."""
    types = declared_types(sql)
    cursor.execute("DEALLOCATE ALL")
    cursor.execute(f"PREPARE statement {'(' + ', '.join(types) + ')' if types else ''} AS {sql}")
    cursor.execute("SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = 'statement'")
    return list(cursor.fetchone()[0])


def test_there_are_statements() -> None:
    assert len(FILES) > 10


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_postgres_understands_a_statement_and_its_parameters(path: Path, cursor: Cursor) -> None:
    sql = path.read_text()
    known = {"float8": "double precision", "timestamptz": "timestamp with time zone"}
    expected = [
        known.get(name.removesuffix("[]"), name.removesuffix("[]")) + name[-2:] * name.endswith("[]")
        for name in declared_types(sql)
    ]
    assert prepared_types(cursor, sql) == expected
    used = {int(number) for number in re.findall(r"\$(\d+)", sql)}
    assert used == set(range(1, len(expected) + 1))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_statement_says_what_it_does(path: Path) -> None:
    assert re.match(r"-- \S.{20,}", path.read_text().splitlines()[1])


def test_every_statement_is_used() -> None:
    assert {path.stem for path in FILES} - used_names() == set()


def test_every_statement_that_is_executed_is_there() -> None:
    executed = [
        node.args[0].value
        for path in SERVICE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "execute"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    ]
    assert len(executed) > 10
    assert set(executed) <= {path.stem for path in FILES}


@pytest.mark.parametrize(
    "sql", ["SELECT 1", "-- Parameters: text\nSELECT $1", "-- PARAMETERS: text,text\nSELECT $1, $2"]
)
def test_a_statement_without_its_first_line_is_noticed(sql: str) -> None:
    with pytest.raises(AssertionError):
        declared_types(sql)


def test_a_statement_that_does_not_fit_the_schema_is_noticed(cursor: Cursor) -> None:
    with pytest.raises(psycopg2.errors.UndefinedColumn):
        prepared_types(cursor, "-- PARAMETERS: uuid\nSELECT no_such_column FROM conversations WHERE id = $1")
