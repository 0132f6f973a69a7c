"""Jobs in the database."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import peewee

from boz_server.database.connection import Database
from boz_server.database.models import Job
from boz_server.domain.job_states import HELD, UNSTARTED, JobStatus, JobType
from boz_server.repositories.paging import Page, PageRequest, fetch_page

NEWEST_FIRST = ((Job.created_at, True), (Job.job_id, True))
MOST_URGENT_FIRST = ((Job.priority, True), (Job.created_at, False), (Job.job_id, False))


class JobRepository:
    """Queries on jobs."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def insert(self, **fields: Any) -> Job:
        """Enter a new job."""
        return Job.create(**fields)

    def get(self, job_id: str) -> Job | None:
        """Return the job, or None when there never was one of that id."""
        return Job.get_or_none(Job.job_id == job_id)

    def newest(self, request: PageRequest, status: JobStatus | None = None) -> Page[Job]:
        """Return jobs, newest first; only those in `status` when one is named."""
        query = Job.select()
        if status is not None:
            query = query.where(Job.status == status)
        return fetch_page(query, NEWEST_FIRST, request)

    def waiting(self, request: PageRequest) -> Page[Job]:
        """Return the jobs that no machine has yet: most urgent first, then oldest."""
        query = Job.select().where(Job.status.in_([JobStatus.PENDING, JobStatus.QUEUED]))
        return fetch_page(query, MOST_URGENT_FIRST, request)

    def awaiting_approval(self, request: PageRequest) -> Page[Job]:
        """Return the transcode jobs that wait for a person: most urgent first, then oldest."""
        query = Job.select().where(
            Job.status == JobStatus.PENDING,
            Job.job_type == JobType.TRANSCODE,
            Job.requires_approval,
        )
        return fetch_page(query, MOST_URGENT_FIRST, request)

    def upload_errors(self, request: PageRequest) -> Page[Job]:
        """Return completed jobs whose result could not be uploaded, the latest first."""
        query = Job.select().where(
            Job.status == JobStatus.COMPLETED,
            Job.error.is_null(False),
            Job.error.contains("upload"),
        )
        return fetch_page(query, ((Job.completed_at, True), (Job.job_id, True)), request)

    def held_by(self, agent_id: str) -> list[Job]:
        """Return the assigned and running jobs of an agent in the order in which to do them."""
        query = Job.select().where(Job.assigned_agent_id == agent_id, Job.status.in_(list(HELD)))
        return list(
            query.order_by(Job.priority.desc(), Job.created_at, Job.title_index, Job.job_id)
        )

    def rips_of(self, disc_id: str) -> list[Job]:
        """Return a disc's rip jobs, oldest first."""
        query = Job.select().where(Job.disc == disc_id, Job.job_type == JobType.RIP)
        return list(query.order_by(Job.created_at, Job.title_index, Job.job_id))

    def counts(self) -> list[tuple[JobStatus, JobType, bool, int]]:
        """Return how many jobs there are of each status, type and need of approval.

        Reads nothing but idx_jobs_type.
        """
        keys = (Job.status, Job.job_type, Job.requires_approval)
        query: Any = Job.select(*keys, peewee.fn.COUNT(1)).group_by(*keys).tuples()
        return list(query)

    def move(
        self, job_id: str, origins: Collection[JobStatus], *conditions: Any, **changes: Any
    ) -> Job | None:
        """Change a job if it is in one of `origins`; returns it as it then is, else None."""
        query = Job.update(**changes).where(
            Job.job_id == job_id, Job.status.in_(list(origins)), *conditions
        )
        return next(iter(query.returning(Job).execute()), None)

    def fail_unstarted_rips(self, disc_id: str, error: str, now: datetime) -> list[Job]:
        """Fail the rip jobs of a disc that no machine has begun; returns them."""
        query = Job.update(status=JobStatus.FAILED, error=error, completed_at=now).where(
            Job.disc == disc_id,
            Job.job_type == JobType.RIP,
            Job.status.in_(list(UNSTARTED)),
        )
        return list(query.returning(Job).execute())

    def drop_thumbnails(self, job_id: str) -> None:
        """Note that no thumbnails are kept of the job any more."""
        Job.update(thumbnail_timestamps=[]).where(Job.job_id == job_id).execute()
