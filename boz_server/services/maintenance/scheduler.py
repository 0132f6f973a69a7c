"""Runs what the server does without a request, every few seconds, in one of its processes."""

import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from boz_server.context import Context
from boz_server.database.models import MaintenanceRun
from boz_server.repositories.maintenance_repository import NEVER
from boz_server.services.queue import leases

log = logging.getLogger(__name__)

#: How often each process tries to lead, and the leader looks for steps that are due.
TICK_SECONDS = 5.0
#: A leader that has not renewed its leadership for this long is gone; with the tick, another
#: process leads within 15 seconds.
TERM_SECONDS = 10
#: After a longer gap between two renewals the server was not running, or its clock was changed.
GAP_SECONDS = 20


@dataclass(frozen=True, slots=True)
class MaintenanceStep:
    """Something to do regularly; `run` may be called at any time, and again at once."""

    name: str
    period_seconds: float
    run: Callable[[Context], object]


@dataclass(frozen=True, slots=True)
class StepStatus:
    """How a step's latest run went; None before it has run."""

    name: str
    period_seconds: float
    last_run_at: datetime | None
    duration_seconds: float | None
    error: str | None


class Maintenance:
    """Runs the steps that are due, when this process is the leader.

    Every process calls `tick` in a thread of its own; the database decides which one leads.
    """

    def __init__(self, context: Context, steps: Sequence[MaintenanceStep]) -> None:
        self.context = context
        self.steps = steps
        # A process id is not enough: containers that share a database may have the same one.
        self.holder = f"{os.getpid()}-{uuid4().hex[:8]}"
        self._due: dict[str, float] = {}
        self._renewed, self._renewed_at = 0.0, NEVER

    def tick(self) -> bool:
        """Run the steps that are due; False when another process leads. Errors are logged, and
        `status` shows them."""
        if not self._lead():
            # The next time that this process leads it begins with every step.
            self._due.clear()
            return False
        ran = [
            self._run(step)
            for step in self.steps
            if time.monotonic() >= self._due.get(step.name, 0.0) and self._still_leads()
        ]
        if ran:
            with self.context.database.write():
                for run in ran:
                    self.context.stores.maintenance.record(*run)
        return True

    def step_down(self) -> None:
        """Leave the leadership to another process, at the end of this one."""
        with self.context.database.write():
            self.context.stores.maintenance.drop_leadership(self.holder)

    def status(self) -> tuple[str | None, list[StepStatus]]:
        """Return the process that leads, and how each step's latest run went."""
        leadership = self.context.stores.maintenance.leadership()
        holder = None if leadership is None else leadership.holder
        runs, never = self.context.stores.maintenance.runs(), MaintenanceRun()
        latest = [(step, runs.get(step.name, never)) for step in self.steps]
        return holder, [
            StepStatus(
                one.name, one.period_seconds, run.started_at, run.duration_seconds, run.error
            )
            for one, run in latest
        ]

    def _lead(self) -> bool:
        """Take or renew the leadership; False when another process has it."""
        rows = self.context.stores.maintenance
        with self.context.database.write_queue():
            # Read the clock under the lock: compared with an earlier time, a renewal by a leader
            # that had the lock before us would lie in the future.
            now = self.context.clock.now()
            rows.enter_leadership()
            before = rows.leadership()
            term = timedelta(seconds=TERM_SECONDS)
            if not rows.take_leadership(self.holder, now, term):
                return False
            if before is not None:
                self._bridge_gap(now, before.renewed_at)
        self._renewed, self._renewed_at = time.monotonic(), now
        return True

    def _bridge_gap(self, now: datetime, renewed_at: datetime) -> None:
        """Give every machine a full term to report again after a gap without a leader.

        Leases could not be renewed while no server ran, and cannot be judged by a clock that was
        changed.
        """
        gap = now - renewed_at
        if timedelta() <= gap <= timedelta(seconds=GAP_SECONDS):
            return
        leases.renew_all(self.context, now, put_back=max(-gap, timedelta()))
        if renewed_at != NEVER:
            log.warning("Leases renewed", extra={"silence": str(gap)})

    def _still_leads(self) -> bool:
        """Renew the leadership between long steps, and after a change of the clock, so that no
        step judges leases by a clock that was changed."""
        passed = self.context.clock.now() - self._renewed_at
        lately = time.monotonic() < self._renewed + TERM_SECONDS / 3
        in_step = timedelta() <= passed < timedelta(seconds=TERM_SECONDS / 3)
        return (lately and in_step) or self._lead()

    def _run(self, step: MaintenanceStep) -> tuple[str, datetime, float, str | None]:
        started_at, began = self.context.clock.now(), time.monotonic()
        self._due[step.name] = began + step.period_seconds
        error = None
        try:
            step.run(self.context)
        except Exception as caught:
            log.exception("Maintenance step failed", extra={"step": step.name})
            error = f"{type(caught).__name__}: see the server's log."
        return step.name, started_at, time.monotonic() - began, error
