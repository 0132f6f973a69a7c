"""Jobs and commands that are old enough to be deleted, in the database."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import peewee

from boz_server.database.models import Disc, Job, JobEvent, VLCCommand
from boz_server.domain.discs.disc_states import DiscStatus
from boz_server.domain.queue.job_states import OPEN, JobStatus
from boz_server.repositories.paging import behind

#: Rows that one transaction deletes, so that requests never wait for it.
BATCH = 500
LONGEST_OVER_FIRST = ((Job.completed_at, False), (Job.job_id, False))


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """Rows that ended before these times are pruned.

    jobs: for completed and cancelled jobs, and commands for VLC. failed_jobs: for failed jobs, and
    those whose result never arrived. discs: for discs, which go into the archive.
    """

    jobs: datetime
    failed_jobs: datetime
    discs: datetime


class OldJob(NamedTuple):
    """A job that may be deleted, and the number of its events; the next batch begins after it."""

    job_id: str
    completed_at: datetime
    events: int


class RetentionRepository:
    """Finds and deletes old jobs and commands."""

    def old_jobs(self, cutoffs: Cutoffs, last: OldJob | None) -> list[OldJob]:
        """Return a batch of jobs that may be deleted, the oldest first.

        With their events they have at most BATCH rows, unless a single job has more. last: the
        last job of the batch before; None for the first batch.
        """
        query: Any = Job.select(Job.job_id, Job.completed_at).where(may_go(cutoffs))
        if last is not None:
            query = query.where(behind(LONGEST_OVER_FIRST, (last.completed_at, last.job_id)))
        found = list(query.order_by(Job.completed_at, Job.job_id).limit(BATCH).tuples())
        events = self._events([job_id for job_id, _ in found]) if found else {}
        batch: list[OldJob] = []
        rows = 0
        for job_id, completed_at in found:
            rows += 1 + events.get(job_id, 0)
            if batch and rows > BATCH:
                break
            batch.append(OldJob(job_id, completed_at, events.get(job_id, 0)))
        return batch

    @staticmethod
    def _events(job_ids: list[str]) -> dict[str, int]:
        """Return the number of events of jobs: {job id: number}."""
        query: Any = JobEvent.select(JobEvent.job, peewee.fn.COUNT(1))
        return dict(query.where(JobEvent.job.in_(job_ids)).group_by(JobEvent.job).tuples())

    def delete_jobs(self, jobs: list[OldJob], cutoffs: Cutoffs) -> set[str]:
        """Delete the jobs that may still be deleted, with their events; returns their ids."""
        ids = [job.job_id for job in jobs]
        query = Job.delete().where(Job.job_id.in_(ids), may_go(cutoffs))
        return {row.job_id for row in query.returning(Job.job_id).execute()}

    def count_jobs(self, cutoffs: Cutoffs) -> tuple[int, int]:
        """Return how many jobs may be deleted, and how many events they have."""
        old = Job.select(Job.job_id).where(may_go(cutoffs))
        return old.count(), JobEvent.select().where(JobEvent.job.in_(old)).count()

    def delete_commands(self, cutoffs: Cutoffs) -> int:
        """Delete a batch of old commands for VLC; returns how many."""
        old = VLCCommand.select(VLCCommand.command_id).where(VLCCommand.created_at < cutoffs.jobs)
        batch = old.order_by(VLCCommand.created_at).limit(BATCH)
        return int(VLCCommand.delete().where(VLCCommand.command_id.in_(batch)).execute())

    def count_commands(self, cutoffs: Cutoffs) -> int:
        """Return how many old commands for VLC there are."""
        return int(VLCCommand.select().where(VLCCommand.created_at < cutoffs.jobs).count())


def may_go(cutoffs: Cutoffs) -> Any:
    """Whether a job may be deleted.

    It stays while its disc is in a drive, because the agent asks for the progress of its rips, and
    while a job that was made from it is open or stays, because it knows where that job's file is.
    """
    later, lying = Job.alias("later"), Disc.alias("lying")
    is_wanted = later.select(peewee.SQL("1")).where(
        later.source_job_id == Job.job_id,
        later.status.not_in([JobStatus.COMPLETED, JobStatus.CANCELLED]),
        ~_is_old(later, cutoffs),
    )
    in_drive = lying.select(peewee.SQL("1")).where(
        lying.disc_id == Job.disc, lying.status != DiscStatus.EJECTED
    )
    return _is_old(Job, cutoffs) & ~peewee.fn.EXISTS(is_wanted) & ~peewee.fn.EXISTS(in_drive)


def _is_old(job: Any, cutoffs: Cutoffs) -> Any:
    """Whether a job ended long enough ago, and is not tried again."""
    came_to_nothing = (job.status == JobStatus.FAILED) | (
        (job.status == JobStatus.COMPLETED) & job.error.is_null(False)
    )

    def ended_before(cutoff: datetime) -> Any:
        # Everything that was adopted from an older system stays for as long again.
        return (job.completed_at < cutoff) & (job.adopted_at.is_null() | (job.adopted_at < cutoff))

    return (
        job.completed_at.is_null(False)
        & (job.completed_at < max(cutoffs.jobs, cutoffs.failed_jobs))
        # NOT IN the open states: with IN, SQLite would sort all ended jobs for each batch.
        & job.status.not_in(list(OPEN))
        & job.scheduled_at.is_null()
        & (
            (came_to_nothing & ended_before(cutoffs.failed_jobs))
            | (~came_to_nothing & ended_before(cutoffs.jobs))
        )
    )
