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
    its own, in order, and then one of them for the kernel's lock on a file beside the database's,
    which a process that ends gives back. Programs that take no turn are kept out by SQLite's lock.
    """

    def __init__(self, path: Path, wait_seconds: float) -> None:
        """path: of the lock file, which is never deleted. wait_seconds: for this process's own."""
        self.path = path
        self.wait_seconds = wait_seconds
        self._own = threading.RLock()
        self._depth = 0
        self._descriptor: int | None = None
        self._process = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for the turn and keep it; a thread that has it has it again at once.

        Raises DatabaseBusy if this process's other writers take too long.
        """
        if not self._own.acquire(timeout=self.wait_seconds):
            raise DatabaseBusy
        try:
            with self._kernels():
                yield
        finally:
            self._own.release()

    @contextmanager
    def _kernels(self) -> Iterator[None]:
        self._depth += 1
        try:
            if self._depth == 1:
                fcntl.flock(self._file(), fcntl.LOCK_EX)
            yield
        finally:
            self._depth -= 1
            if not self._depth:
                fcntl.flock(self._file(), fcntl.LOCK_UN)

    def _file(self) -> int:
        """Return this process's own descriptor: one from before a fork is the parent's lock."""
        if self._descriptor is None or self._process != os.getpid():
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            self._descriptor = os.open(self.path, flags, 0o600)
            self._process = os.getpid()
        return self._descriptor

    def close(self) -> None:
        """Close the file; the next turn opens it again."""
        with self._own:
            if self._descriptor is not None and self._process == os.getpid():
                os.close(self._descriptor)
            self._descriptor = None
