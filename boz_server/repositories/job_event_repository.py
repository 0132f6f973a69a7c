"""What became of jobs, in the database."""

from datetime import datetime

from boz_server.database.connection import Database
from boz_server.database.models import Job, JobEvent
from boz_server.domain.queue.job_states import JobStatus
from boz_server.repositories.paging import Page, PageRequest, fetch_page


class JobEventRepository:
    """Queries on the history of jobs."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def record(
        self,
        job: Job,
        now: datetime,
        *,
        from_status: JobStatus | None,
        actor: str,
        detail: str | None = None,
        attempt: int | None = None,
    ) -> None:
        """Write down a change of the job, as it now is; attempt: where another one is meant."""
        JobEvent.create(
            job=job.job_id,
            at=now,
            from_status=from_status,
            to_status=job.status,
            actor=actor,
            attempt=job.attempt if attempt is None else attempt,
            detail=detail,
        )

    def page(self, job_id: str, request: PageRequest) -> Page[JobEvent]:
        """Return a job's history, oldest first."""
        query = JobEvent.select().where(JobEvent.job == job_id)
        return fetch_page(query, [(JobEvent.event_id, False)], request)

    def lost_attempts(self, job_id: str) -> list[JobEvent]:
        """Return the latest twenty events by which attempts came to nothing, oldest first."""
        query = JobEvent.select().where(
            JobEvent.job == job_id,
            JobEvent.from_status.in_([JobStatus.ASSIGNED, JobStatus.RUNNING]),
            JobEvent.to_status.in_([JobStatus.QUEUED, JobStatus.FAILED]),
        )
        return list(query.order_by(JobEvent.event_id.desc()).limit(20))[::-1]
