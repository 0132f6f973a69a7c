"""What machines report of their jobs, and what follows from it for everyone else.

Every report is one guarded UPDATE: it names the states it may start from, and changes nothing
otherwise. The same report twice is the same state.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from boz_server.clock import Clock
from boz_server.database.connection import Database
from boz_server.database.models import Job
from boz_server.domain.job_states import HELD, OVER, JobStatus, JobType, sources
from boz_server.errors import Conflict, JobNotFound, WorkerNotFound
from boz_server.repositories.agent_repository import AgentRepository
from boz_server.repositories.disc_repository import DiscRepository
from boz_server.repositories.job_repository import JobRepository
from boz_server.repositories.worker_repository import WorkerRepository

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JobReport:
    """What a machine says of a job; None where it says nothing.

    progress: percent; what lies outside 0–100 counts as the nearer end. duration_seconds: how long
    the work took by the machine's own clock.
    """

    status: JobStatus
    progress: float | None = None
    error: str | None = None
    output_file: str | None = None
    duration_seconds: float | None = None


class JobReports:
    """Takes the reports of agents and workers."""

    def __init__(
        self,
        clock: Clock,
        database: Database,
        *,
        jobs: JobRepository,
        discs: DiscRepository,
        agents: AgentRepository,
        workers: WorkerRepository,
    ) -> None:
        self.clock = clock
        self.database = database
        self.jobs = jobs
        self.discs = discs
        self.agents = agents
        self.workers = workers

    def get(self, job_id: str) -> Job:
        """Return a job; raises JobNotFound."""
        job = self.jobs.get(job_id)
        if job is None:
            raise JobNotFound(job_id)
        return job

    def take(self, job_id: str, report: JobReport) -> Job:
        """Record a report; returns the job as it then is.

        Raises JobNotFound, and Conflict when the job is no longer, or not yet, in a state to
        which the report can apply; then nothing has changed.
        """
        now = self.clock.now()
        with self.database.write():
            return self._apply(job_id, report, now) or self._unchanged(job_id, report)

    def complete_by_worker(
        self, worker_id: str, job_id: str, *, error: str | None, duration_seconds: float | None
    ) -> None:
        """Record that a worker is done with a job: well, or with an error.

        Raises WorkerNotFound, JobNotFound, and Conflict when the job is not that worker's.
        """
        with self.database.write():
            if self.workers.get(worker_id) is None:
                raise WorkerNotFound(worker_id)
            job = self.get(job_id)
            if job.assigned_worker_id != worker_id:
                raise Conflict("The job was not given to this worker: drop it and ask for another.")
            status = JobStatus.FAILED if error else JobStatus.COMPLETED
            self.take(job_id, JobReport(status, error=error, duration_seconds=duration_seconds))

    def cancel(self, job_id: str, now: datetime) -> Job | None:
        """Cancel an open job inside the caller's transaction; None when it is over.

        Raises JobNotFound.
        """
        self.get(job_id)
        return self._end(job_id, now, status=JobStatus.CANCELLED)

    def settle(self, job: Job) -> None:
        """Bring agent, worker and disc in line with a job whose state has changed."""
        if job.assigned_agent_id is not None:
            self.agents.refresh_work(job.assigned_agent_id)
        if job.assigned_worker_id is not None:
            self.workers.refresh_work(job.assigned_worker_id)
        # After its agent, as where a disc leaves its drive: else the two wait for each other.
        if job.status in OVER and job.job_type == JobType.RIP and job.disc_id is not None:
            self.discs.finish_ripping(job.disc_id)

    def _apply(self, job_id: str, report: JobReport, now: datetime) -> Job | None:
        """Make the report's step; None when the job is in no state for it."""
        said = _said(report)
        match report.status:
            case JobStatus.RUNNING:
                # By far the most frequent report: progress, one statement.
                return self.jobs.move(job_id, {JobStatus.RUNNING}, **said) or self._start(
                    job_id, now, **said
                )
            case JobStatus.ASSIGNED:
                return self._put_back(job_id)
            case JobStatus.COMPLETED:
                done = self._end(job_id, now, **said | {"progress": 100.0})
                if done is not None:
                    self._count_completion(done, now, report.duration_seconds)
                return done or self._merge(job_id, JobStatus.COMPLETED, said)
            case JobStatus.FAILED:
                said.setdefault("error", "The machine gave no reason.")
                return self._end(job_id, now, only_from=HELD, **said)
            case JobStatus.CANCELLED:
                return self._end(job_id, now, **said)
        return None

    def _start(self, job_id: str, now: datetime, **said: Any) -> Job | None:
        job = self.jobs.move(job_id, {JobStatus.ASSIGNED}, started_at=now, **said)
        if job is not None:
            self.settle(job)
            log.info("Job started", extra={"job_id": job_id})
        return job

    def _put_back(self, job_id: str) -> Job | None:
        """An agent can't start a job yet: it keeps it, for later."""
        job = self.jobs.move(job_id, HELD, status=JobStatus.ASSIGNED, progress=0.0, started_at=None)
        if job is not None:
            self.settle(job)
        return job

    def _end(
        self,
        job_id: str,
        now: datetime,
        only_from: frozenset[JobStatus] = frozenset(JobStatus),
        **said: Any,
    ) -> Job | None:
        origins = sources(said["status"]) & only_from
        job = self.jobs.move(job_id, origins, completed_at=now, **said)
        if job is not None:
            self.settle(job)
            log.info("Job over", extra={"job_id": job_id, "status": job.status})
        return job

    def _merge(self, job_id: str, status: JobStatus, said: dict[str, Any]) -> Job | None:
        """Add what a second report of the same end says; today's agents report completed again
        after the upload, with the file or the upload's error."""
        changes = {key: said[key] for key in ("output_file", "error") if key in said}
        if "output_file" in changes:
            # The upload went well in the end: the error of an earlier try is no more.
            changes.setdefault("error", None)
        return self.jobs.move(job_id, {status}, status=status, **changes)

    def _unchanged(self, job_id: str, report: JobReport) -> Job:
        """Answer a report that made no step: the same again is fine, anything else is not."""
        job = self.get(job_id)
        if job.status == report.status and job.status in OVER:
            return job
        if job.status in OVER:
            advice = "stop working on it; nothing was changed"
        else:
            advice = "it has to be approved or assigned before a machine can report on it"
        raise Conflict(f"The job is {job.status}, so it can't become {report.status}: {advice}.")

    def _count_completion(self, job: Job, now: datetime, seconds: float | None) -> None:
        """Add to the worker's statistics; what it does not tell is measured by our clock."""
        if job.job_type == JobType.TRANSCODE and job.assigned_worker_id is not None:
            began = job.started_at or job.assigned_at or now
            measured = max(0.0, (now - began).total_seconds())
            self.workers.count_completion(job.assigned_worker_id, seconds or measured)


def _said(report: JobReport) -> dict[str, Any]:
    """Return the columns that a report sets; what it leaves out stays as it was."""
    said: dict[str, Any] = {"status": report.status}
    if report.progress is not None:
        said["progress"] = min(100.0, max(0.0, report.progress))
    if report.error is not None:
        said["error"] = report.error
    if report.output_file is not None:
        said["output_file"] = report.output_file
    return said
