"""Replaces an old database by the adopted one.

Even if the process is killed, the file of that name is always the whole old or new database.
"""

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from boz_server.database.connection import second_database
from boz_server.database.dialects import MIGRATION_WAIT_SECONDS, sqlite3
from boz_server.database.legacy import legacy_file
from boz_server.database.legacy.filling import AdoptionError, adopt_into
from boz_server.database.legacy.report import Report
from boz_server.database.legacy.tables import HasThumbnail
from boz_server.disk import lock_folder, numbered, rename_noreplace, sync_folder

#: Suffixes of the copy and of the new database; leftovers of a killed process are overwritten.
COPY, NEW = ".legacy.part", ".adopted.part"
#: SQLite's files beside a database; those of the old one must not end up beside the new one.
_BESIDE = ("-wal", "-shm", "-journal")
_LOOK_SECONDS = 0.1


class Adopted(NamedTuple):
    """The result of an adoption. backup: the old database."""

    report: Report
    backup: Path


def adopt_in_place(path: Path, now: datetime, has_thumbnail: HasThumbnail) -> Adopted | None:
    """Adopt a file; None if it is not a legacy database, or another server that started at the same
    time has already adopted it.

    Raises AdoptionError, OSError and the errors of SQLite and Peewee; the file is then unchanged.
    """
    path = path.resolve()
    copy, new = path.with_name(path.name + COPY), path.with_name(path.name + NEW)
    with _alone_in(path.parent):
        if not legacy_file.is_legacy(path):
            return None
        _clear(copy, new)
        try:
            with _held(path):
                legacy_file.copy(path, copy)
                report = _build(new, copy, now, has_thumbnail)
                _hand_over(path, copy, new)
                return Adopted(report, _exchange(path, copy, new, now))
        finally:
            _clear(copy, new)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Wait for other processes that adopt a file of the folder, and then keep them waiting."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        deadline = time.monotonic() + MIGRATION_WAIT_SECONDS
        while not lock_folder(descriptor):
            if time.monotonic() > deadline:
                raise AdoptionError(
                    f"Another process has been adopting a database in {folder} for"
                    f" {MIGRATION_WAIT_SECONDS} s: see what it is, and start again."
                )
            time.sleep(_LOOK_SECONDS)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Keep others from writing to the old database, and fold its log into its one file."""
    with legacy_file.connected(path) as connection:
        deadline = time.monotonic() + legacy_file.WAIT_SECONDS
        while not _take(connection):
            if time.monotonic() > deadline:
                raise AdoptionError(
                    f"Another program has the database {path} open: stop the old server, and start"
                    " this one again."
                )
            time.sleep(_LOOK_SECONDS)
        yield


def _take(connection: Any) -> bool:
    """Fold the log into the file and take the write lock; False if another connection is open,
    which may only be another starting server's look at the file."""
    try:
        # In WAL mode, SQLite does not wait for others to close the file.
        connection.execute("PRAGMA journal_mode = delete")
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def _build(new: Path, copy: Path, now: datetime, has_thumbnail: HasThumbnail) -> Report:
    """Make the new database under its temporary name."""
    with second_database(f"sqlite:///{new}") as database:
        report = adopt_into(database, copy, now, has_thumbnail)
    with legacy_file.connected(new) as connection:
        legacy_file.require_sound(connection)
    legacy_file.sync(new)
    return report


def _hand_over(path: Path, *files: Path) -> None:
    """Give files the mode of the old one, and as root its owner: the server may run as another
    user."""
    old = path.stat()
    for file in files:
        file.chmod(stat.S_IMODE(old.st_mode))
        if os.geteuid() == 0:
            os.chown(file, old.st_uid, old.st_gid)


def _exchange(path: Path, copy: Path, new: Path, now: datetime) -> Path:
    """Name the backup, then put the new database in the old one's place. Returns the backup."""
    left = [name for name in _beside(new) if name.exists()]
    if left:  # SQLite does not report that its last close could not write everything to the file
        raise AdoptionError(f"{left[0]} could not be merged into the new database: see the disk.")
    # Their contents are in the file, and we hold the write lock. Beside the new file SQLite would
    # take them for that file's.
    for name in _beside(path):
        name.unlink(missing_ok=True)
    wanted = path.with_name(f"{path.name}.legacy-{now:%Y%m%dT%H%M%SZ}")
    backup = next(name for name in numbered(wanted) if rename_noreplace(copy, name))
    try:
        os.replace(new, path)
    except OSError:
        # Otherwise every failing start would leave another one.
        backup.unlink()
        raise
    sync_folder(path.parent)
    return backup


def _clear(*files: Path) -> None:
    for file in files:
        for name in (file, *_beside(file)):
            name.unlink(missing_ok=True)


def _beside(file: Path) -> list[Path]:
    return [file.with_name(file.name + suffix) for suffix in _BESIDE]
