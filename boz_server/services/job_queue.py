"""The queue: jobs are created, approved, given to machines and cancelled.

What the machines report of them is in job_reports.py.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import peewee

from boz_server.clock import Clock
from boz_server.database.connection import Database
from boz_server.database.models import Disc, Job, Title
from boz_server.domain.job_states import UNSTARTED, JobStatus, JobType
from boz_server.domain.presence import AgentStatus
from boz_server.errors import Conflict, DiscNotFound, Refused
from boz_server.repositories.disc_repository import DiscRepository
from boz_server.repositories.job_repository import JobRepository
from boz_server.repositories.paging import Page, PageRequest
from boz_server.repositories.worker_repository import WorkerRepository
from boz_server.services.agent_manager import AgentManager
from boz_server.services.job_reports import JobReports
from boz_server.services.thumbnail_store import Thumbnail, ThumbnailStore
from boz_server.services.worker_manager import WorkerManager
from boz_server.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Approval:
    """What a person's approval of a job came to."""

    job_id: str
    worker_id: str
    #: The worker's agent, or the worker's own id where it has none.
    agent_id: str
    preset: str


class JobQueue:
    """Everything that happens to a job before and beside a machine's work on it."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        database: Database,
        *,
        jobs: JobRepository,
        discs: DiscRepository,
        workers: WorkerRepository,
        agent_manager: AgentManager,
        worker_manager: WorkerManager,
        reports: JobReports,
        thumbnails: ThumbnailStore,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.database = database
        self.jobs = jobs
        self.discs = discs
        self.workers = workers
        self.agent_manager = agent_manager
        self.worker_manager = worker_manager
        self.reports = reports
        self.thumbnails = thumbnails

    def enqueue(
        self,
        *,
        disc_id: str | None = None,
        requires_approval: bool = False,
        thumbnails: Sequence[Thumbnail] = (),
        **fields: Any,
    ) -> Job:
        """Enter a job; it waits for a person where it requires approval, else for a machine.

        fields: job_type, title_index, input_file, output_name, preset, priority,
        source_disc_name, input_file_size. A file outlives the record of its disc: only a rip of an
        unknown disc can't be done, and raises DiscNotFound.
        """
        job_id = str(uuid4())
        with self.database.write():
            if disc_id is not None and not self.discs.exists(disc_id):
                if fields["job_type"] == JobType.RIP:
                    raise DiscNotFound(disc_id)
                log.warning("Job of an unknown disc", extra={"job_id": job_id, "disc_id": disc_id})
                disc_id = None
            try:
                job = self.jobs.insert(
                    job_id=job_id,
                    disc=disc_id,
                    status=JobStatus.PENDING if requires_approval else JobStatus.QUEUED,
                    requires_approval=requires_approval,
                    thumbnail_timestamps=[thumbnail.timestamp for thumbnail in thumbnails],
                    created_at=self.clock.now(),
                    **fields,
                )
            except peewee.IntegrityError as error:
                raise Conflict(
                    "This title of the disc has a rip job already: see GET /api/jobs, or cancel"
                    " that one first."
                ) from error
            # Before the commit: a job that names thumbnails has them.
            self.thumbnails.save(job_id, thumbnails)
        log.info("Job entered", extra={"job_id": job_id, "job_type": job.job_type})
        return job

    def enqueue_rips(self, disc: Disc, titles: Sequence[Title]) -> list[str]:
        """Give the disc's agent a rip job for each title; returns their ids.

        Runs inside the caller's transaction, which holds the disc.
        """
        now = self.clock.now()
        rips = [
            self.jobs.insert(
                job_id=str(uuid4()),
                job_type=JobType.RIP,
                status=JobStatus.ASSIGNED,
                disc=disc.disc_id,
                title_index=title.title_index,
                output_name=_without_extension(title.proposed_filename) or title.name,
                source_disc_name=disc.disc_name,
                input_file_size=title.size_bytes or None,
                assigned_agent_id=disc.agent_id,
                assigned_at=now,
                created_at=now,
            )
            for title in titles
        ]
        return [job.job_id for job in rips]

    def get(self, job_id: str) -> Job:
        """Return a job; raises JobNotFound."""
        return self.reports.get(job_id)

    def newest(self, request: PageRequest, status: JobStatus | None = None) -> Page[Job]:
        """Return jobs, newest first."""
        return self.jobs.newest(request, status)

    def waiting(self, request: PageRequest) -> Page[Job]:
        """Return the jobs that no machine has yet, most urgent first."""
        return self.jobs.waiting(request)

    def awaiting_approval(self, request: PageRequest) -> Page[Job]:
        """Return the transcode jobs that wait for a person, most urgent first."""
        return self.jobs.awaiting_approval(request)

    def upload_errors(self, request: PageRequest) -> Page[Job]:
        """Return the jobs whose result could not be uploaded, the latest first."""
        return self.jobs.upload_errors(request)

    def of_agent(self, agent_id: str) -> list[Job]:
        """Return what an agent has to do, in order. Raises AgentNotFound."""
        self.agent_manager.get(agent_id)
        return self.jobs.held_by(agent_id)

    def stats(self) -> dict[str, int]:
        """Count the jobs: total, each status, each type, and those that await approval."""
        counts = self.jobs.counts()
        stats = {"total_jobs": sum(number for *_, number in counts)}
        for status in JobStatus:
            stats[status.value] = sum(row[-1] for row in counts if row[0] == status)
        for job_type in JobType:
            stats[f"{job_type}_jobs"] = sum(row[-1] for row in counts if row[1] == job_type)
        stats["awaiting_approval"] = sum(
            number
            for status, job_type, requires_approval, number in counts
            if requires_approval and (status, job_type) == (JobStatus.PENDING, JobType.TRANSCODE)
        )
        return stats

    def assign(self, job_id: str, agent_id: str) -> None:
        """Give a job to an agent, as a person decides it.

        Raises JobNotFound, AgentNotFound, Refused when the agent is not available or does not
        have the job's disc, and Conflict when the job is past being assigned.
        """
        with self.database.write():
            job = self.get(job_id)
            agent = self.agent_manager.get(agent_id)
            if agent.status != AgentStatus.ONLINE:
                raise Refused(
                    f"Agent {agent_id!r} is {agent.status}: choose one that is online, or wait."
                )
            self._require_disc_at(job, agent_id)
            transcodes = job.job_type == JobType.TRANSCODE
            beside_it = self.workers.all_of_agent(agent_id) if transcodes else []
            worker_id = beside_it[0].worker_id if beside_it else None
            moved = self.jobs.move(
                job_id,
                UNSTARTED,
                status=JobStatus.ASSIGNED,
                assigned_agent_id=agent_id,
                assigned_worker=worker_id,
                assigned_at=self.clock.now(),
                preset=job.preset
                or (self.settings.default_transcode_preset if transcodes else None),
            )
            if moved is None:
                job = self.get(job_id)
                raise Conflict(f"The job is {job.status}: only one that has not begun is assigned.")
            self.reports.settle(moved)
            if job.assigned_worker_id not in (None, worker_id):
                self.workers.refresh_work(job.assigned_worker_id)
        log.info("Job assigned", extra={"job_id": job_id, "agent_id": agent_id})

    def approve(
        self, job_id: str, worker_id: str, preset: str, output_name: str | None = None
    ) -> Approval:
        """Give a job that awaits approval to a worker's agent, or to a worker without one.

        Raises JobNotFound, WorkerNotFound, and Refused when the job does not await approval.
        """
        with self.database.write():
            job = self.get(job_id)
            worker = self.worker_manager.get(worker_id)
            holder = worker.agent_id or worker.worker_id
            moved = self.jobs.move(
                job_id,
                {JobStatus.PENDING},
                Job.requires_approval,
                status=JobStatus.ASSIGNED,
                assigned_agent_id=holder,
                assigned_worker=worker_id,
                assigned_at=self.clock.now(),
                preset=preset,
                output_name=output_name or job.output_name,
            )
            if moved is None:
                job = self.get(job_id)
                state = f"is {job.status}" if job.requires_approval else "needs no approval"
                raise Refused(
                    f"The job {state}: only a pending job that requires approval can be approved."
                )
            self.reports.settle(moved)
        log.info("Job approved", extra={"job_id": job_id, "worker_id": worker_id})
        return Approval(job_id, worker_id, holder, preset)

    def cancel(self, job_id: str) -> None:
        """End a job that is not over yet. Raises JobNotFound, and Refused when it is."""
        with self.database.write():
            moved = self.reports.cancel(job_id, self.clock.now())
            if moved is None:
                raise Refused(f"The job is {self.get(job_id).status} already: nothing to cancel.")
        log.info("Job cancelled", extra={"job_id": job_id})

    def drop_thumbnails(self, job_id: str) -> None:
        """Note that a job's thumbnails are gone; nothing happens when there is no such job."""
        with self.database.write():
            self.jobs.drop_thumbnails(job_id)

    def _require_disc_at(self, job: Job, agent_id: str) -> None:
        """A disc can be ripped only where it lies."""
        if job.job_type != JobType.RIP or job.disc_id is None:
            return
        disc = self.discs.get(job.disc_id)
        if disc is not None and disc.agent_id != agent_id:
            raise Refused(f"The disc lies in a drive of agent {disc.agent_id!r}: choose that one.")


def _without_extension(filename: str | None) -> str | None:
    """Agents add the extension of what they produce."""
    return filename.removesuffix(".mkv") if filename else None
