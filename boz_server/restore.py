"""Goes back to a backup: what `flask db restore` does, while no server runs."""

import os
import shutil
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import peewee

from boz_server.database import backup, postgres_tools
from boz_server.database.connection import second_database
from boz_server.database.dialects import ENGINE_ERRORS
from boz_server.database.in_use_lock import exclusive
from boz_server.database.migrations import Migrations
from boz_server.disk import numbered, sync_folder
from boz_server.errors import BackupError, StartError
from boz_server.services.maintenance import backups
from boz_server.services.maintenance.backups import STAMP
from boz_server.services.queue import leases
from boz_server.services.wiring import Services, build_services


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did.

    kept: where the database is that was there before; None where there was none. schema_version:
    the newest migration of the database that is there now. requeued: how many jobs were under way
    in the backup; they wait for a machine again.
    """

    kept: Path | None
    schema_version: str
    requeued: int


def restore(services: Services, path: Path) -> Restored:
    """Put a backup in the database's place; the database that was there is kept.

    First the backup is brought to this server's schema, and its attempts are invalidated (see
    leases.invalidate_attempts_after_restore). Raises BackupError where the file is no good,
    StartError while a server has the database, or where the backup is of a newer server.
    """
    database = services.context.database
    database.require_folder()
    with exclusive(database):
        backup.require_whole(database, path)
        if database.path is None:
            return _restore_postgres(services, path)
        return _restore_sqlite(services, path.resolve(), database.path.resolve())


def _restore_sqlite(services: Services, path: Path, target: Path) -> Restored:
    if path == target:
        raise BackupError(f"{path} is the database itself: name a backup of it.")
    part = target.with_name(f".{target.name}.restoring")
    try:
        _clear(part)  # what a killed restore left: an old log would be taken for the copy's
        shutil.copyfile(path, part)
        _give_to_owner(part, target)
        version, requeued = _bring_up_to_date(services, part)
        with part.open("r+b") as file:
            os.fsync(file.fileno())
        kept = _keep(target, services) if target.exists() else None
        part.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        raise BackupError(
            f"{target.parent} can't be written to ({error.strerror}): nothing was changed."
        ) from error
    finally:
        _clear(part)
    return Restored(kept, version, requeued)


def _restore_postgres(services: Services, path: Path) -> Restored:
    database = services.context.database
    wanted = backups.folder(services.context) / f"before-restore-{_stamp(services)}.dump"
    kept = backups.make(services.context, _free(wanted)).path
    postgres_tools.restore(database.url, path, instead_of=database.tables())
    return Restored(kept, *_begin_anew(services))


def _bring_up_to_date(services: Services, file: Path) -> tuple[str, int]:
    """Make a copy of a backup what the server may start on; returns its schema's version, and how
    many jobs were under way in it."""
    with second_database(f"sqlite:///{file}") as copy:
        done = _begin_anew(build_services(services.context.settings, copy, services.context.clock))
        # One file, without a log beside it.
        copy.peewee.execute_sql("PRAGMA journal_mode = delete")
        return done


def _begin_anew(services: Services) -> tuple[str, int]:
    migrations = Migrations(services.context.database)
    migrations.upgrade()
    return migrations.newest(), leases.invalidate_attempts_after_restore(services.context)


def _clear(part: Path) -> None:
    part.unlink(missing_ok=True)
    _clear_logs(part)


def _clear_logs(path: Path) -> None:
    """Delete what SQLite keeps beside a database's file."""
    for end in ("-wal", "-shm", "-journal"):
        path.with_name(f"{path.name}{end}").unlink(missing_ok=True)


def _give_to_owner(part: Path, target: Path) -> None:
    """Let the server, which may be another user than whoever restores, read and write it."""
    if target.exists():
        shutil.copymode(target, part)
    if os.geteuid() == 0:
        owner = (target if target.exists() else target.parent).stat()
        os.chown(part, owner.st_uid, owner.st_gid)


def _keep(target: Path, services: Services) -> Path:
    """Give the present database a second name, which stays when another file gets the first."""
    name = f"{target.stem}-before-restore-{_stamp(services)}{target.suffix}"
    kept = _free(target.with_name(name))
    log, kept_log = (path.with_name(f"{path.name}-wal") for path in (target, kept))
    if log.exists():
        shutil.copyfile(log, kept_log)
    try:
        _fold_in_log(target)
        kept_log.unlink(missing_ok=True)
    except ENGINE_ERRORS as error:
        if services.context.database.dialect.is_busy(error.__context__ or error):
            kept_log.unlink(missing_ok=True)
            raise StartError(
                "Another program has the database open: stop it first; nothing was changed."
            ) from error
        # Damaged: what there is of it is kept, and its log must not be taken for the backup's.
        _clear_logs(target)
    try:
        os.link(target, kept)
    except OSError:
        shutil.copy2(target, kept)  # a disk without links, such as exFAT
    return kept


def _stamp(services: Services) -> str:
    return services.context.clock.now().strftime(STAMP)


def _free(path: Path) -> Path:
    """Return the path, or the first numbered one that is not taken: we are alone here."""
    return next(free for free in numbered(path) if not free.exists())


def _fold_in_log(target: Path) -> None:
    """Have what was committed last in the file itself; SQLite refuses that while anyone else has
    it open."""
    present = peewee.SqliteDatabase(str(target), timeout=1)
    with closing(present):
        present.execute_sql("PRAGMA journal_mode = delete")
