"""Files that survive kills and power loss whole, and how much room is left for them."""

import errno
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from itertools import count, takewhile
from pathlib import Path
from typing import IO

from boz_server.errors import StorageFull
from boz_server.settings import Settings

#: Bytes that are read or written at once.
BLOCK_BYTES = 1024 * 1024
GIB = 1024**3
MAX_FILE_BYTES = 2**63


def free_bytes(folder: Path) -> int:
    """Return the bytes that this user may still write to a folder's disk."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def require_room(settings: Settings, folder: Path, size_bytes: int, *, promised: int = 0) -> None:
    """Raise StorageFull unless a file fits into a folder and BOZ_MIN_FREE_BYTES stay free.

    promised: bytes that unfinished files will still take there. The database may be on the same
    disk, so it must never fill up.
    """
    free = free_bytes(folder) - promised
    if size_bytes + settings.min_free_bytes > free:
        raise StorageFull(
            f"The file needs {_gib(size_bytes)}, but {folder} has {_gib(max(0, free))} to give"
            f" and keeps {_gib(settings.min_free_bytes)} of that free"
            " (BOZ_MIN_FREE_BYTES): make room and send it again."
        )


def shortage(settings: Settings) -> str | None:
    """Say which disk has less than BOZ_MIN_FREE_BYTES left; None when there is enough."""
    for folder in (settings.output_dir, settings.temp_dir):
        free = free_bytes(folder)
        if free < settings.min_free_bytes:
            return (
                f"{folder} has {_gib(free)} left, and {_gib(settings.min_free_bytes)} are"
                " to stay free (BOZ_MIN_FREE_BYTES): make room."
            )
    return None


def lock(file: IO[bytes], *, shared: bool = False) -> bool:
    """Lock a file until it is closed or its process ends; False if another one holds the lock.

    shared: several may hold it together, but not while one holds it alone.
    """
    return _lock(file.fileno(), fcntl.LOCK_SH if shared else fcntl.LOCK_EX)


def lock_folder(descriptor: int) -> bool:
    """Lock a folder until its descriptor is closed; False if another process holds the lock."""
    return _lock(descriptor, fcntl.LOCK_EX)


def own(path: Path) -> IO[bytes] | None:
    """Create or empty a file, and lock it (see `lock`); None if another one holds the lock.

    Only its owner can read or write it.
    """
    while True:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)
        if not lock(file):
            file.close()
            return None
        # Its previous holder may have moved it to its final name since: then it isn't ours.
        if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
            file.truncate(0)
            return file
        file.close()


def write_all(file: IO[bytes], block: bytes | bytearray) -> None:
    """Write a block to an unbuffered file, which may accept only a part of it at a time."""
    view = memoryview(block)
    while view:
        view = view[file.write(view) :]


def rename_noreplace(part: Path, path: Path) -> bool:
    """Move a complete file to a path on the same disk; False if that name is taken.

    Even if the server is killed, a file of that name is always complete. Raises OSError, with EXDEV
    if the path is on another disk.
    """
    try:
        os.link(part, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno == errno.EXDEV:
            raise
        # A disk without hard links, such as exFAT. Callers make sure that no other thread or
        # process of ours takes the name at the same time.
        if os.path.lexists(path):
            return False
        os.rename(part, path)
        sync_folder(path.parent)
    else:
        # The new name first: after power loss the file has the old name, the new one, or both.
        sync_folder(path.parent)
        os.unlink(part)
    if part.parent != path.parent:
        sync_folder(part.parent)
    return True


def is_same(part: Path, path: Path) -> bool:
    """Whether both paths name the same file."""
    return path.exists() and os.path.samefile(part, path)


def numbered(path: Path) -> Iterator[Path]:
    """Yield the paths of "Name.mkv", "Name (2).mkv", …"""
    yield path
    for number in count(2):
        yield path.with_name(f"{path.stem} ({number}){path.suffix}")


def make_folders(folder: Path) -> None:
    """Create a folder and its missing parents so that they survive power loss."""
    missing = list(takewhile(lambda path: not path.is_dir(), (folder, *folder.parents)))
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        sync_folder(path.parent)


def prove_writable(folder: Path) -> None:
    """Write a file in a folder and delete it; raises OSError if that fails.

    No other check is right for root, read-only mounts and access lists alike.
    """
    probe = folder / ".boz-probe"
    probe.touch()
    probe.unlink(missing_ok=True)  # another process may be probing at the same time


def sync_folder(folder: Path) -> None:
    """Make new, renamed and deleted names in a folder survive power loss."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # not supported on some network shares
            raise
    finally:
        os.close(descriptor)


def sha256_of(path: Path, seen: Callable[[int], None] = lambda _: None) -> str:
    """Return a file's SHA-256 in hex, read from the disk; `seen` gets the size of each block."""
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        # Otherwise recent writes would be read back from memory, which proves little.
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


def _gib(size_bytes: int) -> str:
    # A sender can claim any number; no file is larger than this.
    return f"{min(size_bytes, MAX_FILE_BYTES) / GIB:.2f} GiB"
