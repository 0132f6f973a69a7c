"""Processes that a test starts as copies of its own, which is quicker than a new Python."""

import os
import sys
from collections.abc import Callable

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


def ended(process: int) -> int:
    """Wait for it; what it ended with, or the signal that killed it, below zero."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
