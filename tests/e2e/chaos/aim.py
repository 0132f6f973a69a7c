"""Finds the worst moment for kill -9: a change is committed, but not yet answered."""

import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: Requests to aim at, by the end of their address: those that change something, above all those
#: that would do it twice when they are sent again.
KINDS = (
    "jobs", "jobs", "jobs", "poll", "poll", "upload", "upload", "complete", "rip", "detected",
    "approve", "cancel", "retry", "unregister", "report",
)  # fmt: skip
#: The head of SQLite's wal-index, which changes with each commit:
#: https://www.sqlite.org/walformat.html#the_wal_index_header
WAL_INDEX_HEADER_BYTES = 48


class UnderWay:
    """Counts the requests that are under way, by kind."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._number: Counter[str] = Counter()

    @contextmanager
    def one_more(self, method: str, path: str) -> Iterator[None]:
        kind = "report" if method == "PATCH" else path.rpartition("/")[2]
        with self._lock:
            self._number[kind] += 1
        try:
            yield
        finally:
            with self._lock:
                self._number[kind] -= 1

    def has(self, kind: str) -> bool:
        return self._number[kind] > 0


def wait_for_commit(database: Path, under_way: UnderWay, kind: str, seconds: float) -> None:
    """Wait for a commit while a request of this kind is under way; at most this long."""
    deadline = time.monotonic() + seconds
    index = os.open(f"{database}-shm", os.O_RDONLY)
    try:
        while time.monotonic() < deadline:
            before = os.pread(index, WAL_INDEX_HEADER_BYTES, 0)
            while under_way.has(kind):
                if os.pread(index, WAL_INDEX_HEADER_BYTES, 0) != before:
                    return
                if time.monotonic() > deadline:
                    return
            time.sleep(0.0005)
    finally:
        os.close(index)
