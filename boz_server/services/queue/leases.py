"""Attempts as time goes by: signs of life, lost machines, and jobs that are tried again."""

import logging
import random
from datetime import timedelta
from typing import Any

import peewee

from boz_server.clock import Clock
from boz_server.database.connection import Database
from boz_server.database.models import Job
from boz_server.domain.queue.job_states import HELD, JobStatus, JobType
from boz_server.domain.queue.retry_policy import is_upload_error, next_attempt_at
from boz_server.repositories.attempt_repository import AttemptRepository
from boz_server.repositories.job_event_repository import JobEventRepository
from boz_server.services.queue.dispatcher import Dispatcher
from boz_server.services.queue.transitions import SERVER, JobMoves, actor_of
from boz_server.settings import Settings

log = logging.getLogger(__name__)

#: A machine that starts anew says within this time what it still works on: agents report every
#: 2 seconds.
DOUBT_SECONDS = 20


class Attempts:
    """Keeps leases, takes jobs from machines that are lost, and tries again what may go well."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        database: Database,
        *,
        attempts: AttemptRepository,
        events: JobEventRepository,
        moves: JobMoves,
        dispatcher: Dispatcher,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.database = database
        self.attempts = attempts
        self.events = events
        self.moves = moves
        self.dispatcher = dispatcher
        self.chance = random.Random()  # noqa: S311 - spreads retries, guards nothing

    def sign_of_life(self, holder: Any, *, polled: bool = False) -> None:
        """Extend the leases of a machine that has shown itself; after a poll where that is due.

        holder: a condition on jobs, of attempt_repository: by_agent or by_worker.
        """
        now = self.clock.now()
        if self.attempts.has_to_extend(holder, now, polled=polled):
            with self.database.write_queue():
                self.attempts.extend(holder, now)

    def held_by(self, holder: Any, *, alive: bool) -> list[Job]:
        """Return what a machine has to do, in order; alive: whether that it asks shows it."""
        if alive:
            self.sign_of_life(holder, polled=True)
        return self.attempts.held(holder)

    def cancelled(self, holder: Any) -> list[str]:
        """Return the ids of a machine's jobs that were cancelled lately, for it to stop."""
        return self.attempts.cancelled(holder, self.clock.now())

    def doubt(self, holder: Any) -> None:
        """A machine has started anew: what it ran before is lost unless it reports on it soon.

        Runs inside the caller's `write_queue()`.
        """
        self.attempts.doubt(holder, self.clock.now() + timedelta(seconds=DOUBT_SECONDS))

    def release(self, holder: Any, detail: str) -> None:
        """Take all jobs from a machine that has signed off; no attempt counts as a failure.

        Runs inside the caller's `write_queue()`.
        """
        for job in self.attempts.held(holder):
            self.moves.requeue(job, actor=actor_of(job), detail=detail)

    def rescue(self) -> int:
        """Take the jobs of machines whose leases have run out; returns how many."""
        now = self.clock.now()
        with self.database.write_queue():
            jobs = self.attempts.expired(now)
            for job in jobs:
                self._rescue(job)
            self.dispatcher.dispatch()
        return len(jobs)

    def begin_epoch(self) -> int:
        """Let no report land that is from the time after a backup, which the database that was
        restored from it knows nothing of; returns how many jobs were taken from their machines.

        Who has a token has a wrong one then. Who sends none may have been given any job that is
        not over: it counts as tried, so that at most the one machine that can do it may say that it
        runs (JobReports).
        """
        with self.database.write_queue():
            jobs = self.attempts.under_way()
            for job in jobs:
                self.moves.requeue(job, actor=SERVER, detail="The database was restored.")
            self.attempts.outdate()
        return len(jobs)

    def retry_due(self) -> int:
        """Queue again what failed for a passing reason and whose wait is over; returns how many."""
        retried = 0
        for job in self.attempts.to_retry(self.clock.now()):
            with self.database.write_queue():
                retried += self._retry(job)
                self.dispatcher.dispatch()
        return retried

    def plan_retry(
        self, job: Job, error: str | None, *, passes: bool | None = None
    ) -> dict[str, Any]:
        """Return what a failure sets on its job: a try later, if its reason passes and not all
        attempts are used up. passes: whether it does; None where only the error's words tell."""
        failures = job.failures + 1
        planned = None
        passes = is_upload_error(error) if passes is None else passes
        if passes and failures < self.limit(job.job_type):
            planned = next_attempt_at(
                job.job_type, failures, self.clock.now(), self.chance.random()
            )
        return {"failures": failures, "scheduled_at": planned}

    def limit(self, job_type: JobType) -> int:
        """Return how many attempts a job of a type gets."""
        own = {
            JobType.RIP: self.settings.max_rip_attempts,
            JobType.TRANSCODE: self.settings.max_transcode_attempts,
            JobType.ORGANIZE: self.settings.max_organize_attempts,
        }[job_type]
        return self.settings.max_attempts if own is None else own

    def _rescue(self, job: Job) -> None:
        """Queue a job whose machine is lost, or give it up when that was the last attempt."""
        failures, limit = job.failures + 1, self.limit(job.job_type)
        lost = f"{_holder(job)} was not heard from in time"
        if job.job_type is JobType.ORGANIZE:
            # A server that was killed is no fault of the file's.
            self.moves.requeue(job, actor=SERVER, detail=f"{lost}.")
            return
        if failures < limit:
            now = self.clock.now()
            # The first time at once; a job whose machines are lost again and again waits longer.
            later = (
                next_attempt_at(job.job_type, failures - 1, now, self.chance.random())
                if failures > 1
                else None
            )
            self.moves.requeue(
                job, actor=SERVER, detail=f"{lost}.", failures=failures, scheduled_at=later
            )
            log.warning("Job rescued", extra={"job_id": job.job_id, "attempt": job.attempt})
            return
        self.moves.end(
            job.job_id,
            JobStatus.FAILED,
            Job.attempt == job.attempt,
            only_from=HELD,
            actor=SERVER,
            detail=f"{lost}.",
            failures=failures,
            error=f"Given up after {failures} attempts: {self._story(job, lost)}. Look after the"
            " machine, then retry the job.",
        )

    def _story(self, job: Job, last: str) -> str:
        """Tell how the attempts ended, the latest in its own words."""
        told = [
            f"attempt {event.attempt}: {(event.detail or 'no reason was given').rstrip('.')}"
            for event in self.events.lost_attempts(job.job_id)
        ]
        return "; ".join([*told, f"attempt {job.attempt}: {last}"])

    def _retry(self, job: Job) -> int:
        """Queue one job again; where that can't be, nothing is planned for it any more."""
        moved = None
        if self.moves.can_wait(job):
            try:
                with self.database.write():
                    moved = self.moves.again(
                        job, actor=SERVER, detail="It failed for a reason that passes."
                    )
            except peewee.IntegrityError:
                log.info("Job has a successor", extra={"job_id": job.job_id})
        if moved is None:
            # A later attempt has plans of its own.
            self.moves.jobs.change(job.job_id, Job.attempt == job.attempt, scheduled_at=None)
        return int(moved is not None)


def _holder(job: Job) -> str:
    kind, _, name = actor_of(job).partition(":")
    return f"{kind.capitalize()} {name!r}"
