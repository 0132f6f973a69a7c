"""Finished files that arrive over the network and lie in the output folder."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import IO
from uuid import uuid4

from boz_server.domain.naming import safe_component
from boz_server.errors import NotFound

#: Files that are still arriving; never listed, never handed out.
PART_PREFIX = ".arriving-"
#: A file that nothing was written to for so long is not arriving any more.
ABANDONED_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in the output folder."""

    name: str
    path: Path
    size_bytes: int
    #: Seconds since 1970.
    modified: int


@dataclass(slots=True)
class Arrival:
    """A file that is still arriving."""

    file: IO[bytes]

    def discard(self) -> None:
        """Close it, and delete it unless it was kept."""
        # On a full disk closing fails as writing did: the bytes still held can't be written.
        with suppress(OSError):
            self.file.close()
        Path(self.file.name).unlink(missing_ok=True)


class Uploads:
    """Keeps files directly in one folder; no name ever leads out of it, none is overwritten."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def begin(self) -> Arrival:
        """Open a file for arriving bytes, beside where they will stay."""
        # No tempfile: it would be readable for this user alone, also once it is in the library.
        return Arrival(open(f"{self.folder}/{PART_PREFIX}{uuid4().hex}", "x+b"))

    def keep(self, part: IO[bytes], name: str) -> StoredFile:
        """Give an arrived file its name, of `file_name`; a number is added where it is taken."""
        part.flush()
        os.fsync(part.fileno())
        path = self._link(part.name, name) or self._replace(part.name, name)
        _sync_folder(self.folder)
        return _describe(path, os.fstat(part.fileno()))

    def clear_abandoned(self, now: datetime) -> None:
        """Delete what a server that was killed left half arrived, once no one can be sending it."""
        for part in self.folder.glob(f"{PART_PREFIX}*"):
            with suppress(FileNotFoundError):
                if now.timestamp() - part.stat().st_mtime > ABANDONED_SECONDS:
                    part.unlink()

    def list(self) -> "list[StoredFile]":
        """Return the files by name."""
        found = map(_find, sorted(self.folder.iterdir()))
        return [file for file in found if file is not None]

    def delete(self, name: str) -> None:
        """Delete a file. Raises NotFound when no file of that name lies in the folder."""
        path = self.folder / name
        if path.parent != self.folder or _find(path) is None:
            raise NotFound(f"No file {name!r} is in the output folder: GET /api/files lists them.")
        path.unlink(missing_ok=True)

    def _link(self, part: str, name: str) -> Path | None:
        """Give a file the first free name; None where the folder's file system has no links.

        At no moment, whenever the server is killed, is there a file of that name that is not whole.
        """
        for path in self._paths(name):
            try:
                os.link(part, path)
            except FileExistsError:
                continue
            except OSError:
                break
            os.unlink(part)
            return path
        return None

    def _replace(self, part: str, name: str) -> Path:
        """Give a file the first free name, by way of an empty one."""
        path = self._reserve(name)
        try:
            # The reserved file is ours alone, so that replacing it overwrites no one's.
            os.replace(part, path)
        except OSError:
            path.unlink()
            raise
        return path

    def _reserve(self, name: str) -> Path:
        """Create an empty file of the first free name; returns its path."""
        paths = self._paths(name)
        while True:
            path = next(paths)
            with suppress(FileExistsError):
                path.touch(exist_ok=False)
                return path

    def _paths(self, name: str) -> Iterator[Path]:
        """Yield the paths of "Name.mkv", "Name (2).mkv", …"""
        yield self.folder / name
        stem, suffix = os.path.splitext(name)
        for number in count(2):
            yield self.folder / f"{stem} ({number}){suffix}"


def file_name(name: str, sent_as: str) -> str:
    """Return a safe name for a file; the extension is that of the sender's own name for it."""
    extension = Path(sent_as).suffix
    if not name.lower().endswith(extension.lower()):
        name += extension
    return safe_component(name)


def _find(path: Path) -> StoredFile | None:
    """Describe a finished file; None for what is none, is gone by now, or has no possible name."""
    try:
        found = path.lstat()
    except OSError:
        return None
    if path.name.startswith(".") or not stat.S_ISREG(found.st_mode):
        return None
    return _describe(path, found)


def _describe(path: Path, found: os.stat_result) -> StoredFile:
    return StoredFile(path.name, path, found.st_size, int(found.st_mtime))


def _sync_folder(folder: Path) -> None:
    """Make a rename survive power loss."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
