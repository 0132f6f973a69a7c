"""What keeps a database small and quick, and tells how large it is."""

from dataclasses import dataclass
from typing import Any

from boz_server.database.connection import Database
from boz_server.database.findings import wal_bytes


@dataclass(frozen=True, slots=True)
class TableSize:
    """One table. size_bytes: of its values on SQLite, which keeps no account of pages a table; of
    its place on the disk, with its indexes, on PostgreSQL."""

    table: str
    rows: int
    size_bytes: int


def size(database: Database) -> int:
    """Return the bytes that the database takes on its disk, but for logs."""
    if database.path is None:
        return _one(database, "SELECT pg_database_size(current_database())")
    return _one(database, "PRAGMA page_count") * _one(database, "PRAGMA page_size")


def sizes(database: Database) -> list[TableSize]:
    """Return how large each table is, by its name; reads all of them."""
    with database.read():
        if database.path is not None:
            return _of_sqlite(database)
        return [_size_of(database, table) for table in sorted(database.peewee.get_tables())]


def vacuum(database: Database) -> None:
    """Give free pages back to the disk. On SQLite everyone who writes waits meanwhile."""
    database.peewee.execute_sql("VACUUM")
    if database.path is not None:
        # The whole database has just gone through its log.
        database.peewee.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def optimize(database: Database) -> None:
    """Bring up to date what the engine knows of the tables for its plans.

    SQLite looks at those that have grown or shrunk much since it last did, and at a part of their
    rows; PostgreSQL does so by itself as well.
    """
    with database.write():
        if database.path is None:
            database.peewee.execute_sql("ANALYZE")
        else:
            # 0x10000: all tables, not only those that this connection has read; 0x02: analyze.
            database.peewee.execute_sql("PRAGMA optimize = 0x10002")


def has_statistics(database: Database) -> bool:
    """Whether SQLite's plans go by what it was found to have in its tables."""
    columns = database.peewee.execute_sql("PRAGMA table_info(sqlite_stat1)")
    return columns.fetchone() is not None


def fold_in_log(database: Database) -> int:
    """Take from SQLite's log into its file what no one needs in the log any more, without waiting
    for anyone; returns the bytes of the log, 0 on PostgreSQL."""
    if database.path is None:
        return 0
    database.peewee.execute_sql("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    return wal_bytes(database.path.resolve())


def _of_sqlite(database: Database) -> list[TableSize]:
    """A virtual table's columns are another's: what it takes itself is in tables of its own."""
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
