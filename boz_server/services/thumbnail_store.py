"""Thumbnails on disk: one folder for each disc or job, named as the API's addresses are."""

import os
import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from boz_server.errors import NotFound

_OWNER_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_FILE_NAME = re.compile(r"title_[0-9]{1,10}_[0-9]{1,10}\.jpg")


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A JPEG taken so many seconds into a title."""

    title_index: int
    timestamp: int
    jpeg: bytes

    @property
    def file_name(self) -> str:
        """The last part of its address."""
        return f"title_{self.title_index}_{self.timestamp}.jpg"


class ThumbnailStore:
    """Keeps thumbnails below one folder; they are decoration and may be lost with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, owner_id: str, thumbnails: Iterable[Thumbnail]) -> None:
        """Keep the thumbnails of a disc or job; readers see each whole or not at all."""
        for thumbnail in thumbnails:
            home = self.folder / owner_id
            home.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=home, suffix=".part", delete=False) as part:
                part.write(thumbnail.jpeg)
            os.replace(part.name, home / thumbnail.file_name)

    def read(self, owner_id: str, file_name: str) -> bytes:
        """Return a thumbnail. Raises NotFound when it isn't kept, or no such name."""
        if _OWNER_ID.fullmatch(owner_id) and _FILE_NAME.fullmatch(file_name):
            # No look before the leap: an approval may drop it meanwhile.
            with suppress(FileNotFoundError):
                return (self.folder / owner_id / file_name).read_bytes()
        raise NotFound(
            "No such thumbnail: they are dropped when the preview is approved; the disc or job"
            " lists the ones that are kept."
        )

    def count(self, owner_id: str) -> int:
        """Return how many thumbnails are kept of a disc or job."""
        if not _OWNER_ID.fullmatch(owner_id):
            return 0
        return sum(1 for _ in (self.folder / owner_id).glob("title_*.jpg"))

    def delete(self, owner_id: str) -> int:
        """Drop the thumbnails of a disc or job; returns how many there were."""
        count = self.count(owner_id)
        if _OWNER_ID.fullmatch(owner_id):
            shutil.rmtree(self.folder / owner_id, ignore_errors=True)
        return count
