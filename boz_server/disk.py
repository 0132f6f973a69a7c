"""What is done to files so that neither a kill nor power loss leaves half of one."""

import errno
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import IO

#: What is read and written at once.
BLOCK_BYTES = 1024 * 1024


def free_bytes(folder: Path) -> int:
    """Return what this user may still write to a folder's disk."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def lock(file: IO[bytes], *, shared: bool = False) -> bool:
    """Keep other threads and processes off a file until it is closed, or its process is killed.

    False when another one has it. shared: keep off only those who want it alone.
    """
    return _lock(file.fileno(), fcntl.LOCK_SH if shared else fcntl.LOCK_EX)


def lock_folder(descriptor: int) -> bool:
    """Keep other processes that ask from a folder until its descriptor is closed, or its process
    is killed. False when another one has it."""
    return _lock(descriptor, fcntl.LOCK_EX)


def own(path: Path) -> IO[bytes] | None:
    """Open a file to be written anew, by its owner alone, and keep others off it (see `lock`).

    None when another one has it. It is made where it is missing, and empty in any case.
    """
    while True:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)
        if not lock(file):
            file.close()
            return None
        # Whoever had it before may have given it its name meanwhile: then it is no part any more.
        if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
            file.truncate(0)
            return file
        file.close()


def write_all(file: IO[bytes], block: bytes) -> None:
    """Write a block to an unbuffered file, which may take it in pieces."""
    view = memoryview(block)
    while view:
        view = view[file.write(view) :]


def give_name(part: Path, path: Path) -> bool:
    """Move a whole file to a path on its own disk; False where that name is taken.

    At no moment, whenever the server is killed, is there a file of that name that is not whole.
    Raises OSError, with EXDEV where the path lies on another disk.
    """
    try:
        os.link(part, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno == errno.EXDEV:
            raise
        # A disk without links, such as exFAT: whoever calls has seen to it that no one else of
        # ours takes the name meanwhile.
        if os.path.lexists(path):
            return False
        os.rename(part, path)
        sync_folder(path.parent)
    else:
        # The new name first: after power loss the file has it, or the old one, or both.
        sync_folder(path.parent)
        os.unlink(part)
    if part.parent != path.parent:
        sync_folder(part.parent)
    return True


def is_same(part: Path, path: Path) -> bool:
    """Whether both are names of one file."""
    return path.exists() and os.path.samefile(part, path)


def numbered(path: Path) -> Iterator[Path]:
    """Yield the paths of "Name.mkv", "Name (2).mkv", …"""
    yield path
    for number in count(2):
        yield path.with_name(f"{path.stem} ({number}){path.suffix}")


def make_folders(folder: Path) -> None:
    """Make a folder and those above it that are missing, so that they survive power loss."""
    if folder.is_dir():
        return
    make_folders(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make what was named or deleted in a folder survive power loss."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # network shares that know no such thing
            raise
    finally:
        os.close(descriptor)


def sha256_of(path: Path, seen: Callable[[int], None] = lambda _: None) -> str:
    """Return a file's SHA-256 in hex, read from the disk; `seen` is told of each block's bytes."""
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        # What was just written would else be read from memory, which proves little.
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
            seen(len(block))
    return digest.hexdigest()


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
