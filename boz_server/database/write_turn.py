"""The turn to write to a SQLite file: one writer at a time, in the order in which they came."""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from boz_server.errors import DatabaseBusy


class WriteTurn:
    """Lets one thread of all processes on a host write at a time.

    SQLite's own waiters sleep and look again, longer and longer: of two processes that write, one
    may wait for seconds while the other goes on. Here the threads of a process wait for a lock of
    its own, and then one of them for the kernel's locks on two files beside the database's, which a
    process that ends gives back. Who has the turn has the lock on the first, and who is next the
    one on the second: so a process that writes again at once finds itself behind the one that
    waits. Programs that take no turn are kept out by SQLite's lock.
    """

    def __init__(self, path: Path, wait_seconds: float) -> None:
        """path: of the database. wait_seconds: for this process's own writers."""
        self.database = path
        self.paths = [path.with_name(f"{path.name}.{name}") for name in ("turn", "next")]
        self.wait_seconds = wait_seconds
        self._own = threading.RLock()
        self._depth = 0
        self._descriptors: list[int] = []
        self._process = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for the turn and keep it; a thread that has it has it again at once.

        Raises DatabaseBusy if this process's other writers take too long.
        """
        if not self._own.acquire(timeout=self.wait_seconds):
            raise DatabaseBusy
        try:
            if not self._depth:
                self._lock()
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if not self._depth:
                    fcntl.flock(self._descriptors[0], fcntl.LOCK_UN)
        finally:
            self._own.release()

    def _lock(self) -> None:
        turn, following = self._opened()
        fcntl.flock(following, fcntl.LOCK_EX)
        try:
            fcntl.flock(turn, fcntl.LOCK_EX)
        finally:
            fcntl.flock(following, fcntl.LOCK_UN)

    def _opened(self) -> list[int]:
        """Return this process's own descriptors: those from before a fork are its parent's locks.

        Only the locks of the files count, so they are never deleted.
        """
        if self._process != os.getpid():
            self._forget()
            self._process = os.getpid()
        for path in self.paths[len(self._descriptors) :]:
            self._descriptors.append(_open(path, self.database))
        return self._descriptors

    def _forget(self) -> None:
        while self._descriptors:
            os.close(self._descriptors.pop())

    def close(self) -> None:
        """Close the files; the next turn opens them again."""
        with self._own:
            self._forget()


def _open(path: Path, database: Path) -> int:
    """Open a file whose lock counts, for all who may write the database's file."""
    usual = database.stat()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, usual.st_mode & 0o666)
    if os.geteuid() == 0:
        # As SQLite does with its own files: root's commands must not lock the server out.
        os.fchown(descriptor, usual.st_uid, usual.st_gid)
    return descriptor
