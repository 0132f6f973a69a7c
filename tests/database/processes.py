"""Processes that a test starts as copies of its own, which is quicker than a new Python."""

import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

#: How one ends whose work has failed.
FAILED = 70


def child(work: Callable[[], int]) -> int:
    """Start a process that ends with what `work` returns; its id.

    All databases must be closed: a connection can't be shared with a copy.
    """
    process = os.fork()
    if process == 0:
        sys.settrace(None)
        code = FAILED
        try:
            code = work()
        finally:
            os._exit(code)
    return process


def die(*_: object) -> NoReturn:
    """End this process at once, as kill -9 does."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def all_at_once(number: int, work: Callable[[], int]) -> list[int]:
    """Start so many processes, and let them begin at the same moment; what each ended with, the
    least first."""
    ready, go = os.pipe()

    def wait_and_work() -> int:
        os.close(go)
        os.read(ready, 1)  # until the last one that can write has closed it
        return work()

    processes = [child(wait_and_work) for _ in range(number)]
    os.close(go)
    codes = sorted(map(ended, processes))
    os.close(ready)
    return codes


def ended(process: int) -> int:
    """Wait for it; what it ended with, or the signal that killed it, below zero."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
