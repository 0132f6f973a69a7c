"""Reports where a database's schema differs from the models.

Both the database and an empty one with the models' tables are described as {object: declaration},
and the descriptions are compared. They include everything that the engine enforces: types, NOT
NULL, DEFAULT, CHECK, keys, indexes with their conditions, triggers.
"""

import re
from typing import Any

import peewee

from boz_server.database.connection import Database
from boz_server.database.migrations import HISTORY_TABLE
from boz_server.database.models import create_tables

Description = dict[str, str]


def differences(database: Database) -> list[str]:
    """Return a sentence for each difference, sorted; empty if there is none."""
    if database.path is not None:
        actual = _describe_sqlite(database.peewee)
        expected = _expected_sqlite()
    else:
        actual = _describe_postgres(database.peewee)
        expected = _expected_postgres(database.peewee)
    return sorted(
        [f"{what} is missing: the models have {how}" for what, how in expected.items()
         if what not in actual]
        + [f"{what} is not in the models: the database has {how}" for what, how in actual.items()
           if what not in expected]
        + [f"{what} differs: the models have {expected[what]}, the database has {how}"
           for what, how in actual.items() if what in expected and expected[what] != how]
    )  # fmt: skip


def _expected_sqlite() -> Description:
    reference = peewee.SqliteDatabase(":memory:")
    try:
        create_tables(reference)
        return _describe_sqlite(reference)
    finally:
        reference.close()


def _expected_postgres(database: Any) -> Description:
    with database.atomic() as transaction:
        database.execute_sql("CREATE SCHEMA boz_reference")
        database.execute_sql("SET LOCAL search_path TO boz_reference")
        create_tables(database)
        described = _describe_postgres(database)
        transaction.rollback()
    return described


def _describe_sqlite(database: Any) -> Description:
    found: Description = {}
    objects = database.execute_sql(
        "SELECT type, name, tbl_name, sql FROM sqlite_master"
        " WHERE name NOT LIKE 'sqlite_%' AND tbl_name <> ?"
        # A virtual table's shadow tables depend on the version of its module.
        " AND tbl_name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow')",
        (HISTORY_TABLE,),
    ).fetchall()
    for kind, name, table, sql in objects:
        if kind == "table":
            is_virtual = sql.startswith("CREATE VIRTUAL")
            found[f"table {table}"] = _normal(sql) if is_virtual else "a table"
            found |= _sqlite_columns(database, table)
            for clause in _check_clauses(sql):
                found[f"check {table}: {clause}"] = clause
        elif sql:
            found[f"{kind} {name}"] = _normal(sql)
    return found


def _sqlite_columns(database: Any, table: str) -> Description:
    found: Description = {}
    for _, name, kind, notnull, default, key, hidden in database.execute_sql(
        f'PRAGMA table_xinfo("{table}")'
    ).fetchall():
        found[f"column {table}.{name}"] = (
            f"{kind}{' NOT NULL' if notnull else ''} DEFAULT {default} KEY {key} HIDDEN {hidden}"
        )
    for row in database.execute_sql(f'PRAGMA foreign_key_list("{table}")').fetchall():
        _, _, parent, column, target, on_update, on_delete, _ = row
        found[f"foreign key {table}.{column}"] = (
            f"{parent}.{target} ON UPDATE {on_update} ON DELETE {on_delete}"
        )
    for _, name, _, origin, _ in database.execute_sql(f'PRAGMA index_list("{table}")').fetchall():
        if origin == "u":  # of a UNIQUE clause inside CREATE TABLE: such an index has no SQL
            rows = database.execute_sql(f'PRAGMA index_info("{name}")').fetchall()
            columns = ", ".join(column for _, _, column in rows)
            found[f"unique {table} ({columns})"] = "a UNIQUE clause"
    return found


def _check_clauses(sql: str) -> list[str]:
    """Return the conditions of a CREATE TABLE's CHECKs; SQLite has no pragma for them."""
    clauses = []
    for match in re.finditer(r"CHECK\s*\(", sql, re.IGNORECASE):
        depth, end = 1, match.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(sql[end], 0)
            end += 1
        clauses.append(_normal(sql[match.end() : end - 1]))
    return clauses


def _normal(sql: str) -> str:
    return re.sub(r"\s+", " ", sql.replace('"', "").replace("IF NOT EXISTS ", "")).strip()


def _describe_postgres(database: Any) -> Description:
    statements = {
        "table": "SELECT c.relname, 'a table' FROM pg_class c WHERE c.relkind = 'r'",
        "column": (
            "SELECT c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod)"
            " || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END || ' DEFAULT '"
            " || COALESCE(pg_get_expr(d.adbin, d.adrelid), 'none')"
            " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r'"
            " LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum"
            " WHERE a.attnum > 0 AND NOT a.attisdropped"
        ),
        "constraint": (
            "SELECT c.relname || '.' || n.conname, pg_get_constraintdef(n.oid)"
            " FROM pg_constraint n JOIN pg_class c ON c.oid = n.conrelid WHERE TRUE"
        ),
        "index": (
            "SELECT i.relname, pg_get_indexdef(x.indexrelid) FROM pg_index x"
            " JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid"
            " WHERE TRUE"
        ),
        "trigger": (
            "SELECT t.tgname, pg_get_triggerdef(t.oid) FROM pg_trigger t"
            " JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal"
        ),
    }
    schema = database.execute_sql("SELECT current_schema()").fetchone()[0]
    found: Description = {}
    for kind, statement in statements.items():
        rows = database.execute_sql(
            f"{statement} AND c.relnamespace = current_schema()::regnamespace AND c.relname <> %s",
            (HISTORY_TABLE,),
        ).fetchall()
        found |= {f"{kind} {what}": _plain(how.replace(f"{schema}.", "")) for what, how in rows}
    return found


def _plain(how: str) -> str:
    """Normalise lists of texts: a restored dump casts each text instead of the list."""
    how = re.sub(r"\(('[^']*'::character varying)\)::text", r"\1", how)
    return re.sub(r"\((ARRAY\[[^]]*\])\)::text\[\]", r"\1", how)
