"""Checks of a migration on a database with rows."""

from collections.abc import Iterable
from typing import Any

from boz_server.database.connection import Database
from boz_server.database.migrations import HISTORY_TABLE, Migrations


def tables(database: Database) -> list[str]:
    """Name all tables except the history of migrations and an engine's own search tables."""
    found = database.peewee.get_tables()
    if database.path is not None:
        listed = database.peewee.execute_sql("PRAGMA table_list").fetchall()
        kinds = {name: kind for _, name, kind, *_ in listed}
        found = [table for table in found if kinds[table] == "table"]
    return sorted(set(found) - {HISTORY_TABLE})


#: {table: its rows}.
Rows = dict[str, list[dict[str, Any]]]


def columns(database: Database) -> dict[str, list[str]]:
    """{table: its columns}, except those that the engine fills by itself."""
    generated: set[tuple[str, str]] = set()
    if database.path is None:
        generated = set(
            database.peewee.execute_sql(
                "SELECT table_name, column_name FROM information_schema.columns"
                " WHERE is_generated = 'ALWAYS'"
            ).fetchall()
        )
    return {
        table: [
            column.name
            for column in database.peewee.get_columns(table)
            if (table, column.name) not in generated
        ]
        for table in tables(database)
    }


def rows(database: Database, asked: dict[str, list[str]]) -> Rows:
    """{table: its rows, with these columns}, sorted."""
    found = {}
    for table, names in asked.items():
        cursor = database.peewee.execute_sql(
            f"SELECT {', '.join(names)} FROM {table}"  # noqa: S608
        )
        found[table] = sorted(
            (dict(zip(names, row, strict=True)) for row in cursor.fetchall()), key=repr
        )
    return found


#: Asks PostgreSQL about all tables at once, ten times as fast as Peewee's query for each table.
POSTGRESQL_SCHEMA = (
    "SELECT table_name, column_name, data_type, is_nullable, column_default"
    " FROM information_schema.columns WHERE table_schema = 'public'",
    "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace",
)


def schema(database: Database) -> object:
    """Every table's columns, indexes and foreign keys."""
    peewee = database.peewee
    if database.path is None:
        asked = (peewee.execute_sql(query).fetchall() for query in POSTGRESQL_SCHEMA)
        return [
            sorted((row for row in found if row[0] != HISTORY_TABLE), key=repr) for found in asked
        ]
    return {
        table: (
            peewee.get_columns(table),
            sorted(peewee.get_indexes(table)),
            sorted(peewee.get_foreign_keys(table)),
        )
        for table in columns(database)
    }


def filled_at(version: str, database: Database, statements: Iterable[str]) -> Database:
    """Migrate a database to that version and fill it; returns it."""
    Migrations(database).upgrade(version)
    for statement in statements:
        database.peewee.execute_sql(statement)
    return database


def assert_keeps_every_row(
    database: Database, before: str, after: str, in_use: Iterable[str], gaining: Iterable[str] = ()
) -> None:
    """Up, down and up again: no row is lost or changed, and the schema is as it was before.

    in_use: statements that use what is new. gaining: tables that get rows of it on the way down.
    """
    of_before = columns(database)
    schema_before = schema(database)
    kept = rows(database, of_before)
    Migrations(database).upgrade(after)
    assert rows(database, of_before) == kept
    upgraded = rows(database, columns(database))
    for statement in in_use:
        database.peewee.execute_sql(statement)
    Migrations(database).downgrade(before)
    _assert_has(rows(database, of_before), kept, gaining)
    assert schema(database) == schema_before
    Migrations(database).upgrade(after)
    _assert_has(rows(database, columns(database)), upgraded, gaining)


def _assert_has(found: Rows, expected: Rows, gaining: Iterable[str]) -> None:
    for table in gaining:
        found[table] = [row for row in found[table] if row in expected[table]]
    assert found == expected
