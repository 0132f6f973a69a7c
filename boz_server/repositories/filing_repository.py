"""Organize jobs, which the server does itself, in the database."""

from datetime import datetime

from boz_server.database.models import Job
from boz_server.domain.queue.job_states import HELD, OVER, JobStatus, JobType
from boz_server.repositories.attempt_repository import is_due


class FilingRepository:
    """Queries on files that go into the library."""

    def open_job(self, file: str) -> Job | None:
        """Return the open job that files a file into the library, or None."""
        # At most one: uq_jobs_organize.
        return (
            Job.select()
            .where(
                Job.input_file == file,
                Job.library_path.is_null(False),
                Job.status.not_in(list(OVER)),
            )
            .first()
        )

    def queued(self, now: datetime, limit: int = 1000) -> list[Job]:
        """Return the organize jobs that wait for the server, in their order."""
        query = Job.select().where(
            Job.job_type == JobType.ORGANIZE, Job.status == JobStatus.QUEUED, is_due(now)
        )
        return list(query.order_by(Job.priority.desc(), Job.created_at, Job.job_id).limit(limit))

    def is_filing(self, path: str, besides: str) -> bool:
        """Whether another job under way is about to give its file that path of the library."""
        query = Job.select().where(
            Job.job_type == JobType.ORGANIZE,
            Job.status.in_(list(HELD)),
            Job.filing_as == path,
            Job.job_id != besides,
        )
        return query.exists()
