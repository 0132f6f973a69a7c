"""Prepares what a server needs before it starts."""

from functools import partial
from pathlib import Path
from typing import IO

import peewee

from boz_server.clock import Clock
from boz_server.context import Context
from boz_server.database.connection import Database, in_a_sentence
from boz_server.database.findings import MOVE_TO_LOCAL_DISK, network_refusal
from boz_server.database.in_use_lock import acquire_shared
from boz_server.database.legacy.adoption import adopt_at_start
from boz_server.database.migrations import Migrations
from boz_server.disk import prove_writable
from boz_server.errors import StartError
from boz_server.mounts import network_type
from boz_server.services.discs.thumbnails import ThumbnailStore
from boz_server.services.maintenance.backups import make_before_change
from boz_server.services.uploads import receive
from boz_server.services.wiring import build_services
from boz_server.settings import Settings


def lock_database(settings: Settings) -> IO[bytes] | None:
    """Lock the database against restores, until every process that has the result closes it.

    None when the database needs no lock. Raises StartError.
    """
    return acquire_shared(Database.from_settings(settings))


def prepare(settings: Settings) -> None:
    """Make the folders, and migrate the database when the settings allow it.

    Leaves no connection open, because a fork must not copy one. Raises StartError or SettingsError,
    with a sentence that says what to do.
    """
    for name in ("temp_dir", "output_dir"):
        _make_folder(getattr(settings, name), f"BOZ_{name.upper()}")
    database = Database.from_settings(settings)
    try:
        database.require_folder()
        _refuse_network_share(settings, database)
        thumbnails = ThumbnailStore(settings.thumbnails_dir, Clock())
        adopt_at_start(database, Clock().now(), thumbnails.has, auto_migrate=settings.auto_migrate)
        context = Context.build(settings, Clock(), database)
        migrations = Migrations(database, before_change=partial(make_before_change, context))
        if settings.auto_migrate:
            migrations.upgrade()
        else:
            migrations.require_current()
        services = build_services(settings, database, Clock())
        services.organizer.release()
        receive.forget_expired(services.context)
    except peewee.PeeweeException as error:
        raise StartError(in_a_sentence(error)) from error
    finally:
        database.close()


def _refuse_network_share(settings: Settings, database: Database) -> None:
    if database.path is None or settings.allow_network_fs:
        return
    path = database.path.resolve()
    if (kind := network_type(path)) is not None:
        raise StartError(f"{network_refusal(path, kind)} {MOVE_TO_LOCAL_DISK}")


def _make_folder(folder: Path, variable: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        prove_writable(folder)
    except OSError as error:
        raise StartError(
            f"The folder {folder} can't be made or written to: make it writable for this user, or"
            f" name another in {variable}."
        ) from error
