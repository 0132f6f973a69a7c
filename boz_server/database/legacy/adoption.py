"""Takes over the database of the system that was here before: at startup, or by command."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import peewee

from boz_server.database.connection import Database, root_words
from boz_server.database.dialects import sqlite3
from boz_server.database.legacy import legacy_file
from boz_server.database.legacy.filling import AdoptionError, adopt_into
from boz_server.database.legacy.in_place import adopt_in_place
from boz_server.database.legacy.report import Report
from boz_server.database.legacy.tables import HasThumbnail
from boz_server.errors import StartError

log = logging.getLogger(__name__)


def adopt_at_start(
    database: Database, now: datetime, has_thumbnail: HasThumbnail, *, auto_migrate: bool
) -> None:
    """Adopt our own database's file, if it is still the old system's.

    Raises AdoptionError, and StartError if the settings leave migrations to a person.
    """
    path = database.path
    if path is None:
        return
    with _in_a_sentence(path):
        if not legacy_file.is_legacy(path):
            return
    if not auto_migrate:
        raise StartError(
            f"{path} is a database of the old system: run 'flask db adopt {path}', or set"
            " BOZ_AUTO_MIGRATE=true."
        )
    with _in_a_sentence(path):
        adopted = adopt_in_place(path, now, has_thumbnail)
    if adopted is not None:
        for line in adopted.report.lines():
            log.info(line)
        log.info("The old system's database was adopted", extra={"backup": str(adopted.backup)})


def adopt_file(
    database: Database, file: Path, now: datetime, has_thumbnail: HasThumbnail
) -> tuple[Report, Path]:
    """Adopt a file into our database, which must be empty or that very file.

    Returns what became of its rows, and where the old database is now. Raises AdoptionError.
    """
    with _in_a_sentence(file):
        if not legacy_file.is_legacy(file):
            raise AdoptionError(f"{file} is no database of the old system, or was adopted already.")
    if database.path is not None and database.path.resolve() == file.resolve():
        with _in_a_sentence(database.path):
            adopted = adopt_in_place(database.path, now, has_thumbnail)
        if adopted is None:
            raise AdoptionError(f"{file} was adopted by another process just now.")
        return adopted.report, adopted.backup
    # From a copy, so that other programs can go on using the file.
    with TemporaryDirectory(prefix="boz-adoption-") as folder:
        copy = Path(folder, "legacy.db")
        with _in_a_sentence(file):
            legacy_file.copy(file, copy)
        return adopt_into(database, copy, now, has_thumbnail), file


@contextmanager
def _in_a_sentence(file: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error, peewee.PeeweeException) as error:
        raise AdoptionError(
            f"{file} can't be adopted, and is as it was: {root_words(error)}."
        ) from error
