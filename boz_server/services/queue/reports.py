"""What machines report of their jobs, and what follows from it for everyone else.

A report changes nothing unless it is the next step of the attempt that it speaks for. The same
report twice is the same state.
"""

import logging
from datetime import datetime
from typing import Any

from boz_server.clock import Clock
from boz_server.context import Context
from boz_server.database.connection import Database
from boz_server.database.models import Job
from boz_server.domain.queue.job_report import JobReport
from boz_server.domain.queue.job_states import HELD, OVER, JobStatus, JobType
from boz_server.domain.queue.retry_policy import is_upload_error
from boz_server.errors import Conflict, JobNotFound, WorkerNotFound
from boz_server.repositories.attempt_repository import AttemptRepository, advanced, started_over
from boz_server.repositories.job_repository import JobRepository
from boz_server.repositories.worker_repository import WorkerRepository
from boz_server.services.queue.dispatcher import Dispatcher
from boz_server.services.queue.leases import Attempts
from boz_server.services.queue.transcode_entry import TranscodeEntry
from boz_server.services.queue.transitions import (
    DISC_GONE,
    PERSON,
    JobMoves,
    actor_of,
    machine_name,
)
from boz_server.services.statistics import record

log = logging.getLogger(__name__)


class JobReports:
    """Takes the reports of agents and workers."""

    def __init__(
        self,
        clock: Clock,
        database: Database,
        *,
        jobs: JobRepository,
        attempt_rows: AttemptRepository,
        workers: WorkerRepository,
        moves: JobMoves,
        dispatcher: Dispatcher,
        attempts: Attempts,
        transcodes: TranscodeEntry,
        context: Context,
    ) -> None:
        self.clock = clock
        self.database = database
        self.jobs = jobs
        self.attempt_rows = attempt_rows
        self.workers = workers
        self.moves = moves
        self.dispatcher = dispatcher
        self.attempts = attempts
        self.transcodes = transcodes
        self.context = context

    def get(self, job_id: str) -> Job:
        """Return a job; raises JobNotFound."""
        job = self.jobs.get(job_id)
        if job is None:
            raise JobNotFound(job_id)
        return job

    def take(self, job_id: str, report: JobReport) -> Job:
        """Record a report; returns the job as it then is.

        Raises JobNotFound, and Conflict when the job is no longer, or not yet, in a state to
        which the report can apply, or it speaks for an earlier attempt; then nothing has changed.
        """
        now = self.clock.now()
        if report.status == JobStatus.RUNNING:
            # By far the most frequent report: progress, one statement, and nobody's turn.
            with self.database.write():
                job = self.attempt_rows.progress(job_id, report.lease_token, now, report.said())
            if job is not None:
                return job
        with self.database.write_queue():
            job = self.get(job_id)
            self._require_latest(job, report)
            moved = self._apply(job, report, now)
            if moved is None:
                return self._unchanged(job, report)
            if moved.status in OVER:
                self.dispatcher.dispatch()
            return moved

    def complete_by_worker(self, worker_id: str, job_id: str, report: JobReport) -> None:
        """Record that a worker is done with a job: well, or with an error.

        Raises WorkerNotFound, JobNotFound, and Conflict when the job is not that worker's.
        """
        with self.database.write_queue():
            if self.workers.get(worker_id) is None:
                raise WorkerNotFound(worker_id)
            if self.get(job_id).assigned_worker_id != worker_id:
                raise Conflict("The job is not this worker's: drop it and ask for another.")
            self.take(job_id, report)

    def _apply(self, job: Job, report: JobReport, now: datetime) -> Job | None:
        """Make the report's step; None when the job is in no state for it."""
        if job.status == JobStatus.QUEUED and _may_take_up(job, report):
            job = self._taken_up(job) or job
        match report.status:
            case JobStatus.RUNNING:
                return self._run(job, report, now)
            case JobStatus.ASSIGNED:
                return self._put_back(job, report, now)
            case JobStatus.COMPLETED:
                return self._complete(job, report, now)
            case JobStatus.FAILED:
                return self._fail(job, report)
        return self._end(job, JobStatus.CANCELLED, **report.said())

    def _run(self, job: Job, report: JobReport, now: datetime) -> Job | None:
        """An attempt begins, or goes on as a new one."""
        begun = report.said() | self._renewed(now) | {"started_at": now, "reported_at": now}
        if job.status == JobStatus.RUNNING:
            again = self.attempt_rows.progress(job.job_id, report.lease_token, now, report.said())
            return again or self._start_over(job, begun, now)
        return self.moves.move(
            job.job_id,
            JobStatus.RUNNING,
            actor=actor_of(job),
            only_from={JobStatus.ASSIGNED},
            **begun,
        )

    def _taken_up(self, job: Job) -> Job | None:
        """A machine does a job that waits for it alone: it knows of it from before it was out of
        reach, or from the person who chose it. The work is under way, whatever we plan."""
        machine = self.dispatcher.only_machine_for(job)
        if machine is None:
            return None
        agent_id, worker_id = machine
        actor = machine_name(agent_id, worker_id)
        return self.moves.assign(job, agent_id, worker_id, actor=actor)

    def _start_over(self, job: Job, begun: dict[str, Any], now: datetime) -> Job | None:
        """A machine was silent, and then reports less than before: it has begun anew."""
        job_id, attempt = job.job_id, job.attempt + 1
        again = self.jobs.change(
            job_id,
            Job.status == JobStatus.RUNNING,
            started_over(begun.get("progress", 100.0), now),
            **begun,
            attempt=attempt,
        )
        if again is not None:
            self.moves.note(again, actor=actor_of(again), detail="The machine began anew.")
        return again

    def _put_back(self, job: Job, report: JobReport, now: datetime) -> Job | None:
        """An agent can't start a job yet: it keeps it, for later."""
        seen = {"token_used": True} if report.lease_token else {}
        kept = seen | self._renewed(now)
        if job.status == JobStatus.ASSIGNED:
            return self.jobs.change(job.job_id, Job.status == JobStatus.ASSIGNED, **kept)
        if not self.moves.can_wait(job):
            return self.moves.requeue(job, actor=actor_of(job), detail=DISC_GONE)
        idle = {"progress": 0.0, "started_at": None, "reported_at": None}
        return self.moves.move(
            job.job_id,
            JobStatus.ASSIGNED,
            actor=actor_of(job),
            only_from={JobStatus.RUNNING},
            **(kept | idle),
        )

    def _complete(self, job: Job, report: JobReport, now: datetime) -> Job | None:
        said = report.said() | {"progress": 100.0}
        if job.output_file_size is not None:
            # The result came first, and was measured.
            said.pop("output_file_size", None)
        if is_upload_error(report.error):
            said |= self.attempts.plan_retry(job, report.error)
        said["duration_seconds"] = report.duration_seconds
        done = self._end(job, JobStatus.COMPLETED, only_from=HELD, **said)
        if done is not None:
            self._count_completion(done, now, report.duration_seconds)
        elif job.status == JobStatus.COMPLETED:
            done = self._merge(job, report)
        if done is not None and done.job_type == JobType.RIP:
            self.transcodes.enter_for(done)
        return done

    def _fail(self, job: Job, report: JobReport) -> Job | None:
        said = {"error": "The machine gave no reason."} | report.said()
        said |= self.attempts.plan_retry(job, said["error"])
        said["duration_seconds"] = report.duration_seconds
        failed = self._end(job, JobStatus.FAILED, only_from=HELD, **said)
        if failed is not None and failed.assigned_worker_id is not None:
            self.workers.count_failure(failed.assigned_worker_id, self.clock.now())
        return failed

    def _end(self, job: Job, target: JobStatus, **said: Any) -> Job | None:
        actor = actor_of(job) if job.status in HELD else PERSON
        if "progress" in said:
            said["progress"] = advanced(said["progress"])
        return self.moves.end(job.job_id, target, actor=actor, detail=said.get("error"), **said)

    def _merge(self, job: Job, report: JobReport) -> Job | None:
        """Add what a second report of the same end says; today's agents report completed again
        after the upload, with the file or the upload's error."""
        said = report.said()
        changes: dict[str, Any] = {
            key: said[key] for key in ("output_file", "error") if key in said
        }
        if "output_file" in changes:
            # The upload went well in the end: the error of an earlier try is no more.
            changes.setdefault("error", None)
        if changes.get("error", job.error) != job.error:
            # The same failure told in other words is no second one.
            if not is_upload_error(changes["error"]):
                changes["scheduled_at"] = None
            elif not is_upload_error(job.error):
                changes |= self.attempts.plan_retry(job, changes["error"])
        changes |= {"status": JobStatus.COMPLETED}
        merged = self.jobs.change(job.job_id, Job.status == JobStatus.COMPLETED, **changes)
        if merged is None:
            return None
        if "failures" in changes:
            self.moves.tell_end(merged)
        return record.note_result(self.context, merged, report.output_file_size)

    def _renewed(self, now: datetime) -> dict[str, Any]:
        """What a machine's own word on a job does to its lease."""
        return {"lease_expires_at": self.attempt_rows.lease_until(now), "lease_doubted": False}

    def _require_latest(self, job: Job, report: JobReport) -> None:
        if report.lease_token is not None and report.lease_token != job.lease_token:
            raise Conflict(
                "This attempt was taken away, and the job goes on without it: stop working on it."
            )
        if report.lease_token is None and job.token_used and job.status in HELD | OVER:
            raise Conflict(
                "The machine that has this job reports with its lease_token: stop working on it, or"
                " send yours along."
            )

    def _unchanged(self, job: Job, report: JobReport) -> Job:
        """Answer a report that made no step: the same again is fine, anything else is not."""
        if job.status == report.status and job.status in OVER:
            return job
        if job.status in OVER:
            advice = "stop working on it; nothing was changed"
        else:
            advice = "it has to be given to a machine before one can report on it"
        raise Conflict(f"The job is {job.status}, so it can't become {report.status}: {advice}.")

    def _count_completion(self, job: Job, now: datetime, seconds: float | None) -> None:
        """Add to the worker's statistics; what it does not tell is measured by our clock."""
        if job.job_type == JobType.TRANSCODE and job.assigned_worker_id is not None:
            began = job.started_at or job.assigned_at or now
            measured = max(0.0, (now - began).total_seconds())
            self.workers.count_completion(job.assigned_worker_id, seconds or measured)


def _may_take_up(job: Job, report: JobReport) -> bool:
    """Whether a report can speak for a job that was not given away: without a token, that it runs;
    that it is over only where no earlier attempt could be meant."""
    first = job.attempt == 0 and report.status in (JobStatus.COMPLETED, JobStatus.FAILED)
    return report.lease_token is None and (report.status == JobStatus.RUNNING or first)
