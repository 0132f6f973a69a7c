"""Finished files, as they lie in the output folder until they are in the library."""

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from boz_server.domain.naming.names import safe_component
from boz_server.errors import NotFound


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in the output folder."""

    name: str
    path: Path
    size_bytes: int
    #: Seconds since 1970.
    modified: int


class OutputFolder:
    """Finds files directly in one folder; no name ever leads out of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def list(self) -> "list[StoredFile]":
        """Return the files by name."""
        found = map(_find, sorted(self.folder.iterdir()))
        return [file for file in found if file is not None]

    def find(self, name: str) -> StoredFile:
        """Return a file. Raises NotFound when no file of that name lies in the folder."""
        path = self.folder / name
        found = _find(path) if path.parent == self.folder else None
        if found is None:
            raise NotFound(f"No file {name!r} is in the output folder: GET /api/files lists them.")
        return found

    def delete(self, name: str) -> None:
        """Delete a file. Raises NotFound when no file of that name lies in the folder."""
        with suppress(FileNotFoundError):
            os.unlink(self.find(name).path)


def is_finished_file(folder: Path, path: Path) -> bool:
    """Whether a path is that of a finished file directly in a folder, by its name alone."""
    return path.parent == folder and ".." not in path.parts and not path.name.startswith(".")


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
    except (OSError, ValueError):
        return None
    if path.name.startswith(".") or not stat.S_ISREG(found.st_mode):
        return None
    return StoredFile(path.name, path, found.st_size, int(found.st_mtime))
