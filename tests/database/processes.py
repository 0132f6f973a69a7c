"""Processes forked from the test's own, which is quicker than starting Python."""

import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

#: The exit code of a process whose work failed.
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
    """Start this many processes at the same moment; returns their exit codes, sorted."""
    ready, go = os.pipe()

    def wait_and_work() -> int:
        os.close(go)
        os.read(ready, 1)  # until the last writer has closed it
        return work()

    processes = [child(wait_and_work) for _ in range(number)]
    os.close(go)
    codes = sorted(map(ended, processes))
    os.close(ready)
    return codes


def ended(process: int) -> int:
    """Wait for a process; returns its exit code, or minus the signal that killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
