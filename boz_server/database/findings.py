"""The findings of `flask db doctor`, and the checks that only SQLite needs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from boz_server.database.connection import Database, root_words
from boz_server.database.dialects import ENGINE_ERRORS, SQLITE_PRAGMAS, WAL_LIMIT_BYTES
from boz_server.mounts import network_type, type_of

#: Earlier versions can corrupt a WAL database that several connections checkpoint:
#: https://www.sqlite.org/wal.html#walresetbug
SOUND_SQLITE = (3, 51, 3)
#: The share of a file, and in any case the bytes, that may be free pages without a warning.
FREE_SHARE, FREE_BYTES = 0.25, 32 * 1024 * 1024
#: SQLite's answers for pragmas that are set by name.
_ANSWERS = {"full": 2, "memory": 2}
_SHOWN = 3
MOVE_TO_LOCAL_DISK = "Move it to a disk of this machine, or set BOZ_ALLOW_NETWORK_FS=true."
_TRY_AGAIN = "See that the database can be reached and has room, and try again."
_RESTORE = "Go back to a backup: 'flask db backups', then 'flask db restore FILE'."


class Severity(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    #: It works, but not forever, or not in all circumstances.
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check. fix: what to do, in words; empty if nothing needs doing."""

    check: str
    severity: Severity
    detail: str
    fix: str = ""


Check = Callable[[], Finding]


def guarded(name: str, check: Check) -> Finding:
    """Run a check; an error of the engine becomes a finding."""
    try:
        return check()
    except ENGINE_ERRORS as error:
        # In Peewee and both drivers: unreachable, locked or out of room, but not damaged.
        passes = type(error).__name__ == "OperationalError"
        fix = _TRY_AGAIN if passes else _RESTORE
        return Finding(name, Severity.ERROR, f"{root_words(error)}.", fix)


def of_sqlite(database: Database, path: Path) -> Iterator[Finding]:
    """Check everything that can be wrong with an SQLite file, and with how it is used."""
    yield _file_system(path)
    for name, check in (
        ("version", _version),
        ("pragmas", _pragmas),
        ("integrity", _integrity),
        ("foreign keys", _foreign_keys),
        ("free pages", _free_pages),
    ):
        yield guarded(name, partial(check, database.peewee))
    yield _log(path)


def wal_bytes(path: Path) -> int:
    """Return the size of the log beside a database's file; 0 without one."""
    log = path.with_name(f"{path.name}-wal")
    return log.stat().st_size if log.exists() else 0


def _version(database: Any) -> Finding:
    ((found,),) = database.execute_sql("SELECT sqlite_version()").fetchall()
    if tuple(map(int, found.split("."))) >= SOUND_SQLITE:
        return Finding("version", Severity.OK, f"SQLite {found}.")
    return Finding(
        "version",
        Severity.WARNING,
        f"SQLite {found} can corrupt a database that several connections write.",
        "Install the pysqlite3 wheel (Linux on x86-64), or a Python with SQLite 3.51.3 or newer.",
    )


def _file_system(path: Path) -> Finding:
    kind = network_type(path)
    if kind is None:
        return Finding("file system", Severity.OK, f"{type_of(path) or 'not known'}.")
    return Finding("file system", Severity.ERROR, network_refusal(path, kind), MOVE_TO_LOCAL_DISK)


def network_refusal(path: Path, kind: str) -> str:
    """Say why a database can't stay on a network file system."""
    return f"{path} is on a network file system ({kind}), where SQLite's log can corrupt it."


def _pragmas(database: Any) -> Finding:
    wrong = []
    for name, wanted in SQLITE_PRAGMAS:
        ((found,),) = database.execute_sql(f"PRAGMA {name}").fetchall()
        if found != _ANSWERS.get(str(wanted), wanted):
            wrong.append(f"{name} is {found}, not {wanted}")
    if not wrong:
        return Finding(
            "pragmas", Severity.OK, "journal_mode is wal, and all others as they should."
        )
    return Finding(
        "pragmas",
        Severity.ERROR,
        f"{'; '.join(wrong)}.",
        "See that nothing else has the file open, and that its file system is a local one.",
    )


def _integrity(database: Any) -> Finding:
    found = [line for (line,) in database.execute_sql("PRAGMA integrity_check(10)").fetchall()]
    if found == ["ok"]:
        return Finding("integrity", Severity.OK, "integrity_check found nothing.")
    return Finding("integrity", Severity.ERROR, f"{'; '.join(found[:_SHOWN])}.", _RESTORE)


def _foreign_keys(database: Any) -> Finding:
    broken = database.execute_sql("PRAGMA foreign_key_check").fetchall()
    if not broken:
        return Finding("foreign keys", Severity.OK, "foreign_key_check found nothing.")
    shown = ", ".join(f"{table} row {row} to {parent}" for table, row, parent, _ in broken[:_SHOWN])
    return Finding(
        "foreign keys",
        Severity.ERROR,
        f"{len(broken)} references to rows that are missing: {shown}.",
        "Set these columns to null, or delete the rows where they must have a value.",
    )


def _free_pages(database: Any) -> Finding:
    free, pages, size = (
        database.execute_sql(f"PRAGMA {name}").fetchone()[0]
        for name in ("freelist_count", "page_count", "page_size")
    )
    detail = f"{free} of {pages} pages are free."
    if free * size <= max(FREE_BYTES, FREE_SHARE * pages * size):
        return Finding("free pages", Severity.OK, detail)
    return Finding("free pages", Severity.WARNING, detail, "Run 'flask db vacuum'.")


def _log(path: Path) -> Finding:
    size = wal_bytes(path)
    detail = f"{size} bytes in the write-ahead log."
    if size <= WAL_LIMIT_BYTES:
        return Finding("log", Severity.OK, detail)
    return Finding(
        "log",
        Severity.WARNING,
        detail,
        "Something keeps a transaction open, such as a shell: end it, or restart the server.",
    )
