"""Backups of the database: made by hand, every so often, and before the schema changes."""

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

from boz_server.clock import Clock
from boz_server.database import backup, postgres_tools
from boz_server.database.connection import Database
from boz_server.database.migrations import HISTORY_TABLE
from boz_server.disk import give_name, make_folders, numbered, own, sync_folder
from boz_server.errors import BackupError
from boz_server.settings import Settings

log = logging.getLogger(__name__)

#: How long one backup waits for another one that is being made.
WAIT_SECONDS = 300.0
#: The time in a backup's name: in UTC, and without a colon, which Windows does not take.
STAMP = "%Y%m%dT%H%M%SZ"


class BackupUnderWay(BackupError):
    """Another backup of the same database is being made."""


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup; only a file that was whole and checked has such a name."""

    path: Path
    size_bytes: int
    taken_at: datetime


class Backups:
    """Makes backups, one at a time, keeps the newest, and says which there are."""

    def __init__(self, settings: Settings, clock: Clock, database: Database) -> None:
        self.settings = settings
        self.clock = clock
        self.database = database
        self._is_told = False

    @property
    def folder(self) -> Path:
        """Where backups are kept; it may not be there yet."""
        if self.settings.backup_dir is not None:
            return self.settings.backup_dir
        file = self.database.path
        beside = self.settings.temp_dir if file is None else file
        return beside.resolve().parent / "backups"

    def make(
        self,
        output: Path | None = None,
        keep: int | None = None,
        *,
        wait_seconds: float = WAIT_SECONDS,
    ) -> Backup:
        """Make a backup: at `output`, which must not exist yet, or in the folder, of which then
        only the newest are kept. keep: how many; None where the settings say it.
        wait_seconds: how long it waits for another backup that is being made.

        Raises BackupUnderWay where that is not enough, and BackupError; then nothing has the name
        of a backup that is none.
        """
        taken_at = self.clock.now().replace(microsecond=0)
        if output is not None:
            return self._write(output.resolve(), taken_at, wait_seconds, is_named=True)
        name = f"{self._name()}-{taken_at.strftime(STAMP)}{backup.suffix(self.database)}"
        made = self._write(self.folder / name, taken_at, wait_seconds)
        self._drop_old(keep or self.settings.backup_keep)
        return made

    def make_if_due(self) -> Backup | None:
        """Make a backup if the latest is old; None where there is nothing to do. Raises
        BackupError."""
        latest = self.latest_at()
        interval = timedelta(hours=self.settings.backup_interval_hours)
        # One from the future is none: the clock was put back.
        is_fresh = latest is not None and timedelta() <= self.clock.now() - latest < interval
        if is_fresh:
            return None
        try:
            return self._make_by_itself(wait_seconds=0.0)
        except BackupUnderWay:
            return None  # of a process that has lost the duty over it

    def make_before_change(self) -> Backup | None:
        """Make a backup, as the schema is about to change, if there are any rows to lose; None
        where there are none. Raises BackupError."""
        return self._make_by_itself() if self._has_rows() else None

    def all(self) -> list[Backup]:
        """Return the backups in the folder, newest first."""
        pattern = re.compile(
            rf"{re.escape(self._name())}-(\d{{8}}T\d{{6}}Z)(?: \((\d+)\))?"
            rf"{re.escape(backup.suffix(self.database))}"
        )
        found: list[tuple[datetime, int, Backup]] = []
        for path in self.folder.glob("*"):
            if match := pattern.fullmatch(path.name):
                taken_at = datetime.strptime(match[1], STAMP).replace(tzinfo=UTC)
                with suppress(FileNotFoundError):  # dropped just now
                    one = Backup(path, path.stat().st_size, taken_at)
                    found.append((taken_at, int(match[2] or 1), one))
        return [one for _, _, one in sorted(found, key=itemgetter(0, 1), reverse=True)]

    def latest_at(self) -> datetime | None:
        """Return when the latest backup in the folder was taken; None where there is none."""
        return max((found.taken_at for found in self.all()), default=None)

    def _make_by_itself(self, wait_seconds: float = WAIT_SECONDS) -> Backup | None:
        if self.settings.backup_interval_hours == 0:
            return None
        on_file = self.database.path is not None
        hindrance = None if on_file else postgres_tools.hindrance(self.database.peewee)
        if hindrance is not None:
            if not self._is_told:
                log.warning("No backups are made: %s.", hindrance)
            self._is_told = True
            return None
        made = self.make(wait_seconds=wait_seconds)
        log.info("Backup made", extra={"path": str(made.path), "bytes": made.size_bytes})
        return made

    def _write(
        self, path: Path, taken_at: datetime, wait_seconds: float, *, is_named: bool = False
    ) -> Backup:
        """Write a backup under another name, then give it its own: whatever happens meanwhile, a
        file of that name is whole. is_named: by a person, so that no other name will do."""
        part = path.with_name(f".{path.name if is_named else self._name()}.part")
        try:
            make_folders(path.parent)
            with _owned(part, wait_seconds):
                if is_named and path.exists():
                    raise BackupError(f"{path} is there already: name another file.")
                backup.write(self.database, part)
                names = [path] if is_named else numbered(path)
                named = next((name for name in names if give_name(part, name)), None)
                if named is None:
                    raise BackupError(f"{path} came to be meanwhile: name another file.")
                return Backup(named, named.stat().st_size, taken_at)
        except OSError as error:
            raise BackupError(
                f"No backup was made: {path.parent} can't be written to ({error.strerror})."
            ) from error

    def _drop_old(self, keep: int) -> None:
        """Delete all but the newest. Raises BackupError where that can't be done."""
        old = self.all()[keep:]
        try:
            for one in old:
                one.path.unlink(missing_ok=True)
            if old:
                sync_folder(self.folder)
        except OSError as error:
            raise BackupError(
                f"The backup was made, but older ones can't be deleted ({error.strerror}): make"
                f" {self.folder} and its files this user's."
            ) from error

    def _name(self) -> str:
        """What the names of this database's backups begin with: several may share a folder."""
        if self.database.path is not None:
            return self.database.path.stem
        return str(conninfo_to_dict(self.database.url).get("dbname") or "boz_ripper")

    def _has_rows(self) -> bool:
        tables = self.database.tables() - {HISTORY_TABLE}
        return any(
            self.database.peewee.execute_sql(f'SELECT 1 FROM "{table}" LIMIT 1').fetchone()  # noqa: S608
            for table in sorted(tables)
        )


@contextmanager
def _owned(part: Path, wait_seconds: float) -> Iterator[None]:
    """Have a file alone, after whoever has it; what fails meanwhile deletes it. Raises
    BackupUnderWay when the wait is over."""
    deadline = time.monotonic() + wait_seconds
    while (file := own(part)) is None:
        if time.monotonic() >= deadline:
            raise BackupUnderWay("Another backup is being made: try again when it is done.")
        time.sleep(0.1)
    with file:
        try:
            yield
        except BaseException:
            # While it is ours: later, another one may have begun a file of that name.
            part.unlink(missing_ok=True)
            raise
