"""Thumbnails on disk: a folder for each disc or job, with files named as the API's addresses.

Their owner is a disc or a job, by its id. They are dropped in two steps: first the rows that name
them, then, after the commit, the files. If that is interrupted, no row names a missing
file, and the next run removes files that no row names.
"""

import logging
import os
import re
import shutil
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile

from boz_server.clock import Clock
from boz_server.context import Context
from boz_server.errors import NotFound

log = logging.getLogger(__name__)

#: The age at which thumbnails are dropped even if no one decides on their disc or job.
MAX_AGE = timedelta(hours=24)
_OWNER_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_FILE_NAME = re.compile(r"title_([0-9]{1,10})_[0-9]{1,10}\.jpg")


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A JPEG from a title. timestamp: seconds into it."""

    title_index: int
    timestamp: int
    jpeg: bytes

    @property
    def file_name(self) -> str:
        """The last part of its address."""
        return file_name(self.title_index, self.timestamp)


class ThumbnailStore:
    """Stores thumbnails in one folder; they are decoration and may be lost with it.

    Save and remove files only inside `write_queue()`, so that no two threads do at a time.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self.clock = clock

    def save(self, owner_id: str, thumbnails: Sequence[Thumbnail]) -> None:
        """Store thumbnails instead of all others of their titles; readers never see half of one."""
        if not thumbnails:
            return
        home = self.folder / owner_id
        home.mkdir(parents=True, exist_ok=True)
        for thumbnail in thumbnails:
            self._write(home, thumbnail)
        names = {thumbnail.file_name for thumbnail in thumbnails}
        titles = {str(thumbnail.title_index) for thumbnail in thumbnails}
        for path in _files(home):
            match = _FILE_NAME.fullmatch(path.name)
            if match and match[1] in titles and path.name not in names:
                path.unlink(missing_ok=True)

    def read(self, owner_id: str, name: str) -> bytes:
        """Return a thumbnail's bytes. Raises NotFound when there is none."""
        if _FILE_NAME.fullmatch(name):
            # Don't check first: an approval may drop it meanwhile.
            with suppress(FileNotFoundError):
                return (self._home(owner_id) / name).read_bytes()
        raise _not_kept()

    def has(self, owner_id: str, title_index: int, timestamp: int) -> bool:
        """Whether a thumbnail is stored; False for something that can't be an id."""
        is_id = _OWNER_ID.fullmatch(owner_id) is not None
        return is_id and (self.folder / owner_id / file_name(title_index, timestamp)).is_file()

    def count(self, owner_id: str) -> int:
        """Return how many thumbnails a disc or job has.

        Raises NotFound for something that can't be an id.
        """
        return sum(1 for path in _files(self._home(owner_id)) if _FILE_NAME.fullmatch(path.name))

    def delete(self, owner_id: str) -> None:
        """Drop the thumbnails of a disc or job."""
        shutil.rmtree(self._home(owner_id), ignore_errors=True)

    def owners(self) -> list[str]:
        """Return the ids of all that have thumbnails, or leftovers of them."""
        with suppress(FileNotFoundError):
            return sorted(name for name in os.listdir(self.folder) if _OWNER_ID.fullmatch(name))
        return []

    def saved_since(self, since: datetime, owner_id: str) -> set[str]:
        """Return the names of an owner's thumbnails that were saved since then.

        Those from the future, after the clock was set back, count as saved now.
        """
        now, names = self.clock.now().timestamp(), set()
        for path in _files(self._home(owner_id)):
            # An approval may drop it meanwhile.
            with suppress(FileNotFoundError):
                saved = path.stat().st_mtime
                if saved > now:
                    os.utime(path, (now, now))
                if datetime.fromtimestamp(min(saved, now), UTC) > since:
                    names.add(path.name)
        return names

    def keep_only(self, owner_id: str, names: Collection[str]) -> int:
        """Remove all of an owner's files but these; returns how many thumbnails those were.

        Leftovers of a killed server go too.
        """
        home = self._home(owner_id)
        extra = [path for path in _files(home) if path.name not in names]
        if names:
            for path in extra:
                path.unlink(missing_ok=True)
        else:
            with suppress(FileNotFoundError):
                shutil.rmtree(home)
        return sum(1 for path in extra if _FILE_NAME.fullmatch(path.name))

    def require_id(self, owner_id: str) -> None:
        """Raise NotFound for something that can't be an id, and might be a path elsewhere."""
        if not _OWNER_ID.fullmatch(owner_id):
            raise _not_kept()

    def _home(self, owner_id: str) -> Path:
        self.require_id(owner_id)
        return self.folder / owner_id

    def _write(self, home: Path, thumbnail: Thumbnail) -> None:
        with NamedTemporaryFile(dir=home, suffix=".part", delete=False) as part:
            part.write(thumbnail.jpeg)
        # The file system's own time may be another machine's.
        now = self.clock.now().timestamp()
        os.utime(part.name, (now, now))
        os.replace(part.name, home / thumbnail.file_name)


def store_of(context: Context) -> ThumbnailStore:
    """Return the store in the settings' folder."""
    return ThumbnailStore(context.settings.thumbnails_dir, context.clock)


def clean_up(context: Context) -> int:
    """A maintenance step: drop the thumbnails that no one needs; returns how many.

    Those are of approved and ejected discs, of jobs that have ended, of owners that are gone, and
    old ones. The cost grows with the folders on disk, not with the rows of a table.
    """
    dropped = 0
    for owner_id in store_of(context).owners():
        try:
            _clear_rows(context, owner_id)
            dropped += _sweep(context, owner_id)
        except OSError:
            # A folder that can't be cleared doesn't stop the others.
            log.exception("Thumbnails could not be dropped", extra={"owner_id": owner_id})
    if dropped:
        log.info("Thumbnails dropped", extra={"thumbnails": dropped})
    return dropped


def drop(context: Context, owner_id: str) -> int:
    """Drop the thumbnails of a disc or job; returns how many there were.

    Raises NotFound for something that can't be an id.
    """
    store_of(context).require_id(owner_id)
    with context.database.write_queue():
        context.stores.thumbnails.clear(owner_id)
    return _sweep(context, owner_id)


def _clear_rows(context: Context, owner_id: str) -> None:
    """Leave rows only the thumbnails that exist, are recent, and are still of use."""
    rows = context.stores.thumbnails
    with context.database.write_queue():
        in_use = rows.in_use(owner_id)
        if not in_use:
            rows.clear(owner_id)
        recent = store_of(context).saved_since(context.clock.now() - MAX_AGE, owner_id)
        for each in in_use:
            left = [at for at in each.seconds if file_name(each.title_index, at) in recent]
            if left != each.seconds:
                rows.set_seconds(each, left)


def _sweep(context: Context, owner_id: str) -> int:
    """Remove the files that no row names; returns how many thumbnails that were."""
    with context.database.write_queue():
        named = {
            file_name(each.title_index, second)
            for each in context.stores.thumbnails.of(owner_id)
            for second in each.seconds
        }
        return store_of(context).keep_only(owner_id, named)


def file_name(title_index: int, timestamp: int) -> str:
    """Return the file name of a thumbnail."""
    return f"title_{title_index}_{timestamp}.jpg"


def _files(home: Path) -> list[Path]:
    """Return the files of a folder; none if there is no such folder."""
    with suppress(FileNotFoundError):
        return list(home.iterdir())
    return []


def _not_kept() -> NotFound:
    return NotFound(
        "No such thumbnail: they are dropped when the preview is approved; the disc or job"
        " lists the ones that are kept."
    )
