"""Moves one file into the library: whole and checked, or not at all.

Whatever happens in between, the source or the file in the library is whole, and no half file ever
has a final name.
"""

import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from boz_server.disk import (
    BLOCK_BYTES,
    is_same,
    make_folders,
    numbered,
    rename_noreplace,
    sha256_of,
    sync_folder,
    write_all,
)
from boz_server.domain.naming.collision import CollisionPolicy

#: Copies on their way; players and media servers pass over names that begin with a dot.
COPY_PREFIX, COPY_SUFFIX = ".boz-", ".part"
#: Copies that a killed server left are deleted by who next files into the same folder.
STALE_SECONDS = 24 * 3600
#: Folder for files that others have replaced, in the library's folder for films or for shows: on
#: the disk that they lie on.
TRASH = ".boz-trash"


class Stopped(Exception):
    """The attempt was taken away, or the server stops: nothing was changed."""


class Damaged(OSError):
    """What was read back is not what was written: the disk or the share is at fault."""


@dataclass(frozen=True, slots=True)
class Filed:
    """What became of a file. is_known: the library had the same content under that name already;
    is_skipped: another file has its name, so it stays where it was."""

    path: Path
    is_known: bool = False
    is_skipped: bool = False


class Filing:
    """One file on its way into the library.

    note: called with a path before the file gets that name; True if it may, False where another
    job is about to take it; raises Stopped. seen: told how many bytes were copied or read back, now
    and then of none; raises Stopped.
    """

    def __init__(
        self,
        source: Path,
        target: Path,
        root: Path,
        *,
        job_id: str,
        policy: CollisionPolicy,
        note: Callable[[Path], bool],
        seen: Callable[[int], None],
    ) -> None:
        self.source = source
        self.target = target
        self.root = root
        self.copy = target.parent / f"{COPY_PREFIX}{job_id}{COPY_SUFFIX}"
        self.policy = policy
        self.note = note
        self.seen = seen
        self._digest: str | None = None
        self._is_copied = False

    def run(self) -> Filed:
        """File it; raises OSError where the disk fails, BlockingIOError where another job has to
        come to its end first, Stopped when it is to stop."""
        make_folders(self.target.parent)
        self._clear_stale()
        try:
            for path in numbered(self.target):
                filed = self._try(path)
                if filed is not None:
                    return filed
        finally:
            self.copy.unlink(missing_ok=True)
        raise AssertionError("numbers never end")

    def _try(self, path: Path) -> Filed | None:
        """File it under a name; None where that is another file's."""
        while os.path.lexists(path):
            if self._is_same(path):
                self._reserve(path)
                self._drop_source()
                return Filed(path, is_known=True)
            if self.policy is CollisionPolicy.SKIP:
                return Filed(self.source, is_skipped=True)
            if self.policy is not CollisionPolicy.REPLACE:
                return None
            self._trash(path)
        self._reserve(path)
        return Filed(path) if self._place(path) else None

    def _reserve(self, path: Path) -> None:
        """Note where the file is about to be. Where another job is about to have that name, what
        is there then decides: it may be the same film, sent twice."""
        if not self.note(path):
            raise BlockingIOError(errno.EAGAIN, "Another job is about to have the name", str(path))

    def _place(self, path: Path) -> bool:
        """Give it the name, by way of a copy where it lies on another disk."""
        try:
            return rename_noreplace(self.source, path)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
        if not self._is_copied:
            self._copy()
        self.seen(0)  # the last look whether it is still ours
        if not rename_noreplace(self.copy, path):
            return False
        self._drop_source()
        return True

    def _copy(self) -> None:
        with self.source.open("rb", buffering=0) as source, self.copy.open("wb", 0) as copy:
            for block in _blocks(source):
                with _at(self.target.parent):
                    write_all(copy, block)
                self.seen(len(block))
            with _at(self.target.parent):
                os.fsync(copy.fileno())
        before, after = self.source.stat(), self.copy.stat()
        if before.st_size != after.st_size or self._sha256() != sha256_of(self.copy, self.seen):
            raise Damaged(errno.EIO, f"The copy of {self.source.name} differs from it")
        with suppress(OSError):  # some shares keep no times
            os.utime(self.copy, ns=(before.st_atime_ns, before.st_mtime_ns))
        # Only now: a copy that a killed server left is begun anew.
        self._is_copied = True

    def _is_same(self, path: Path) -> bool:
        """Whether a file of the library is the same one, or has the same content."""
        if not path.is_file():
            return False
        if is_same(self.source, path):
            return True
        is_as_long = path.stat().st_size == self.source.stat().st_size
        return is_as_long and self._sha256() == sha256_of(path, self._look)

    def _sha256(self) -> str:
        if self._digest is None:
            self._digest = sha256_of(self.source, self._look)
        return self._digest

    def _look(self, _: int) -> None:
        self.seen(0)

    def _trash(self, path: Path) -> None:
        """Move a file out of the way, to the same place below the trash folder."""
        top, *below = path.relative_to(self.root).parts
        trash = self.root.joinpath(top, TRASH, *below)
        make_folders(trash.parent)
        for free in numbered(trash):
            if not os.path.lexists(free) and rename_noreplace(path, free):
                return

    def _drop_source(self) -> None:
        self.source.unlink(missing_ok=True)
        sync_folder(self.source.parent)

    def _clear_stale(self) -> None:
        for left in self.target.parent.glob(f"{COPY_PREFIX}*{COPY_SUFFIX}"):
            with suppress(FileNotFoundError):
                if left != self.copy and time.time() - left.stat().st_mtime > STALE_SECONDS:
                    left.unlink()


@contextmanager
def _at(path: Path) -> Iterator[None]:
    """Have errors say on which disk they were, as those of writing don't."""
    try:
        yield
    except OSError as error:
        error.filename = str(path)
        raise


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(BLOCK_BYTES):
        yield block
