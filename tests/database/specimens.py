"""A row in every table, built from the schema of any version, on each engine."""

import re
import zlib
from collections.abc import Iterator
from typing import Any

from boz_server.database.connection import Database
from tests.database.steps import columns

#: Text that is valid JSON too.
TEXT = '[{"ü": 1.5}, "\\u2603"]'
TIME = "2026-01-24 12:34:56.123456"
#: For the only column of bytes: the record of an archived disc.
PACKED = zlib.compress(b'{"disc": {"drive": "F:"}, "titles": [], "jobs": []}').hex()
#: A key that the database will not reach by itself while tests run.
NUMBER = "1000000000"
#: {type of a column: a value for it}.
VALUES = {
    "integer": "1",
    "bigint": "1",
    "boolean": "TRUE",
    "real": "1.5",
    "double precision": "1.5",
    "blob": f"X'{PACKED}'",
    "bytea": f"'\\x{PACKED}'",
}


def fill(database: Database) -> None:
    """Enter a row with a value in every column into every table; the rows refer to each other."""
    for statement in statements(database, besides={}):
        database.peewee.execute_sql(statement)


def statements(database: Database, besides: dict[str, list[str]]) -> Iterator[str]:
    """Give what `fill` executes, one after the other.

    besides: tables and columns that are filled already.
    """
    values = {table: _values(database, table, names) for table, names in columns(database).items()}
    references = {
        table: {
            key.column: (key.dest_table, key.dest_column)
            for key in database.peewee.get_foreign_keys(table)
        }
        for table in values
    }
    for table, row in values.items():
        for column, (parent, key) in references[table].items():
            row[column] = values[parent][key] if parent in values else row[column]
    later = []
    there = set(besides)
    while new := [table for table in values if table not in there]:
        table = min(new, key=lambda table: _waits_for(database, references[table], table, there))
        ahead = {
            column
            for column, (parent, _) in references[table].items()
            if parent not in there and parent != table
        }
        row = {name: value for name, value in values[table].items() if name not in ahead}
        yield f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(row.values())})"  # noqa: S608
        later += [(table, column) for column in ahead]
        there.add(table)
    new_columns = [
        (table, column)
        for table, names in besides.items()
        for column in values.get(table, ())
        if column not in names
    ]
    for table, column in later + new_columns:
        yield f"UPDATE {table} SET {column} = {values[table][column]}"  # noqa: S608


def _waits_for(
    database: Database, references: dict[str, tuple[str, str]], table: str, there: set[str]
) -> tuple[bool, bool]:
    """Sort tables: first those whose rows need, or may name, no row that is missing."""
    missing = {column for column, (parent, _) in references.items() if parent not in there}
    needed = {column.name for column in database.peewee.get_columns(table) if not column.null}
    return bool(missing & needed), bool(missing)


def _values(database: Database, table: str, names: list[str]) -> dict[str, str]:
    """Give each column a value, in SQL, that its type and its CHECK take."""
    rules = _rules(database, table)
    found = {}
    for column in database.peewee.get_columns(table):
        if column.name in names:
            allowed = _allowed(rules, column.name)
            found[column.name] = f"'{allowed}'" if allowed else _value(table, column)
    return found


def _value(table: str, column: Any) -> str:
    """Texts of limited length differ between tables, as some ids are unique across tables."""
    kind = column.full_type.lower()
    if length := re.search(r"\((\d+)\)", kind):
        return f"'{f'{table} {column.name}'[: int(length[1])]}'"
    if kind.startswith(("date", "time")):
        return f"'{TIME}'"
    if column.primary_key and kind in ("integer", "bigint"):
        return NUMBER
    return VALUES.get(kind, f"'{TEXT}'")


def _rules(database: Database, table: str) -> str:
    if database.path is not None:
        query = f"SELECT sql FROM sqlite_master WHERE name = '{table}'"  # noqa: S608
    else:
        query = (
            "SELECT string_agg(pg_get_constraintdef(oid), ' ') FROM pg_constraint"  # noqa: S608
            f" WHERE conrelid = '{table}'::regclass"
        )
    return str(database.peewee.execute_sql(query).fetchone()[0])


def _allowed(rules: str, column: str) -> str | None:
    """Return the last word that a CHECK allows in a column; None if no CHECK lists words."""
    words = re.search(rf"\b{column}\"?\)?(?:::text)? (?:IN \(|= ANY \(+ARRAY\[)([^])]*)", rules)
    return re.findall(r"'([^']*)'", words[1])[-1] if words else None
