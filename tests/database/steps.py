"""Checks of a step between two versions of the schema, on a database in use."""

from collections.abc import Iterable
from typing import Any

from boz_server.database.connection import Database
from boz_server.database.migrations import Migrations


def columns(database: Database) -> dict[str, list[str]]:
    """{table: its columns}, of all tables but the history of migrations."""
    return {
        table: [column.name for column in database.peewee.get_columns(table)]
        for table in database.peewee.get_tables()
        if table != "migratehistory"
    }


def rows(database: Database, asked: dict[str, list[str]]) -> dict[str, list[dict[str, Any]]]:
    """{table: its rows, with these columns}, in an order that depends on the rows alone."""
    found = {}
    for table, names in asked.items():
        cursor = database.peewee.execute_sql(
            f"SELECT {', '.join(names)} FROM {table}"  # noqa: S608
        )
        found[table] = sorted(
            (dict(zip(names, row, strict=True)) for row in cursor.fetchall()), key=repr
        )
    return found


def schema(database: Database) -> dict[str, Any]:
    """Every table's columns, indexes and foreign keys."""
    peewee = database.peewee
    return {
        table: (
            peewee.get_columns(table),
            sorted(peewee.get_indexes(table)),
            sorted(peewee.get_foreign_keys(table)),
        )
        for table in columns(database)
    }


def assert_keeps_every_row(
    database: Database, before: str, after: str, in_use: Iterable[str]
) -> None:
    """Up, down and up again: no row is lost or changed. in_use: statements that use what is new."""
    of_before = columns(database)
    kept = rows(database, of_before)
    Migrations(database).upgrade(after)
    assert rows(database, of_before) == kept
    upgraded = rows(database, columns(database))
    for statement in in_use:
        database.peewee.execute_sql(statement)
    Migrations(database).downgrade(before)
    assert rows(database, of_before) == kept
    Migrations(database).upgrade(after)
    assert rows(database, columns(database)) == upgraded


def assert_leaves_the_schema_of(database: Database, before: str, after: str) -> None:
    """Up and down: the schema of the version before is what remains."""
    found = schema(database)
    Migrations(database).upgrade(after)
    assert schema(database) != found
    Migrations(database).downgrade(before)
    assert schema(database) == found
