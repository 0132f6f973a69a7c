"""Writes backup files while the server runs, and checks them.

A backup of SQLite is a complete database in one file; one of PostgreSQL is a dump in pg_dump's
custom format. The first bytes tell them apart.
"""

import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import peewee

from boz_server.database import postgres_tools
from boz_server.database.connection import Database, root_words
from boz_server.database.dialects import ENGINE_ERRORS
from boz_server.database.migrations import HISTORY_TABLE
from boz_server.errors import BackupError

_SQLITE_MAGIC = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check of a file found.

    schema_version: the newest migration applied to the database in it; None if there is none, or it
    can't be read. problem: what is wrong with it, as the end of a sentence; None if it is intact.
    """

    schema_version: str | None
    problem: str | None


def suffix(database: Database) -> str:
    """Return the extension of a backup's file name."""
    return ".dump" if database.path is None else ".db"


def write(database: Database, path: Path) -> None:
    """Write a snapshot of the database into an existing empty file.

    Readers and writers need not wait. The file is checked and survives power loss. Raises
    BackupError.
    """
    if database.path is None:
        postgres_tools.dump(database.url, path)
    else:
        _copy_sqlite(database, path)
    found = inspect(path)
    if found.problem is not None:
        raise BackupError(f"No backup was made: what was written {found.problem}.")
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def inspect(path: Path, *, thoroughly: bool = False) -> Verdict:
    """Check whether a file is an intact backup; opens it for reading only.

    thoroughly: check all indexes and references between rows, too. Never do this to a database in
    use, because it ignores locks.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(len(_SQLITE_MAGIC))
    except OSError as error:
        return Verdict(None, f"can't be read ({error.strerror})")
    if magic == _SQLITE_MAGIC:
        return _inspect_sqlite(path, thoroughly=thoroughly)
    if magic.startswith(postgres_tools.MAGIC):
        return Verdict(*postgres_tools.inspect(path))
    return Verdict(None, "is no backup of a database")


def require_whole(database: Database, path: Path) -> None:
    """Raise BackupError unless a file is an intact backup of this database's engine."""
    found = inspect(path, thoroughly=True)
    if found.problem is not None:
        raise BackupError(f"{path} {found.problem}: nothing was changed.")
    if _is_sqlite(path) != (database.path is not None):
        raise BackupError(f"{path} is of another database engine: nothing was changed.")
    if path.with_name(f"{path.name}-wal").exists():
        raise BackupError(
            f"{path} has a '-wal' file beside it, so it is no backup but a database in use: nothing"
            " was changed."
        )


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_SQLITE_MAGIC)) == _SQLITE_MAGIC


def _copy_sqlite(database: Database, path: Path) -> None:
    """Copy by VACUUM INTO, which reads a snapshot, blocks no writer and drops free pages."""
    # The journal of a killed process must not be rolled back into this copy.
    path.with_name(f"{path.name}-journal").unlink(missing_ok=True)
    try:
        database.peewee.execute_sql("VACUUM INTO ?", (str(path),))
    except ENGINE_ERRORS as error:
        raise BackupError(f"No backup was made: {root_words(error)}.") from error


def _inspect_sqlite(path: Path, *, thoroughly: bool) -> Verdict:
    # Immutable, so that nothing is written beside the file, whatever its journal mode.
    database = peewee.SqliteDatabase(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        with closing(database):
            return _verdict(database, thoroughly=thoroughly)
    except ENGINE_ERRORS as error:
        return Verdict(None, f"is damaged ({root_words(error)})")


def _verdict(database: Any, *, thoroughly: bool) -> Verdict:
    check = "integrity_check" if thoroughly else "quick_check"
    ((first,),) = database.execute_sql(f"PRAGMA {check}(1)").fetchall()
    if first != "ok":
        return Verdict(None, f"is damaged ({first})")
    if not database.table_exists(HISTORY_TABLE):
        return Verdict(None, "is the database of another program")
    ((version,),) = database.execute_sql(f"SELECT MAX(name) FROM {HISTORY_TABLE}").fetchall()  # noqa: S608
    if thoroughly and (broken := database.execute_sql("PRAGMA foreign_key_check").fetchone()):
        return Verdict(version, f"has rows of {broken[0]!r} that refer to missing ones")
    return Verdict(version, None)
