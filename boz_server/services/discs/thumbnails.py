"""Thumbnails on disk: one folder for each disc or job, named as the API's addresses are."""

import os
import re
import shutil
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile

from boz_server.clock import Clock
from boz_server.errors import NotFound

_OWNER_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_FILE_NAME = re.compile(r"title_([0-9]{1,10})_[0-9]{1,10}\.jpg")


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A JPEG taken so many seconds into a title."""

    title_index: int
    timestamp: int
    jpeg: bytes

    @property
    def file_name(self) -> str:
        """The last part of its address."""
        return file_name(self.title_index, self.timestamp)


class ThumbnailStore:
    """Keeps thumbnails below one folder; they are decoration and may be lost with it.

    An owner is a disc or a job, by its id. Whoever saves or sweeps does so inside
    `write_queue()`: no two do at a time.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self.clock = clock

    def save(self, owner_id: str, thumbnails: Sequence[Thumbnail]) -> None:
        """Keep thumbnails in the place of all others of their titles; readers see each whole or
        not at all."""
        if not thumbnails:
            return
        home = self.folder / owner_id
        home.mkdir(parents=True, exist_ok=True)
        for thumbnail in thumbnails:
            self._write(home, thumbnail)
        names = {thumbnail.file_name for thumbnail in thumbnails}
        titles = {str(thumbnail.title_index) for thumbnail in thumbnails}
        for path in _files(home):
            kept = _FILE_NAME.fullmatch(path.name)
            if kept and kept[1] in titles and path.name not in names:
                path.unlink(missing_ok=True)

    def read(self, owner_id: str, name: str) -> bytes:
        """Return a thumbnail. Raises NotFound when it isn't kept, or no such name."""
        if _FILE_NAME.fullmatch(name):
            # No look before the leap: an approval may drop it meanwhile.
            with suppress(FileNotFoundError):
                return (self._home(owner_id) / name).read_bytes()
        raise _not_kept()

    def has(self, owner_id: str, title_index: int, timestamp: int) -> bool:
        """Whether a thumbnail is kept; also of what can be the id of neither disc nor job."""
        is_id = _OWNER_ID.fullmatch(owner_id) is not None
        return is_id and (self.folder / owner_id / file_name(title_index, timestamp)).is_file()

    def count(self, owner_id: str) -> int:
        """Return how many thumbnails are kept of a disc or job; raises NotFound for what can be
        the id of neither."""
        return sum(1 for path in _files(self._home(owner_id)) if _FILE_NAME.fullmatch(path.name))

    def delete(self, owner_id: str) -> None:
        """Drop the thumbnails of a disc or job."""
        shutil.rmtree(self._home(owner_id), ignore_errors=True)

    def owners(self) -> list[str]:
        """Return the ids of all that thumbnails, or traces of them, are kept of."""
        with suppress(FileNotFoundError):
            return sorted(name for name in os.listdir(self.folder) if _OWNER_ID.fullmatch(name))
        return []

    def saved_since(self, since: datetime, owner_id: str) -> set[str]:
        """Return the names of an owner's thumbnails that were saved since then.

        Those from the future, as the clock was put back, count as saved now.
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
        """Drop all of an owner's files but those of these names, leftovers of a server that was
        killed included; returns how many thumbnails that were."""
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
        """Raise NotFound for what can be no id, and so might lead elsewhere."""
        if not _OWNER_ID.fullmatch(owner_id):
            raise _not_kept()

    def _home(self, owner_id: str) -> Path:
        self.require_id(owner_id)
        return self.folder / owner_id

    def _write(self, home: Path, thumbnail: Thumbnail) -> None:
        with NamedTemporaryFile(dir=home, suffix=".part", delete=False) as part:
            part.write(thumbnail.jpeg)
        # Not the file system's time: it may be another machine's.
        now = self.clock.now().timestamp()
        os.utime(part.name, (now, now))
        os.replace(part.name, home / thumbnail.file_name)


def file_name(title_index: int, timestamp: int) -> str:
    """Return what a thumbnail is called."""
    return f"title_{title_index}_{timestamp}.jpg"


def _files(home: Path) -> list[Path]:
    """Return the files of a folder; none where there is no such folder."""
    with suppress(FileNotFoundError):
        return list(home.iterdir())
    return []


def _not_kept() -> NotFound:
    return NotFound(
        "No such thumbnail: they are dropped when the preview is approved; the disc or job"
        " lists the ones that are kept."
    )
