"""Puts an adopted database in the place of the old one: at any moment, whenever the process is
killed, the file of that name is the old one or the new one, whole."""

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from boz_server.database.connection import Database
from boz_server.database.dialects import MIGRATION_WAIT_SECONDS, sqlite3
from boz_server.database.legacy import legacy_file
from boz_server.database.legacy.filling import AdoptionError, adopt_into
from boz_server.database.legacy.report import Report
from boz_server.database.legacy.tables import HasThumbnail
from boz_server.database.models.base import database_proxy
from boz_server.disk import give_name, lock_folder, numbered, sync_folder

#: The copy and the new database while they are made; what a killed process left is made anew.
COPY, NEW = ".legacy.part", ".adopted.part"
#: What SQLite keeps beside a file; a new file must not come to lie beside an old one's.
_BESIDE = ("-wal", "-shm", "-journal")
_LOOK_SECONDS = 0.1


class Adopted(NamedTuple):
    """What came of an adoption. backup: the old database."""

    report: Report
    backup: Path


def adopt_in_place(path: Path, now: datetime, has_thumbnail: HasThumbnail) -> Adopted | None:
    """Adopt a file; None where it is none of the old system's, or by now is ours, as of several
    servers that start at once the first has done it.

    Raises AdoptionError, OSError and the errors of SQLite and Peewee; the file is then as it was.
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
    """Wait until no other process adopts a file of the folder, and keep others waiting."""
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
    """Keep everyone from writing to the old database, all of which is in its one file then."""
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
    """Make the old database one file, and keep others from writing to it; False where another
    connection is in the way, if only for the look of a server that starts as well."""
    try:
        # SQLite does not wait for others to close the file, where it is in WAL mode.
        connection.execute("PRAGMA journal_mode = delete")
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def _build(new: Path, copy: Path, now: datetime, has_thumbnail: HasThumbnail) -> Report:
    """Make the new database under its passing name."""
    before = database_proxy.obj
    database = Database(f"sqlite:///{new}")
    try:
        report = adopt_into(database, copy, now, has_thumbnail)
    finally:
        database.close()
        if before is not None:
            database_proxy.initialize(before)
    with legacy_file.connected(new) as connection:
        legacy_file.require_sound(connection)
    legacy_file.sync(new)
    return report


def _hand_over(path: Path, *files: Path) -> None:
    """Give files the mode of the old one, and its owner where we are root: the server that is to
    use them may run as another user."""
    old = path.stat()
    for file in files:
        file.chmod(stat.S_IMODE(old.st_mode))
        if os.geteuid() == 0:
            os.chown(file, old.st_uid, old.st_gid)


def _exchange(path: Path, copy: Path, new: Path, now: datetime) -> Path:
    """Name the backup, then put the new database in the old one's place; returns the backup."""
    left = [name for name in _beside(new) if name.exists()]
    if left:  # SQLite says nothing where its last close could not write all into the one file
        raise AdoptionError(f"{left[0]} could not be merged into the new database: see the disk.")
    # Dead by now, as everything is in the one file and we alone may write to it; beside the new
    # file they would be taken for its own.
    for name in _beside(path):
        name.unlink(missing_ok=True)
    wanted = path.with_name(f"{path.name}.legacy-{now:%Y%m%dT%H%M%SZ}")
    backup = next(name for name in numbered(wanted) if give_name(copy, name))
    try:
        os.replace(new, path)
    except OSError:
        # Else each further start would leave one more.
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
