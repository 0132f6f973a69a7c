"""Restores a backup while no server runs: what `flask db restore` does."""

import os
import shutil
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import peewee

from boz_server.context import Context
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


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did.

    previous: where the database of before is now; None when there was none. schema_version: the
    newest migration of the restored database. requeued: how many jobs were under way in the
    backup, and are queued again.
    """

    previous: Path | None
    schema_version: str
    requeued: int


def restore(context: Context, path: Path) -> Restored:
    """Replace the database by a backup, and keep the database of before under another name.

    First the backup is brought to this server's schema, and its attempts are invalidated (see
    leases.invalidate_attempts_after_restore). Raises BackupError when the file is not a whole
    backup, StartError while a server has the database, or when the backup is from a newer server.
    """
    database = context.database
    database.require_folder()
    with exclusive(database):
        backup.require_whole(database, path)
        if database.path is None:
            return _restore_postgres(context, path)
        return _restore_sqlite(context, path.resolve(), database.path.resolve())


def _restore_sqlite(context: Context, path: Path, target: Path) -> Restored:
    if path == target:
        raise BackupError(f"{path} is the database itself: name a backup of it.")
    part = target.with_name(f".{target.name}.restoring")
    try:
        _clear(part)  # a killed restore may have left a log, which is not the copy's
        shutil.copyfile(path, part)
        _give_to_owner(part, target)
        version, requeued = _bring_up_to_date(context, part)
        with part.open("r+b") as file:
            os.fsync(file.fileno())
        previous = _keep(target, context) if target.exists() else None
        part.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        raise BackupError(
            f"{target.parent} can't be written to ({error.strerror}): nothing was changed."
        ) from error
    finally:
        _clear(part)
    return Restored(previous, version, requeued)


def _restore_postgres(context: Context, path: Path) -> Restored:
    database = context.database
    wanted = backups.folder(context) / f"before-restore-{_stamp(context)}.dump"
    previous = backups.make(context, _free(wanted)).path
    postgres_tools.restore(database.url, path, instead_of=database.tables())
    return Restored(previous, *_begin_anew(context))


def _bring_up_to_date(context: Context, file: Path) -> tuple[str, int]:
    """Prepare a copy of a backup for the server; returns its schema's version, and how many of its
    jobs were under way."""
    with second_database(f"sqlite:///{file}") as copy:
        done = _begin_anew(Context.build(context.settings, context.clock, copy))
        # One file, without a log beside it.
        copy.peewee.execute_sql("PRAGMA journal_mode = delete")
        return done


def _begin_anew(context: Context) -> tuple[str, int]:
    migrations = Migrations(context.database)
    migrations.upgrade()
    return migrations.newest(), leases.invalidate_attempts_after_restore(context)


def _clear(part: Path) -> None:
    part.unlink(missing_ok=True)
    _clear_logs(part)


def _clear_logs(path: Path) -> None:
    """Delete what SQLite keeps beside a database's file."""
    for end in ("-wal", "-shm", "-journal"):
        path.with_name(f"{path.name}{end}").unlink(missing_ok=True)


def _give_to_owner(part: Path, target: Path) -> None:
    """Let the server, which may run as another user, read and write the copy."""
    if target.exists():
        shutil.copymode(target, part)
    if os.geteuid() == 0:
        owner = (target if target.exists() else target.parent).stat()
        os.chown(part, owner.st_uid, owner.st_gid)


def _keep(target: Path, context: Context) -> Path:
    """Give the present database a second name, which stays when the backup takes the first."""
    name = f"{target.stem}-before-restore-{_stamp(context)}{target.suffix}"
    kept = _free(target.with_name(name))
    log, kept_log = (path.with_name(f"{path.name}-wal") for path in (target, kept))
    if log.exists():
        shutil.copyfile(log, kept_log)
    try:
        _fold_in_log(target)
        kept_log.unlink(missing_ok=True)
    except ENGINE_ERRORS as error:
        if context.database.dialect.is_busy(error.__context__ or error):
            kept_log.unlink(missing_ok=True)
            raise StartError(
                "Another program has the database open: stop it first; nothing was changed."
            ) from error
        # It is damaged: keep what there is, but its log must not be taken for the backup's.
        _clear_logs(target)
    try:
        os.link(target, kept)
    except OSError:
        shutil.copy2(target, kept)  # a disk without links, such as exFAT
    return kept


def _stamp(context: Context) -> str:
    return context.clock.now().strftime(STAMP)


def _free(path: Path) -> Path:
    """Return the path, or the first numbered one that is free; no other restore runs."""
    return next(free for free in numbered(path) if not free.exists())


def _fold_in_log(target: Path) -> None:
    """Fold the log into the file; SQLite refuses while another program has the file open."""
    present = peewee.SqliteDatabase(str(target), timeout=1)
    with closing(present):
        present.execute_sql("PRAGMA journal_mode = delete")
