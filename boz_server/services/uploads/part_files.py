"""Part files: the bytes of uploads received so far, beside the place where the file will stay."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Self
from uuid import uuid4

from boz_server.disk import BLOCK_BYTES, lock, make_folders, sync_folder, write_all
from boz_server.domain.uploads.upload_states import UploadPurpose
from boz_server.errors import UploadBusy
from boz_server.settings import Settings

#: Part files are never listed and never handed out. The rest of the name is the upload's id.
PART_PREFIX = ".arriving-"
#: A part file without an upload is left over from a killed server once it is this old; a younger
#: one may have been created just now.
ABANDONED_SECONDS = 60
#: How many bytes may wait in memory for the disk.
WRITE_BACK_BYTES = 8 * 1024 * 1024


@dataclass(slots=True)
class Part:
    """An open part file, locked: no one else can write to it."""

    upload_id: str
    path: Path
    file: IO[bytes]
    #: Digests of hashlib, by name, that follow the bytes as they come.
    digests: dict[str, Any] = field(default_factory=dict)
    _unwritten: int = 0

    @property
    def size_bytes(self) -> int:
        """How many bytes are here."""
        return os.fstat(self.file.fileno()).st_size

    def write(self, block: bytes | bytearray) -> None:
        """Append bytes; when the disk fills up, the bytes that still fit stay."""
        write_all(self.file, block)
        self._unwritten += len(block)
        if self._unwritten >= WRITE_BACK_BYTES:
            self._begin_writing()
        for digest in self.digests.values():
            digest.update(block)

    def _begin_writing(self) -> None:
        """Make the kernel start writing to the disk, so that `sync` has little left to wait for at
        the end of a film."""
        end = self.file.tell()
        start = end - self._unwritten
        os.posix_fadvise(self.file.fileno(), start, self._unwritten, os.POSIX_FADV_DONTNEED)
        self._unwritten = 0

    def hash_file(self) -> None:
        """Compute the SHA-256 of the whole file as it comes; call it before the first byte."""
        self.digests["file"] = hashlib.sha256()

    def fill(self, read: Callable[[int], bytes], room: int) -> bool:
        """Append at most `room` bytes from `read`; False when there would have been more."""
        while room and (block := read(min(room, BLOCK_BYTES))):
            self.write(block)
            room -= len(block)
        return bool(room) or not read(1)

    def cut(self, size_bytes: int) -> None:
        """Drop everything after the first `size_bytes` bytes."""
        self.file.truncate(size_bytes)
        self.file.seek(size_bytes)

    def sync(self) -> None:
        """Make the bytes survive power loss."""
        os.fsync(self.file.fileno())

    def close(self) -> None:
        """Close and unlock the part file; what is here stays."""
        self.file.close()

    def discard(self) -> None:
        """Close and delete the part file, unless it was renamed."""
        self.close()
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def folder_of(settings: Settings, purpose: UploadPurpose) -> Path:
    """Return the folder where files of a purpose arrive and stay; it exists."""
    if purpose is not UploadPurpose.JOB_INPUT:
        return settings.output_dir
    make_folders(settings.inputs_dir)
    return settings.inputs_dir


def path_of(settings: Settings, upload_id: str, purpose: UploadPurpose) -> Path:
    """Return the path of an upload's part file."""
    return folder_of(settings, purpose) / f"{PART_PREFIX}{upload_id}"


def create(settings: Settings, purpose: UploadPurpose) -> Part:
    """Create the part file of a new upload, which gets a new id."""
    path = path_of(settings, str(uuid4()), purpose)
    # Not a tempfile: only this user could read it, even in the library.
    path.touch(exist_ok=False)
    sync_folder(path.parent)
    return _open(path)


@contextmanager
def arriving(settings: Settings, purpose: UploadPurpose) -> Iterator[Part]:
    """Create a part file that is deleted at the end, unless it was renamed by then."""
    part = create(settings, purpose)
    try:
        yield part
    finally:
        part.discard()


def open_part(settings: Settings, upload_id: str, purpose: UploadPurpose) -> Part | None:
    """Open and lock an upload's part file, at its end; None when it has been renamed.

    Raises UploadBusy when someone else has it.
    """
    try:
        return _open(path_of(settings, upload_id, purpose))
    except FileNotFoundError:
        return None


def size_of(settings: Settings, upload_id: str, purpose: UploadPurpose) -> int:
    """Return how many bytes of an upload are here."""
    try:
        return path_of(settings, upload_id, purpose).stat().st_size
    except FileNotFoundError:
        return 0


def clear_abandoned(settings: Settings, now: datetime, is_known: Callable[[str], bool]) -> int:
    """Delete the part files that a killed server left behind; returns how many.

    is_known: whether an upload of an id exists.
    """
    cleared = 0
    for folder in (settings.output_dir, settings.inputs_dir):
        for path in folder.glob(f"{PART_PREFIX}*"):
            # Another user's file may stay: nothing depends on it.
            with suppress(FileNotFoundError, PermissionError, UploadBusy):
                is_old = now.timestamp() - path.stat().st_mtime > ABANDONED_SECONDS
                if is_old and not is_known(path.name.removeprefix(PART_PREFIX)):
                    _open(path).discard()
                    cleared += 1
    return cleared


def _open(path: Path) -> Part:
    # Unbuffered: when the disk is full we know how much was written.
    file = path.open("r+b", buffering=0)
    try:
        if not lock(file):
            raise UploadBusy
        # Its last owner may have renamed it before we got the lock.
        if not os.path.samestat(os.fstat(file.fileno()), path.stat()):
            raise FileNotFoundError(path)
    except BaseException:
        file.close()
        raise
    file.seek(0, os.SEEK_END)
    return Part(path.name.removeprefix(PART_PREFIX), path, file)
