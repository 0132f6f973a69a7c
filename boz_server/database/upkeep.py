"""Keeps a database small and fast, and measures its size."""

from dataclasses import dataclass
from typing import Any

from boz_server.database.connection import Database
from boz_server.database.findings import wal_bytes


@dataclass(frozen=True, slots=True)
class TableSize:
    """The size of one table.

    size_bytes: on PostgreSQL the table and its indexes on disk; on SQLite only its values, because
    it does not count pages by table.
    """

    table: str
    rows: int
    size_bytes: int


def size(database: Database) -> int:
    """Return the bytes that the database takes on disk, without its logs."""
    if database.path is None:
        return _one(database, "SELECT pg_database_size(current_database())")
    return _one(database, "PRAGMA page_count") * _one(database, "PRAGMA page_size")


def sizes(database: Database) -> list[TableSize]:
    """Return the size of each table, sorted by name; reads all of them."""
    with database.read():
        if database.path is not None:
            return _of_sqlite(database)
        return [_size_of(database, table) for table in sorted(database.peewee.get_tables())]


def vacuum(database: Database) -> None:
    """Return free pages to the disk. On SQLite, writers have to wait."""
    database.peewee.execute_sql("VACUUM")
    if database.path is not None:
        # VACUUM has just written the whole database to the log.
        database.peewee.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def optimize(database: Database) -> None:
    """Update the statistics that the engine plans its queries by.

    SQLite samples the tables that have changed much in size since the last time; PostgreSQL also
    does this by itself.
    """
    with database.write():
        if database.path is None:
            database.peewee.execute_sql("ANALYZE")
        else:
            # 0x10000: all tables, not only those that this connection has read. 0x02: analyze.
            database.peewee.execute_sql("PRAGMA optimize = 0x10002")


def has_statistics(database: Database) -> bool:
    """Whether SQLite has statistics to plan its queries by."""
    columns = database.peewee.execute_sql("PRAGMA table_info(sqlite_stat1)")
    return columns.fetchone() is not None


def fold_in_log(database: Database) -> int:
    """Checkpoint SQLite's log as far as possible without waiting for others.

    Returns the size of the log in bytes; 0 on PostgreSQL.
    """
    if database.path is None:
        return 0
    database.peewee.execute_sql("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    return wal_bytes(database.path.resolve())


def _of_sqlite(database: Database) -> list[TableSize]:
    """Measure tables; a virtual table's own data is in its shadow tables."""
    kinds: dict[str, str] = dict(
        database.peewee.execute_sql(
            "SELECT name, type FROM pragma_table_list WHERE schema = 'main'"
            " AND type <> 'view' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        ).fetchall()
    )
    found = {name: _size_of(database, name) for name, kind in kinds.items() if kind != "virtual"}
    for name in (name for name, kind in kinds.items() if kind == "virtual"):
        own = [each for each in kinds if kinds[each] == "shadow" and each.startswith(f"{name}_")]
        rows = _one(database, f'SELECT COUNT(*) FROM "{name}"')  # noqa: S608
        found[name] = TableSize(name, rows, sum(found.pop(each).size_bytes for each in own))
    return [found[name] for name in sorted(found)]


def _size_of(database: Database, table: str) -> TableSize:
    rows = _one(database, f'SELECT COUNT(*) FROM "{table}"')  # noqa: S608
    if database.path is None:
        return TableSize(
            table, rows, _one(database, f"SELECT pg_total_relation_size('\"{table}\"')")
        )
    columns = [column.name for column in database.peewee.get_columns(table)]
    lengths = " + ".join(f'COALESCE(LENGTH(CAST("{name}" AS BLOB)), 0)' for name in columns)
    return TableSize(table, rows, _one(database, f'SELECT TOTAL({lengths}) FROM "{table}"'))  # noqa: S608


def _one(database: Database, sql: str) -> int:
    value: Any = database.peewee.execute_sql(sql).fetchone()[0]
    return int(value)
