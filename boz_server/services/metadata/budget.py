"""How long all the look-ups of a caller may take together."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """A caller's time; insist: ask even a provider that failed within the last minute.

    deadline: an instant of `time.monotonic`.
    """

    deadline: float
    insist: bool = False


_budget: ContextVar[Budget | None] = ContextVar("budget", default=None)


@contextmanager
def grant(seconds: float, *, insist: bool) -> Iterator[None]:
    """Grant a time to all look-ups in the body; inside another budget, part of that one."""
    outer = _budget.get()
    deadline = time.monotonic() + seconds
    if outer is not None:
        deadline = min(deadline, outer.deadline)
    token = _budget.set(Budget(deadline, insist))
    try:
        yield
    finally:
        _budget.reset(token)


def current(default_seconds: float) -> Budget:
    """Return the caller's budget, or a new one of the default time."""
    return _budget.get() or Budget(time.monotonic() + default_seconds)
