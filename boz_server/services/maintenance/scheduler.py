"""What the server does by itself, every few seconds: one process of all, step by step."""

import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from boz_server.clock import Clock
from boz_server.database.connection import Database
from boz_server.database.models import MaintenanceRun
from boz_server.repositories.attempt_repository import AttemptRepository
from boz_server.repositories.fleet_repository import FleetRepository
from boz_server.repositories.maintenance_repository import NEVER, MaintenanceRepository

log = logging.getLogger(__name__)

DUTY = "maintenance"
#: How often each process looks whether it is its turn, and what is due.
TICK_SECONDS = 5.0
#: A holder that has not renewed its duty for so long is gone; with the tick, another process has
#: it within 15 seconds.
TERM_SECONDS = 10
#: Between two words of the holders, whoever they are: longer, and the server was not running, or
#: its clock was changed.
GAP_SECONDS = 20


@dataclass(frozen=True, slots=True)
class MaintenanceStep:
    """Something to do every so often; `run` may be called at any time, and again at once."""

    name: str
    period_seconds: float
    run: Callable[[], object]


@dataclass(frozen=True, slots=True)
class StepStatus:
    """How a step's latest run went; None where it has not run yet."""

    name: str
    period_seconds: float
    last_run_at: datetime | None
    duration_seconds: float | None
    error: str | None


class Maintenance:
    """Runs the steps that are due, if this process has the duty.

    Every process calls `tick` in a thread of its own; the database says whose turn it is.
    """

    def __init__(
        self,
        clock: Clock,
        database: Database,
        *,
        rows: MaintenanceRepository,
        attempts: AttemptRepository,
        fleet: FleetRepository,
        steps: Sequence[MaintenanceStep],
    ) -> None:
        self.clock = clock
        self.database = database
        self.rows = rows
        self.attempts = attempts
        self.fleet = fleet
        self.steps = steps
        # Not the process id alone: containers that share a database may well have the same.
        self.holder = f"{os.getpid()}-{uuid4().hex[:8]}"
        self._due: dict[str, float] = {}
        self._renewed, self._renewed_at = 0.0, NEVER

    def tick(self) -> bool:
        """Run what is due; False when another process has the duty. Errors are logged, and shown
        by `status`."""
        if not self._have_duty():
            # Whoever has it next begins with every step.
            self._due.clear()
            return False
        ran = [
            self._run(step)
            for step in self.steps
            if time.monotonic() >= self._due.get(step.name, 0.0) and self._still_have_duty()
        ]
        if ran:
            with self.database.write():
                for run in ran:
                    self.rows.record(*run)
        return True

    def let_go(self) -> None:
        """Leave the duty to another process, at the end of this one."""
        with self.database.write():
            self.rows.drop_duty(DUTY, self.holder)

    def status(self) -> tuple[str | None, list[StepStatus]]:
        """Return who has the duty, and how each step's latest run went."""
        duty = self.rows.duty(DUTY)
        runs = self.rows.runs()
        holder = None if duty is None else duty.holder
        return holder, [_status(step, runs.get(step.name)) for step in self.steps]

    def _have_duty(self) -> bool:
        with self.database.write_queue():
            # Only now: by a time from before the wait for this turn, the word of a holder who had
            # its turn meanwhile would be one from the future.
            now = self.clock.now()
            self.rows.enter_duty(DUTY)
            duty = self.rows.duty(DUTY)
            if not self.rows.take_duty(DUTY, self.holder, now, timedelta(seconds=TERM_SECONDS)):
                return False
            silence = timedelta() if duty is None else now - duty.renewed_at
            if not timedelta() <= silence <= timedelta(seconds=GAP_SECONDS):
                # No one could renew a lease while no server ran, and none can be judged by a
                # clock that was changed: every machine gets a full term to show itself.
                self.attempts.renew_all(now)
                self.fleet.heard_by(now)
                self.attempts.bring_forward(now, max(-silence, timedelta()))
                if duty is not None and duty.renewed_at != NEVER:
                    log.warning("Leases renewed", extra={"silence": str(silence)})
        self._renewed, self._renewed_at = time.monotonic(), now
        return True

    def _still_have_duty(self) -> bool:
        """Renew the duty between steps that take long, and look at the clock again where it was
        changed meanwhile: no step may judge leases by it before."""
        passed = self.clock.now() - self._renewed_at
        lately = time.monotonic() < self._renewed + TERM_SECONDS / 3
        in_step = timedelta() <= passed < timedelta(seconds=TERM_SECONDS / 3)
        return (lately and in_step) or self._have_duty()

    def _run(self, step: MaintenanceStep) -> tuple[str, datetime, float, str | None]:
        started_at, began = self.clock.now(), time.monotonic()
        self._due[step.name] = began + step.period_seconds
        error = None
        try:
            step.run()
        except Exception as caught:
            log.exception("Maintenance step failed", extra={"step": step.name})
            error = f"{type(caught).__name__}: see the server's log."
        return step.name, started_at, time.monotonic() - began, error


def _status(step: MaintenanceStep, run: MaintenanceRun | None) -> StepStatus:
    if run is None:
        return StepStatus(step.name, step.period_seconds, None, None, None)
    return StepStatus(
        step.name, step.period_seconds, run.started_at, run.duration_seconds, run.error
    )
