"""The output folder: finished files stay there until they are organized."""

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from boz_server.errors import NotFound
from boz_server.settings import Settings


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in the output folder."""

    name: str
    path: Path
    size_bytes: int
    #: Seconds since 1970.
    modified: int


def list_files(settings: Settings) -> list[StoredFile]:
    """Return the files directly in the output folder, by name."""
    found = map(_describe, sorted(settings.output_dir.iterdir()))
    return [file for file in found if file is not None]


def find(settings: Settings, name: str) -> StoredFile:
    """Return a file; no name leads out of the folder. Raises NotFound."""
    path = settings.output_dir / name
    found = _describe(path) if path.parent == settings.output_dir else None
    if found is None:
        raise NotFound(f"No file {name!r} is in the output folder: GET /api/files lists them.")
    return found


def delete(settings: Settings, name: str) -> None:
    """Delete a file. Raises NotFound."""
    with suppress(FileNotFoundError):
        os.unlink(find(settings, name).path)


def is_finished_file(folder: Path, path: Path) -> bool:
    """Whether a path names a finished file directly in a folder; the disk is not asked."""
    return path.parent == folder and ".." not in path.parts and not path.name.startswith(".")


def is_there(settings: Settings, path: Path, size_bytes: int) -> bool:
    """Whether a finished file of that path and size is in the output folder."""
    found = _describe(path) if is_finished_file(settings.output_dir, path) else None
    return found is not None and found.size_bytes == size_bytes


def _describe(path: Path) -> StoredFile | None:
    """Describe a finished file; None when it is not one, has vanished or can't have that name."""
    try:
        found = path.lstat()
    except (OSError, ValueError):
        return None
    if path.name.startswith(".") or not stat.S_ISREG(found.st_mode):
        return None
    return StoredFile(path.name, path, found.st_size, int(found.st_mtime))
