"""Backups of the database: on request, regularly, and before the schema changes."""

import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from boz_server.context import Context
from boz_server.database import backup, postgres_tools
from boz_server.database.connection import Database
from boz_server.database.migrations import HISTORY_TABLE
from boz_server.disk import make_folders, numbered, own, rename_noreplace, sync_folder
from boz_server.errors import BackupError

log = logging.getLogger(__name__)

#: How long a backup waits for another backup of the same database.
WAIT_SECONDS = 300.0
#: The time in a backup's name: in UTC, without the colon that Windows does not allow.
STAMP = "%Y%m%dT%H%M%SZ"


class BackupUnderWay(BackupError):
    """Another backup of the same database is being made."""


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup; only files that were found to be whole get such a name."""

    path: Path
    size_bytes: int
    taken_at: datetime


class BackupStep:
    """The maintenance step: makes a backup when the latest is old."""

    def __init__(self) -> None:
        self._has_warned = False

    def run(self, context: Context) -> Backup | None:
        """Make a backup if one is due, and return it; None otherwise. Raises BackupError.

        Warns once when pg_dump is missing or too old for the database.
        """
        if not _is_due(context):
            return None
        if (reason := obstacle(context)) is not None:
            if not self._has_warned:
                log.warning("No backups are made: %s.", reason)
            self._has_warned = True
            return None
        try:
            return _make_automatically(context, wait_seconds=0.0)
        except BackupUnderWay:
            return None  # by the process that led before this one


def folder(context: Context) -> Path:
    """Return the folder for backups; it may not exist yet."""
    if context.settings.backup_dir is not None:
        return context.settings.backup_dir
    file = context.database.path
    beside = context.settings.temp_dir if file is None else file
    return beside.resolve().parent / "backups"


def make(
    context: Context,
    output: Path | None = None,
    keep: int | None = None,
    *,
    wait_seconds: float = WAIT_SECONDS,
) -> Backup:
    """Make a backup: at `output`, which must not exist yet, or in the folder.

    In the folder only the newest backups are kept. keep: how many; None: as the settings say.
    wait_seconds: how long it waits for another backup of the database.

    Raises BackupUnderWay after that time, and BackupError. A file that is not whole never gets
    the name of a backup.
    """
    taken_at = context.clock.now().replace(microsecond=0)
    if output is not None:
        return _write(context, output.resolve(), taken_at, wait_seconds, is_named=True)
    suffix = backup.suffix(context.database)
    name = f"{_name(context.database)}-{taken_at.strftime(STAMP)}{suffix}"
    made = _write(context, folder(context) / name, taken_at, wait_seconds)
    _delete_old(context, keep or context.settings.backup_keep)
    return made


def make_before_change(context: Context) -> Backup | None:
    """Make a backup before the schema changes, and return it; None when the database has no rows.

    Raises BackupError.
    """
    if context.settings.backup_interval_hours == 0 or not _has_rows(context.database):
        return None
    if (reason := obstacle(context)) is not None:
        log.warning("No backups are made: %s.", reason)
        return None
    return _make_automatically(context, wait_seconds=WAIT_SECONDS)


def stored(context: Context) -> list[Backup]:
    """Return the backups in the folder, newest first."""
    pattern = re.compile(
        rf"{re.escape(_name(context.database))}-(\d{{8}}T\d{{6}}Z)(?: \((\d+)\))?"
        rf"{re.escape(backup.suffix(context.database))}"
    )
    found: list[tuple[datetime, int, Backup]] = []
    for path in folder(context).glob("*"):
        if match := pattern.fullmatch(path.name):
            taken_at = datetime.strptime(match[1], STAMP).replace(tzinfo=UTC)
            with suppress(FileNotFoundError):  # deleted just now
                one = Backup(path, path.stat().st_size, taken_at)
                found.append((taken_at, int(match[2] or 1), one))
    return [one for _, _, one in sorted(found, key=itemgetter(0, 1), reverse=True)]


def latest_at(context: Context) -> datetime | None:
    """Return when the latest backup in the folder was taken; None when there is no backup."""
    return max((found.taken_at for found in stored(context)), default=None)


def _is_due(context: Context) -> bool:
    interval = timedelta(hours=context.settings.backup_interval_hours)
    if not interval:
        return False
    latest = latest_at(context)
    # A backup from the future does not count: the clock was put back.
    return latest is None or not timedelta() <= context.clock.now() - latest < interval


def obstacle(context: Context) -> str | None:
    """Return why no backup can be made; None when one can. A file needs no other program."""
    database = context.database
    return postgres_tools.hindrance(database.peewee) if database.path is None else None


def _make_automatically(context: Context, wait_seconds: float) -> Backup:
    made = make(context, wait_seconds=wait_seconds)
    log.info("Backup made", extra={"path": str(made.path), "bytes": made.size_bytes})
    return made


def _write(
    context: Context, path: Path, taken_at: datetime, wait_seconds: float, *, is_named: bool = False
) -> Backup:
    """Write a backup to a hidden file, and rename it when it is whole.

    is_named: a person chose the name, so no other name will do.
    """
    part = path.with_name(f".{path.name if is_named else _name(context.database)}.part")
    try:
        make_folders(path.parent)
        with _owned(part, wait_seconds):
            if is_named and path.exists():
                raise BackupError(f"{path} is there already: name another file.")
            backup.write(context.database, part)
            names = [path] if is_named else numbered(path)
            named = next((name for name in names if rename_noreplace(part, name)), None)
            if named is None:
                raise BackupError(f"{path} came to be meanwhile: name another file.")
            return Backup(named, named.stat().st_size, taken_at)
    except OSError as error:
        raise BackupError(
            f"No backup was made: {path.parent} can't be written to ({error.strerror})."
        ) from error


def _delete_old(context: Context, keep: int) -> None:
    """Delete all but the newest; raises BackupError when they can't be deleted."""
    old = stored(context)[keep:]
    try:
        for one in old:
            one.path.unlink(missing_ok=True)
        if old:
            sync_folder(folder(context))
    except OSError as error:
        raise BackupError(
            f"The backup was made, but older ones can't be deleted ({error.strerror}): make"
            f" {folder(context)} and its files this user's."
        ) from error


def _name(database: Database) -> str:
    """Return the start of the names of a database's backups: several may share a folder."""
    if database.path is not None:
        return database.path.stem
    return str(conninfo_to_dict(database.url).get("dbname") or "boz_ripper")


def _has_rows(database: Database) -> bool:
    tables = database.tables() - {HISTORY_TABLE}
    return any(
        database.peewee.execute_sql(f'SELECT 1 FROM "{table}" LIMIT 1').fetchone()  # noqa: S608
        for table in sorted(tables)
    )


@contextmanager
def _owned(part: Path, wait_seconds: float) -> Iterator[None]:
    """Own a file, after any other owner, and delete it when the body fails.

    Raises BackupUnderWay when the wait takes too long.
    """
    deadline = time.monotonic() + wait_seconds
    while (file := own(part)) is None:
        if time.monotonic() >= deadline:
            raise BackupUnderWay("Another backup is being made: try again when it is done.")
        time.sleep(0.1)
    with file:
        try:
            yield
        except BaseException:
            # While we own it: later, another backup may have begun a file of that name.
            part.unlink(missing_ok=True)
            raise
