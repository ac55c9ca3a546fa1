"""The models against the migrated schema."""

from collections.abc import Iterator

import peewee
import pytest

from conversation_service import models
from local_stack.postgres import PostgresServer
from tests.databases import fresh_database

_TYPES = {
    "UUID": "uuid",
    "TEXT": "text",
    "BIGINT": "bigint",
    "BIGSERIAL": "bigint",
    "SMALLINT": "smallint",
    "INT": "integer",
    "BOOLEAN": "boolean",
    "BYTEA": "bytea",
    "JSONB": "jsonb",
    "TIMESTAMPTZ": "timestamp with time zone",
    "DATE": "date",
}


@pytest.fixture(scope="module")
def database(postgres_server: PostgresServer) -> Iterator[peewee.PostgresqlDatabase]:
    """One for all of them, which only look."""
    with fresh_database(postgres_server) as addresses:
        database = peewee.PostgresqlDatabase(addresses.service)
        with database.connection_context():
            yield database


def test_every_table_has_a_model_and_the_other_way_round(database: peewee.PostgresqlDatabase) -> None:
    assert sorted(database.get_tables()) == sorted([*(m._meta.table_name for m in models.TABLES), "schema_migrations"])


@pytest.mark.parametrize("model", models.TABLES, ids=lambda model: model.__name__)
def test_a_model_has_the_columns_of_its_table(database: peewee.PostgresqlDatabase, model: type[peewee.Model]) -> None:
    table = model._meta.table_name
    stored = {column.name: (column.data_type, column.null) for column in database.get_columns(table)}
    described = {field.column_name: (_TYPES[_type(field)], field.null) for field in model._meta.sorted_fields}
    assert described == stored
    keys = model._meta.get_primary_keys()
    assert sorted(field.column_name for field in keys) == sorted(database.get_primary_keys(table))


def _type(field: peewee.Field) -> str:
    target = field.rel_field if isinstance(field, peewee.ForeignKeyField) else field
    return peewee.PostgresqlDatabase.field_types.get(target.field_type, target.field_type)
