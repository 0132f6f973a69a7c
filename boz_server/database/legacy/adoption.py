"""Takes over the database of the system that was here before: at the start, or by command."""

import logging
from pathlib import Path
from tempfile import TemporaryDirectory

import peewee

from boz_server.clock import Clock
from boz_server.database.connection import Database, root_words
from boz_server.database.dialects import sqlite3
from boz_server.database.legacy import legacy_file
from boz_server.database.legacy.filling import AdoptionError, adopt_into
from boz_server.database.legacy.in_place import Adopted, adopt_in_place
from boz_server.database.legacy.report import Report
from boz_server.errors import StartError
from boz_server.services.discs.thumbnails import ThumbnailStore
from boz_server.settings import Settings

log = logging.getLogger(__name__)


class Adoption:
    """Adopts old databases into the one that the settings name."""

    def __init__(self, settings: Settings, clock: Clock, database: Database) -> None:
        self.settings = settings
        self.clock = clock
        self.database = database
        self.thumbnails = ThumbnailStore(settings.thumbnails_dir, clock)

    def at_start(self) -> None:
        """Adopt the file that is to be our database, where it is the old system's.

        Raises AdoptionError, and StartError where the settings leave migrations to a person.
        """
        path = self.database.path
        if path is None or not self._is_legacy(path):
            return
        if not self.settings.auto_migrate:
            raise StartError(
                f"{path} is a database of the old system: run 'flask db adopt {path}', or set"
                " BOZ_AUTO_MIGRATE=true."
            )
        adopted = self._in_place(path)
        if adopted is None:
            return
        for line in adopted.report.lines():
            log.info(line)
        log.info("The old system's database was adopted", extra={"backup": str(adopted.backup)})

    def of_file(self, file: Path) -> tuple[Report, Path]:
        """Adopt a file into our database, which has to be empty, or in its place where it is to be
        ours. Returns what became of its rows, and where the old database is.

        Raises AdoptionError.
        """
        if not self._is_legacy(file):
            raise AdoptionError(f"{file} is no database of the old system, or was adopted already.")
        path = self.database.path
        if path is None or path.resolve() != file.resolve():
            return self._beside(file), file
        adopted = self._in_place(path)
        if adopted is None:
            raise AdoptionError(f"{file} was adopted by another process just now.")
        return adopted.report, adopted.backup

    def _is_legacy(self, file: Path) -> bool:
        try:
            return legacy_file.is_legacy(file)
        except (OSError, sqlite3.Error) as error:
            raise _refusal(file, error) from error

    def _in_place(self, path: Path) -> Adopted | None:
        try:
            return adopt_in_place(path, self.clock.now(), self.thumbnails.has)
        except (OSError, sqlite3.Error, peewee.PeeweeException) as error:
            raise _refusal(path, error) from error

    def _beside(self, file: Path) -> Report:
        """Read a copy: whoever uses the file may go on."""
        with TemporaryDirectory(prefix="boz-adoption-") as folder:
            copy = Path(folder, "legacy.db")
            try:
                legacy_file.copy(file, copy)
            except (OSError, sqlite3.Error) as error:
                raise _refusal(file, error) from error
            return adopt_into(self.database, copy, self.clock.now(), self.thumbnails.has)


def _refusal(file: Path, error: Exception) -> AdoptionError:
    return AdoptionError(f"{file} can't be adopted, and is as it was: {root_words(error)}.")
