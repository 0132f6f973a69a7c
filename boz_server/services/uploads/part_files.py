"""The files that bytes arrive in, each beside where it will stay."""

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Self
from uuid import uuid4

from boz_server.disk import BLOCK_BYTES, lock, make_folders, sync_folder, write_all
from boz_server.domain.uploads.upload_states import UploadPurpose
from boz_server.errors import UploadBusy
from boz_server.settings import Settings

#: Files that are still arriving; never listed, never handed out.
PART_PREFIX = ".arriving-"
#: A file that no upload speaks of, and that no one has, arrives no more; but for so long it may
#: just have been made.
ABANDONED_SECONDS = 60
#: How much may wait in memory for the disk.
WRITE_BACK_BYTES = 8 * 1024 * 1024


@dataclass(slots=True)
class Part:
    """A file that arrives, open, and no one else's as long as it is."""

    path: Path
    file: IO[bytes]
    #: What is computed of the bytes as they come, of hashlib, by name.
    digests: dict[str, Any] = field(default_factory=dict)
    _unwritten: int = 0

    @property
    def size_bytes(self) -> int:
        """Bytes that are here."""
        return os.fstat(self.file.fileno()).st_size

    def write(self, block: bytes) -> None:
        """Add bytes at the end; what a full disk still takes stays."""
        write_all(self.file, block)
        self._unwritten += len(block)
        if self._unwritten >= WRITE_BACK_BYTES:
            self._begin_writing()
        for digest in self.digests.values():
            digest.update(block)

    def _begin_writing(self) -> None:
        """Have the kernel begin to write to the disk what has come, so that `sync` has little left
        to wait for at the end of a film."""
        end = self.file.tell()
        start = end - self._unwritten
        os.posix_fadvise(self.file.fileno(), start, self._unwritten, os.POSIX_FADV_DONTNEED)
        self._unwritten = 0

    def hash_file(self) -> None:
        """Compute the SHA-256 of the whole file as it comes; before its first byte."""
        self.digests["file"] = hashlib.sha256()

    def fill(self, read: Callable[[int], bytes], room: int) -> bool:
        """Add what `read` gives, at most so many bytes. False where there would have been more."""
        while room and (block := read(min(room, BLOCK_BYTES))):
            self.write(block)
            room -= len(block)
        return bool(room) or not read(1)

    def cut(self, size_bytes: int) -> None:
        """Drop what is behind so many bytes."""
        self.file.truncate(size_bytes)
        self.file.seek(size_bytes)

    def sync(self) -> None:
        """Make what is here survive power loss."""
        os.fsync(self.file.fileno())

    def discard(self) -> None:
        """Close and delete it, unless it was given another name."""
        self.file.close()
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()


class PartFiles:
    """Opens, finds and deletes them; the names are ids of ours alone."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def folder(self, purpose: UploadPurpose) -> Path:
        """Return where files of a kind arrive and stay; the folder is there."""
        if purpose is not UploadPurpose.JOB_INPUT:
            return self.settings.output_dir
        make_folders(self.settings.inputs_dir)
        return self.settings.inputs_dir

    def path(self, upload_id: str, purpose: UploadPurpose) -> Path:
        """Return where the bytes of an upload are while it arrives."""
        return self.folder(purpose) / f"{PART_PREFIX}{upload_id}"

    def create(self, purpose: UploadPurpose) -> tuple[str, Part]:
        """Make the file of a new upload; returns the upload's id as well."""
        upload_id = str(uuid4())
        path = self.path(upload_id, purpose)
        # No tempfile: it would be readable for this user alone, also once it is in the library.
        path.touch(exist_ok=False)
        sync_folder(path.parent)
        return upload_id, _open(path)

    def open(self, upload_id: str, purpose: UploadPurpose) -> Part | None:
        """Have an upload's file to oneself, at its end; None where it has another name by now.

        Raises UploadBusy where another one has it.
        """
        try:
            return _open(self.path(upload_id, purpose))
        except FileNotFoundError:
            return None

    def size(self, upload_id: str, purpose: UploadPurpose) -> int:
        """Return how many bytes of an upload are here."""
        try:
            return self.path(upload_id, purpose).stat().st_size
        except FileNotFoundError:
            return 0

    def clear_abandoned(self, now: datetime, known: Callable[[str], bool]) -> int:
        """Delete what a server that was killed left half arrived, once no one can be sending it;
        returns how many. known: whether there is an upload of an id."""
        cleared = 0
        for folder in (self.settings.output_dir, self.settings.inputs_dir):
            for path in folder.glob(f"{PART_PREFIX}*"):
                # Another user's may stay: nothing depends on it.
                with suppress(FileNotFoundError, PermissionError, UploadBusy):
                    old = now.timestamp() - path.stat().st_mtime > ABANDONED_SECONDS
                    if old and not known(path.name.removeprefix(PART_PREFIX)):
                        _open(path).discard()
                        cleared += 1
        return cleared


def _open(path: Path) -> Part:
    # Unbuffered: on a full disk one knows what was written.
    file = path.open("r+b", buffering=0)
    try:
        if not lock(file):
            raise UploadBusy
        # Another one may have had the file until now, and given it its name.
        if not os.path.samestat(os.fstat(file.fileno()), path.stat()):
            raise FileNotFoundError(path)
    except BaseException:
        file.close()
        raise
    file.seek(0, os.SEEK_END)
    return Part(path, file)
