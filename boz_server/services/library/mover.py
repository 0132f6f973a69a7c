"""Moves one file into the library, complete and verified, or not at all.

Whenever this is interrupted, the source or the file in the library is complete, and no incomplete
file has a final name.
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
from boz_server.domain.naming.library_paths import CollisionPolicy

#: Names of unfinished copies; players and media servers ignore names that begin with a dot.
COPY_PREFIX, COPY_SUFFIX = ".boz-", ".part"
#: A copy this old was left by a killed server; the next move into the same folder deletes it.
STALE_SECONDS = 24 * 3600
#: Folder for files that were replaced. It lies in the library's folder for films, or for shows, so
#: that they stay on the same disk.
TRASH = ".boz-trash"


class Stopped(Exception):
    """The attempt was taken away, or the server is stopping; nothing was changed."""


class Damaged(OSError):
    """What was read back is not what was written: the disk or the share is at fault."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a file ended up. is_known: the library already had the same content under that name;
    is_skipped: another file has its name, so it stayed in the output folder."""

    path: Path
    is_known: bool = False
    is_skipped: bool = False


class Mover:
    """One file on its way into the library.

    reserve: called with a path before the file gets it; False when another job is about to take it;
    raises Stopped. on_progress: called with the number of bytes copied or read back, now and then
    with 0; raises Stopped.
    """

    def __init__(
        self,
        source: Path,
        target: Path,
        root: Path,
        *,
        job_id: str,
        policy: CollisionPolicy,
        reserve: Callable[[Path], bool],
        on_progress: Callable[[int], None],
    ) -> None:
        self.source = source
        self.target = target
        self.root = root
        self.copy = target.parent / f"{COPY_PREFIX}{job_id}{COPY_SUFFIX}"
        self.policy = policy
        self.reserve = reserve
        self.on_progress = on_progress
        self._digest: str | None = None
        self._is_copied = False

    def run(self) -> Moved:
        """Move the file.

        Raises OSError when the disk fails, BlockingIOError when another job has to finish first,
        and Stopped.
        """
        make_folders(self.target.parent)
        self._delete_stale_copies()
        try:
            for path in numbered(self.target):
                moved = self._try(path)
                if moved is not None:
                    return moved
        finally:
            self.copy.unlink(missing_ok=True)
        raise AssertionError("numbers never end")

    def _try(self, path: Path) -> Moved | None:
        """Move the file to a path; None when another file has that name."""
        while os.path.lexists(path):
            if self._has_same_content(path):
                self._reserve(path)
                self._delete_source()
                return Moved(path, is_known=True)
            if self.policy is CollisionPolicy.SKIP:
                return Moved(self.source, is_skipped=True)
            if self.policy is not CollisionPolicy.REPLACE:
                return None
            self._trash(path)
        self._reserve(path)
        return Moved(path) if self._rename(path) else None

    def _reserve(self, path: Path) -> None:
        """Record the destination before renaming. If another job has reserved it, wait: once that
        job is done we can compare the files, as it may be the same film, uploaded twice."""
        if not self.reserve(path):
            raise BlockingIOError(errno.EAGAIN, "Another job is about to have the name", str(path))

    def _rename(self, path: Path) -> bool:
        """Give the file its path, by way of a copy if that is on another disk; False if another
        file has taken the path."""
        try:
            return rename_noreplace(self.source, path)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
        if not self._is_copied:
            self._copy()
        self.on_progress(0)  # the last check that the job is still ours
        if not rename_noreplace(self.copy, path):
            return False
        self._delete_source()
        return True

    def _copy(self) -> None:
        with self.source.open("rb", buffering=0) as source, self.copy.open("wb", 0) as copy:
            for block in _blocks(source):
                with _naming(self.target.parent):
                    write_all(copy, block)
                self.on_progress(len(block))
            with _naming(self.target.parent):
                os.fsync(copy.fileno())
        before, after = self.source.stat(), self.copy.stat()
        is_whole = before.st_size == after.st_size
        if not is_whole or self._sha256() != sha256_of(self.copy, self.on_progress):
            raise Damaged(errno.EIO, f"The copy of {self.source.name} differs from it")
        with suppress(OSError):  # some shares can't store times
            os.utime(self.copy, ns=(before.st_atime_ns, before.st_mtime_ns))
        # Set only here: a copy that a killed server left must be made again.
        self._is_copied = True

    def _has_same_content(self, path: Path) -> bool:
        """Whether a file of the library is this one, or a copy of it."""
        if not path.is_file():
            return False
        if is_same(self.source, path):
            return True
        has_same_size = path.stat().st_size == self.source.stat().st_size
        return has_same_size and self._sha256() == sha256_of(path, self._check_in)

    def _sha256(self) -> str:
        if self._digest is None:
            self._digest = sha256_of(self.source, self._check_in)
        return self._digest

    def _check_in(self, _: int) -> None:
        """Stop if told to, while reading what doesn't count as progress."""
        self.on_progress(0)

    def _trash(self, path: Path) -> None:
        """Move a file out of the way, to the same place below the trash folder."""
        top, *below = path.relative_to(self.root).parts
        trash = self.root.joinpath(top, TRASH, *below)
        make_folders(trash.parent)
        for free in numbered(trash):
            if not os.path.lexists(free) and rename_noreplace(path, free):
                return

    def _delete_source(self) -> None:
        self.source.unlink(missing_ok=True)
        sync_folder(self.source.parent)

    def _delete_stale_copies(self) -> None:
        for left in self.target.parent.glob(f"{COPY_PREFIX}*{COPY_SUFFIX}"):
            with suppress(FileNotFoundError):
                if left != self.copy and time.time() - left.stat().st_mtime > STALE_SECONDS:
                    left.unlink()


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Add a path to errors of writing, which name no file."""
    try:
        yield
    except OSError as error:
        error.filename = str(path)
        raise


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(BLOCK_BYTES):
        yield block
